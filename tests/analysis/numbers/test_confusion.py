"""Which classes are taken for which: sums in plain pandas, intervals by hand, and tables without such rows."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import class_scores
from analysis.figures import confusion as confusion_figures
from analysis.numbers import confusion, stats, table
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import COLUMNS
from analysis.report import study_report
from tests.analysis import synthetic

SMALL = {"regimes": ("scratch", "fine_tune"), "fractions": (0.1, 1.0), "searched": 2, "repeated": 3, "epochs": 1}


@pytest.fixture(scope="module")
def small():
    return synthetic.study(**SMALL)


@pytest.fixture(scope="module")
def counted(small):
    return synthetic.with_counts(small)


@pytest.fixture(scope="module")
def counted_table(counted):
    return StudyTable(counted)


def best(df, share):
    cells = StudyTable(df).cells
    return cells[cells["label_fraction"] == share].nlargest(1, "test_mean").iloc[0]


def test_the_matrix_sums_the_replicates_of_the_highest_cell(small, counted, counted_table):
    matrix = confusion.matrix(counted_table)
    assert matrix["panel"].nunique() == 2
    for share in (0.1, 1.0):
        cell = best(small, share)
        rows = counted[(counted["cell"] == cell["cell"]) & (counted["metric"] == "count")]
        want = rows.groupby(["truth", "answer"])["score"].sum()
        mine = matrix[matrix["cell"] == cell["cell"]].set_index(["truth", "answer"])
        assert mine["images"].to_dict() == want.to_dict()
        assert mine["panel"].unique().tolist() == [f"{100 * share:g} % of the labels · {cell['regime']}"]
        assert mine.groupby("truth")["share"].sum().tolist() == pytest.approx([1] * 5)
        assert set(mine["n"]) == {3}


def test_recall_and_precision_are_shares_of_rows_and_columns(small, counted, counted_table):
    cell = best(small, 1.0)["cell"]
    rows = counted[(counted["cell"] == cell) & (counted["metric"] == "count")]
    table_of = rows.pivot_table(index="truth", columns="answer", values="score", aggfunc="sum", fill_value=0)
    scores = confusion.scores(counted_table)
    mine = scores[scores["cell"] == cell].set_index("truth")
    for name in table_of.index:
        assert mine.loc[name, "recall"] == pytest.approx(table_of.loc[name, name] / table_of.loc[name].sum())
        assert mine.loc[name, "precision"] == pytest.approx(table_of.loc[name, name] / table_of[name].sum())
    assert mine["recall"].is_monotonic_increasing
    assert mine["rank"].tolist() == [0, 1, 2, 3, 4]
    assert mine.index[0] == "class 1"
    assert (mine["recall_low"] < mine["recall"]).all()
    assert set(mine["images"]) == {20}


def test_images_count_once_however_many_replicates_answer_them():
    assert confusion.share(45, 60, 3) == pytest.approx((0.75, *stats.share(15, 20)[1:3], 20))
    one, between, other = (confusion.share(hits, 60, 3) for hits in (45, 46, 48))
    assert one.low < between.low < other.low
    assert between.low < between.mean < between.high
    for hits in range(61):
        share = confusion.share(hits, 60, 3)
        assert 0 <= share.low <= share.mean <= share.high <= 1
    assert np.isnan(confusion.share(0, 0, 3).mean)
    assert confusion.share(1, 1, 3).mean == 1.0


def test_numbers_in_names_go_by_size():
    counts = pd.DataFrame({"truth": ["class 10", "class 2"], "answer": ["class 2", "class 1"]})
    assert confusion.classes(counts) == ["class 1", "class 2", "class 10"]
    assert confusion.classes(pd.DataFrame({"truth": ["7", "stop"], "answer": ["yield 2", "10"]})) == [
        *("7", "10", "stop", "yield 2")
    ]


@pytest.mark.parametrize("rows", ["without columns", "without rows", "empty", "without replicates"])
def test_without_such_rows_there_is_nothing_to_draw(small, counted, rows):
    df = StudyTable(
        {
            "without columns": small,
            "without rows": counted[counted["metric"] != "count"],
            "empty": counted.iloc[:0],
            "without replicates": counted[counted["role"] == "search"],
        }[rows]
    )
    assert confusion.counts(df).empty
    assert confusion.matrix(df).empty
    assert confusion.scores(df).empty
    assert confusion_figures.data(df).empty


def test_a_class_that_is_never_answered_has_no_precision(counted):
    scores = confusion.scores(StudyTable(counted[~(counted["answer"] == "class 5").fillna(False)]))
    mine = scores[scores["truth"] == "class 5"]
    assert (mine["recall"] == 0).all()
    assert mine[["precision", "precision_low"]].isna().all(axis=None)


def test_only_the_last_epoch_and_the_task_itself_count(counted, counted_table):
    rows = counted[table.counts(counted)]
    early, other = rows.assign(epoch=0), rows.assign(task="animals")
    more = StudyTable(pd.concat([early, other, counted], ignore_index=True).astype(counted.dtypes.to_dict()))
    assert confusion.matrix(more).equals(confusion.matrix(counted_table))


def test_the_map_has_a_field_per_pair_and_its_number(counted_table):
    data = confusion_figures.data(counted_table)
    panel = data[data["panel"] == data["panel"].iloc[0]]
    ax = Figure().subplots()
    confusion_figures.plot(panel, ax)
    assert len(ax.patches) == len(panel)
    assert len(ax.texts) == (panel["share"] >= 0.005).sum()
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"class {n}" for n in range(1, 6)]
    assert "class 1 taken for class 2 (" in confusion_figures.caption(data)
    assert "Wilson" in confusion_figures.alt(data)


def test_many_classes_are_thinned_or_left_out(small):
    data, ax = confusion_figures.data(StudyTable(synthetic.with_counts(small, 50, 5))), Figure().subplots(1, 2)[0]
    confusion_figures.plot(data[data["panel"] == data["panel"].iloc[0]], ax)
    assert len(ax.get_yticks()) == 25
    assert len(ax.texts) == 0
    assert confusion_figures.data(StudyTable(synthetic.with_counts(small, 51, 2))).empty
    assert len(confusion.scores(StudyTable(synthetic.with_counts(small, 51, 2)))) == 102


def test_perfect_answers_are_reported(counted):
    right = counted["answer"].isna() | (counted["truth"] == counted["answer"])
    assert "No image is confused." in confusion_figures.caption(confusion_figures.data(StudyTable(counted[right])))


def test_the_lowest_classes_are_named_in_the_picture(counted_table):
    data, ax = confusion.scores(counted_table), Figure().subplots()
    panel = data[data["panel"] == data["panel"].iloc[0]]
    class_scores.plot(panel, ax)
    (box,) = ax.texts
    first = panel.iloc[0]
    assert f"from left:\nclass 1 {100 * first['recall']:.0f}" in box.get_text()
    low = f"class 1 {100 * first['recall']:.2f} [{100 * first['recall_low']:.2f}, "
    assert low in class_scores.caption(data)
    assert low in class_scores.alt(data)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.slow
def test_counts_disturb_nothing_else(small, counted, tmp_path):
    assert StudyTable(counted).pretraining.empty
    assert StudyTable(counted).trial_rows[list(COLUMNS)].reset_index(drop=True).equals(small)
    assert not table.earlier(counted.assign(trained_on="animals"))[table.counts(counted)].any()
    for name, df in (("with", counted), ("without", small)):
        study_report.write(StudyTable(df), tmp_path / name)
    files = {path.name: path.read_bytes() for path in (tmp_path / "without").glob("*/*.csv")}
    assert all((tmp_path / "with" / "tables" / name).read_bytes() == content for name, content in files.items())
    drawn = {path.name for path in (tmp_path / "with" / "figures").iterdir()}
    assert {"confusion.png", "classes.svg"} <= drawn
    assert "Which classes are taken for which" in (tmp_path / "with" / "report.html").read_text()
    assert not (tmp_path / "without" / "figures" / "confusion.png").exists()
