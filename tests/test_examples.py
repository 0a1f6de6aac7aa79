"""The examples in docstrings of what users call: they run, and give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from analysis.figures import draw

MODULES = (
    "study",
    "study.run",
    "study.models.families",
    "analysis",
    "analysis.numbers.study_table",
    "analysis.shell.command",
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
    monkeypatch.setattr(draw, "DPI", 30)
    failed, tried = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert tried > 0
    assert failed == 0
