"""Several studies on one page: what it shows side by side, what it does not compare, and what is refused."""

import errno
import html
import os
import re

import pandas as pd
import pytest

from analysis import __main__ as command
from analysis.answers import questions
from analysis.figures import draw
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import earlier
from analysis.report import side_by_side
from tests.analysis import synthetic, synthetic_chains
from tests.analysis.conftest import without_ink

pytestmark = pytest.mark.slow
SMALL = {"fractions": (1.0,), "searched": 2, "repeated": 3, "epochs": 2}
REAL = "GTSRB official"


def studies(*tables: pd.DataFrame) -> list[side_by_side.Study]:
    return [side_by_side.Study(name, None, StudyTable(df)) for name, df in zip("abc", tables, strict=False)]


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    monkeypatch.setattr(draw, "DPI", 40)


@pytest.fixture(scope="module")
def one():
    return synthetic.study(("partial_freeze", "fine_tune"), **SMALL)


@pytest.fixture(scope="module")
def one_table(one):
    return StudyTable(one)


@pytest.fixture(scope="module")
def other():
    return synthetic.study(("scratch",), **SMALL, seed=1)


@pytest.fixture(scope="module")
def other_table(other):
    return StudyTable(other)


@pytest.fixture(scope="module")
def written(one, other, tmp_path_factory):
    """The page of two studies of the stand-in and one of real images that is still running."""
    results = tmp_path_factory.mktemp("results")
    running = other[other["role"] == "search"].assign(state="running", data=REAL)
    folders = [synthetic.write(df, results / name) for name, df in (("a b", one), ("c", other), ("real", running))]
    with without_ink():
        assert command.main([str(folder) for folder in folders]) == 0
    return results / "beside"


def test_all_cells_of_all_studies_are_there(one, one_table, other, other_table):
    texts = side_by_side.text(studies(one, other))
    assert list(texts.columns[:4]) == ["study", "task", "cell", "metric"]
    assert texts["study"].tolist() == ["a", "a", "b"]
    cells = side_by_side.numbers(studies(one, other))
    means = [*one_table.cells["test_mean"], *other_table.cells["test_mean"]]
    assert cells["test_mean"].tolist() == means
    assert texts["test [95 %]"].str.split(" ").str[0].tolist() == [f"{100 * mean:.2f}" for mean in means]


def test_scores_of_one_data_set_share_a_panel(one, other):
    scores = side_by_side.data(studies(one, other))
    assert scores["panel"].nunique() == 1
    bars = ["a · partial_freeze", "a · fine_tune", "b · scratch"]
    assert scores["bar"].tolist() == [f"{bar} · 100 % labels" for bar in bars]


@pytest.mark.parametrize("change", [{"data": REAL}, {"task": "other", "trained_on": "other"}, {"metric": "mAP"}])
def test_scores_that_may_not_be_compared_have_a_picture_each(one, other, change):
    scores = side_by_side.data(studies(one, other.assign(**change)))
    assert scores["panel"].nunique() == 2
    assert len(side_by_side._pictures(scores)) == 2


def test_the_page_has_links_sources_answers_and_pictures(written, one_table):
    raw = (written / "report.html").read_text()
    text = " ".join(html.unescape(re.sub("<.*?>", "", raw)).split())
    assert 'href="../a%20b/report.html"' in raw
    assert (written.parent / "a b" / "report.html").exists()
    assert "These studies have different data: they are shown side by side" in text
    assert "STAND-IN DATA in c:" in text
    assert f"Data source of real: {REAL}" in text
    assert "PARTIAL. 2 trials of real still running" in text
    for question in questions.answers(one_table):
        assert text.count(question.text) >= 1
        assert all(answer.claim in text for answer in question.answers[: side_by_side.CLAIMS])
    assert re.search(r"At 100 % of the labels \w+ (wins|leads|has the highest mean)", text)
    assert "1 of 1 cell has no test score yet" in text
    assert raw.count("<img ") == 1 == len(re.findall(r'alt="[^"]{60,}"', raw))
    assert {path.name for path in written.glob("*/*")} == {
        *("cells.csv", "figure-test-scores.csv"),
        *("test-scores-1.png", "test-scores-1.svg"),
    }
    assert pd.read_csv(written / "tables" / "cells.csv")["study"].tolist() == ["a b", "a b", "c", "real"]


def test_studies_of_one_name_are_named_by_their_paths(one, tmp_path):
    folders = {tmp_path / "x" / "gtsrb": one, tmp_path / "y" / "gtsrb": one}
    assert [study.name for study in side_by_side.studies(folders)] == [str(folder) for folder in folders]


def test_without_scores_nothing_is_drawn(one, tmp_path):
    frames = {"a": one.iloc[:0], "b": one[one["role"] == "search"]}
    tables = {tmp_path / name: StudyTable(frame) for name, frame in frames.items()}
    page = side_by_side.write(tables, tmp_path / "out")[0].read_text()
    assert f"Not drawn: {side_by_side.NO_SCORE}." in page
    assert "The table of a has no trial yet." in page
    assert page.count("Nothing can be answered yet.") == 1


def test_further_claims_are_counted(monkeypatch):
    table = StudyTable(synthetic.study(("partial_freeze", "fine_tune"), **SMALL | {"fractions": (0.1, 1.0)}))
    monkeypatch.setattr(side_by_side, "CLAIMS", 1)
    first, *_ = questions.answers(table)
    part = side_by_side._study_part(side_by_side.Study("a", command.Path("a"), table), command.Path())
    brief = {"text": first.text, "claims": [first.answers[0].claim], "more": len(first.answers) - 1}
    assert part["questions"][0] == brief
    assert brief["more"] == 1


def test_forgetting_is_left_to_each_studys_own_report(one):
    chain = synthetic_chains.with_earlier(one)
    (study,) = side_by_side.studies({command.Path("a"): StudyTable(chain)})
    pd.testing.assert_frame_equal(study.table.trial_rows, chain[~earlier(chain)])


@pytest.mark.parametrize(
    ("second", "code", "message"), [("a", 2, "is given twice"), ("none", 2, "no table.parquet in")]
)
def test_a_wrong_folder_is_refused_before_anything_is_written(one, tmp_path, capsys, second, code, message):
    synthetic.write(one, tmp_path / "a")
    assert command.main([str(tmp_path / "a"), str(tmp_path / second)]) == code
    output = capsys.readouterr()
    assert (output.err.count("\n"), output.out) == (1, "")
    assert message in output.err
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["table.parquet"]


def test_a_folder_that_cannot_be_written_is_named(one, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("analysis.report.study_report.write", lambda df, folder: [folder / "report.html"])
    folders = [str(synthetic.write(one, tmp_path / name)) for name in "ab"]
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "report.html")
    monkeypatch.setattr("analysis.report.side_by_side.write", lambda tables, folder: (_ for _ in ()).throw(full))
    assert command.main([*folders, "--out", str(tmp_path / "there")]) == 5
    assert "cannot write into" in capsys.readouterr().err


def test_out_is_the_folder_of_one_report(one, tmp_path, monkeypatch):
    folders = []
    monkeypatch.setattr(
        "analysis.report.study_report.write", lambda df, folder: folders.append(folder) or [folder / "report.html"]
    )
    assert command.main([str(synthetic.write(one, tmp_path / "a")), "--out", str(tmp_path / "out")]) == 0
    assert folders == [tmp_path / "out"]
