"""`analysis.load`, `figure` and `report`, as in a notebook."""

import pytest

import analysis
from analysis.figures import draw
from analysis.numbers import columns
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic

SMALL = {"regimes": ("partial_freeze",), "fractions": (0.1, 1.0), "searched": 3, "repeated": 2, "epochs": 2}


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    monkeypatch.setattr(draw, "DPI", 30)


@pytest.mark.slow
def test_a_table_is_drawn_and_reported(tmp_path):
    synthetic.study(**SMALL).to_parquet(tmp_path / "table.parquet")
    table = analysis.load(tmp_path)
    pages = analysis.figure(table, "label-fraction")
    assert [page.stem for page in pages] == ["label-fraction"]
    assert pages._repr_html_().count('<img src="data:image/png;base64,') == 1
    assert repr(pages) == "1 page: Scores"
    report = analysis.report(table, tmp_path / "out")
    assert report == tmp_path / "out" / "report.html"
    assert (tmp_path / "out" / "figures" / "label-fraction.svg").exists()


def test_the_figures_that_there_are_are_those_of_the_report():
    names = analysis.figures_of(synthetic.study(**SMALL))
    assert {"label-fraction", "learning-curves", "learning-rate"} <= {*names}
    assert not {"forgetting", "versions", "pretext"} & {*names}
    assert {"versions", "label-fraction"} <= {*analysis.figures_of(synthetic.models())}
    assert {"pretext", "pretext-and-transfer"} <= {*analysis.figures_of(synthetic.pretrained())}


def test_a_table_and_its_frame_are_drawn_alike(small):
    names = analysis.figures_of(small)
    assert analysis.figures_of(StudyTable(small)) == names
    assert analysis.figure(StudyTable(small), names[0]) == analysis.figure(small, names[0])


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(columns.NoTableError, match=r"no table\.parquet"):
        analysis.load(tmp_path)
    table = StudyTable(synthetic.study(epochs=2))
    with pytest.raises(ValueError, match="unknown figure 'scores'; one of label-fraction"):
        analysis.figure(table, "scores")
    nothing = analysis.figure(table, "versions")
    assert (len(nothing), repr(nothing), nothing._repr_html_()) == (0, "nothing to draw", "nothing to draw")
