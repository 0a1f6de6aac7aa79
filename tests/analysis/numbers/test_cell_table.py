"""The cells as short texts."""

import pytest

from analysis.numbers import cell_table
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


def test_the_cell_table_fits_a_terminal(made_table):
    lines = cell_table.cell_table(made_table).to_string(index=False).splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) <= 120


def test_the_cell_table_says_what_the_numbers_say(made_table):
    row, cell = cell_table.cell_table(made_table).iloc[0], made_table.cells.iloc[0]
    assert (row["regime"], row["labels"], row["winner"]) == ("scratch", "10 %", cell["winner"].split("-")[1])
    wanted = [f"{100 * cell[name]:.2f}" for name in ("test_mean", "test_low", "test_high")]
    assert row["test [95 %]"] == f"{wanted[0]} [{wanted[1]}, {wanted[2]}]"
    assert row["c/p/f"] == f"{cell['complete']}/{cell['pruned']}/{cell['failed']}"


def test_a_cell_that_was_not_run_has_dashes():
    texts = cell_table.cell_table(StudyTable(synthetic.models(epochs=2))).set_index(["model", "version"])
    never = texts.loc[("nasnet", "corrected")]
    assert never["c/p/f"] == "not run"
    assert set(never.drop("c/p/f")) == {"–"}
    assert texts.loc[("cnn", "published"), ["winner", "c/p/f", "n", "published"]].tolist() == [
        "–",
        "5/0/0",
        "5",
        "88.00",
    ]


@pytest.fixture(scope="module")
def versions():
    """Cells as published that are validated on the test split, the others on groups."""
    return synthetic.on_test(synthetic.models(epochs=2, alarms=False))


@pytest.fixture(scope="module")
def versions_table(versions):
    return StudyTable(versions)


def test_validation_on_the_test_split_is_marked(versions_table):
    texts, cells = cell_table.cell_table(versions_table), versions_table.cells
    published = (cells["version"] == "published").to_numpy() & (cells["not_run"] == 0).to_numpy()
    for name in ("val", "repl. val"):
        assert set(texts.loc[published, name]) == {"= test"}
        assert not texts.loc[~published, name].str.contains("test").any()
    assert cells["val_is_test"].tolist() == published.tolist()
    assert cells.loc[published, "val"].notna().all()
    assert cell_table.marks(texts) == [cell_table.MARKS["= test"] + "."]


def test_replicates_that_all_predict_one_class_are_marked(versions):
    cell = versions["cell"] == "model=cnn, version=published"
    alarms = versions["alarms"].mask(cell & (versions["epoch"] == 2), "constant_class: all 40 are class 1")
    score = versions["score"].mask(cell & (versions["split"] == "test"), 0.0233)
    texts = cell_table.cell_table(StudyTable(versions.assign(alarms=alarms, score=score)))
    assert [text for text in texts["test [95 %]"] if "class" in text] == ["2.33 [2.33, 2.33] (one class)"]
    assert cell_table.marks(texts)[1].startswith("(one class): at its end every replicate predicts one class")


def test_marks_are_explained_where_they_occur(made, made_table):
    assert (
        cell_table.marks(cell_table.cell_table(made_table))
        == cell_table.marks(cell_table.cell_table(StudyTable(made.iloc[:0])))
        == []
    )
    assert not any(meaning in cell_table.note(made_table) for meaning in cell_table.MARKS.values())
