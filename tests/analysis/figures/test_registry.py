"""Every figure is in the registry, and its words have its n and its interval."""

import importlib
import pkgutil

import pytest

from analysis import figures
from analysis.figures import draw, registry, rungs
from analysis.numbers.study_table import StudyTable
from tests.analysis import synthetic

WITHOUT = ("mean-curves-steps",)
"""Figures that a study lacks if all its epochs have equally many steps."""


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: these tests look at no dot."""
    monkeypatch.setattr(draw, "DPI", 40)


def test_every_module_with_numbers_and_ink_is_in_the_registry():
    names = [f"analysis.figures.{module.name}" for module in pkgutil.iter_modules(figures.__path__)]
    modules = [importlib.import_module(name) for name in names]
    drawing = {module.__name__ for module in modules if hasattr(module, "data") and hasattr(module, "plot")}
    assert len(drawing) >= 19
    assert {getattr(kind.plot, "func", kind.plot).__module__ for kind in registry.ALL} == drawing


def test_a_figure_is_named_once():
    assert len({kind.stem for kind in registry.ALL}) == len({kind.title for kind in registry.ALL}) == len(registry.ALL)


def test_a_figure_has_the_functions_of_its_module():
    kind = registry.figure("x", "X", rungs, empty="nothing")
    assert kind[2:6] == (rungs.data, rungs.plot, rungs.caption, rungs.alt)
    assert (kind.height, kind.shared_x, kind.notes(None)) == (rungs.height, False, [])


def test_a_module_that_lacks_a_function_is_no_figure():
    with pytest.raises(TypeError, match="caption"):
        registry.figure("x", "X", registry, empty="nothing", data=rungs.data, plot=rungs.plot, alt=rungs.alt)


@pytest.fixture(scope="module")
def few():
    """Few cells, but as many trials in each as all figures need."""
    return StudyTable(synthetic.study(("partial_freeze", "fine_tune"), (0.1, 1.0), searched=8, repeated=2, epochs=3))


@pytest.mark.parametrize("kind", draw.KINDS, ids=lambda kind: kind.stem)
def test_every_picture_has_words_with_n_and_the_interval(few, kind):
    pictures = list(draw.pictures(kind, kind.data(few), synthetic.SOURCE))
    assert pictures or kind.stem in WITHOUT
    for picture in pictures:
        assert "n = " in picture.caption
        assert "95 % " in picture.caption or "no interval" in picture.caption
        assert len(picture.alt) > 60
        assert picture.png.startswith(b"\x89PNG")
