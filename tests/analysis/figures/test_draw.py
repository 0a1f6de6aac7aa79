"""Figures as pictures: by their names, and on as many pages as they need."""

import pytest

from analysis.figures import draw, pages
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: these tests look at no dot."""
    monkeypatch.setattr(draw, "DPI", 40)


def test_many_cells_are_drawn_on_several_pages(monkeypatch):
    monkeypatch.setattr(draw, "_draw", lambda *_: (b"", b""))
    df = StudyTable(synthetic.study(fractions=(0.1, 0.2, 0.4, 0.6, 1.0), searched=2, repeated=0, epochs=2))
    kind = next(kind for kind in draw.KINDS if kind.stem == "learning-rate")
    assert [picture.stem for picture in draw.pictures(kind, kind.data(df), "")] == [
        "learning-rate-1",
        "learning-rate-2",
    ]


@pytest.mark.slow
def test_a_figure_is_drawn_by_its_name(made, made_table):
    (picture,) = pages.figure(made_table, "label-fraction")
    assert picture.stem == "label-fraction"
    assert picture._repr_png_() == picture.png
    assert picture.png.startswith(b"\x89PNG")
    assert pages.figure(StudyTable(made.iloc[:0]), "label-fraction") == ()
    with pytest.raises(ValueError, match="unknown figure 'labels'; one of label-fraction, "):
        pages.figure(made_table, "labels")
