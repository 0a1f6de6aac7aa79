"""Spaces: the grid, what is read where, and every mistake named in one line."""

import re
from dataclasses import replace

import pytest

from study import space
from study.config import UserError
from study.space import Space, integers, log_uniform, select, uniform
from tests.toys import SPACE


def test_cells_are_the_grid_in_reading_order():
    names = [cell.name for cell in SPACE.cells()]
    assert len(names) == 6
    assert names[:2] == ["regime=scratch, label_fraction=0.1", "regime=scratch, label_fraction=1.0"]


def test_a_tuned_hyperparameter_is_sampled_only_where_it_is_read():
    for cell in SPACE.cells():
        assert ("freeze_depth" in cell.tuned) == ("freeze_depth" in cell.baseline) == ("partial" in cell.name)


def test_a_compared_value_is_combined_only_where_it_applies():
    grid = {"family": ("small_cnn", "resnet18"), "regime": ("scratch", "fine_tune")}
    cells = Space("toy", grid, only={"family=small_cnn": {"regime": "scratch"}}).cells()
    assert [cell.name for cell in cells] == [
        "family=small_cnn, regime=scratch",
        "family=resnet18, regime=scratch",
        "family=resnet18, regime=fine_tune",
    ]


def test_select_keeps_alternatives_of_one_key_and_needs_all_keys():
    wanted = ["regime=scratch", "regime=fine_tune", "label_fraction=0.1"]
    names = [cell.name for cell in select(SPACE.cells(), wanted)]
    assert names == ["regime=scratch, label_fraction=0.1", "regime=fine_tune, label_fraction=0.1"]


def test_every_listed_space_loads_at_both_scales_and_is_short():
    for name, line in space.known().items():
        loaded = space.load(name)
        assert line.endswith((".", "?", "!")), f"{name}: its docstring's first line says the question"
        assert len(loaded.scaled("demo").cells()) <= len(loaded.cells())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"tuned": {"learning_rate": log_uniform(1, 2)}},
            "unknown hyperparameter 'learning_rate'; one of task, family",
        ),
        ({"fixed": {"lr": 0.1}}, "'lr' is both tuned and fixed"),
        ({"baseline": {"lr": 1e-3}}, "baseline lacks the tuned 'freeze_depth'"),
        ({"baseline": {"lr": 7.0, "freeze_depth": 2}}, "baseline lr=7.0 lies outside"),
        ({"baseline": {"lr": 1e-3, "freeze_depth": 1.5}}, "baseline freeze_depth=1.5 lies outside"),
        ({"tuned": {"label_fraction": uniform(0.1, 1)}, "compared": {"regime": ("scratch",)}}, "cannot be tuned"),
        ({"compared": {"regime": ()}}, "compared 'regime' needs values that differ"),
        ({"compared": {"regime": ("scratch", "scratch")}}, "compared 'regime' needs values that differ"),
        ({"compared": {"label_fraction": (0.0, 1.0)}, "only": {}}, "label_fraction 0.0 must be in (0, 1]"),
        ({"compared": {"label_fraction": (1.1,)}, "only": {}}, "label_fraction 1.1 must be in (0, 1]"),
        ({"only": {"lrr": {"regime": "scratch"}}}, "only: 'lrr' is neither tuned nor a compared key=value"),
        ({"only": {"lr": {"family": "resnet18"}}}, "depends on 'family', which is not compared"),
        ({"trials": 0}, "trials is 0; it must be at least 1"),
        ({"epochs": -1}, "epochs is -1; it must be at least 1"),
        ({"replicates": -1}, "replicates is -1; it must be at least 0"),
        ({"reduction_factor": 1}, "reduction_factor is 1; it must be at least 2"),
    ],
)
def test_a_mistake_in_a_space_is_named(change, message):
    with pytest.raises(UserError, match=re.escape(message)):
        replace(SPACE, **change)


@pytest.mark.parametrize(("low", "high"), [(1e-1, 1e-4), (0.0, 1.0), (-1.0, 1.0), (1.0, 1.0)])
def test_bounds_that_are_reversed_or_not_positive_are_refused(low, high):
    with pytest.raises(UserError, match="range"):
        log_uniform(low, high)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("regimes=scratch", "'regimes' is not compared here; one of label_fraction, regime"),
        ("regime=lpft", "regime has no value 'lpft'; one of fine_tune, partial_freeze, scratch"),
        ("regime", "regime has no value ''"),
    ],
)
def test_select_names_the_choices(wanted, message):
    with pytest.raises(UserError, match=re.escape(message)):
        select(SPACE.cells(), [wanted])


@pytest.mark.parametrize("name", ["nope", "../../x", "os.system", ""])
def test_an_unknown_space_names_the_choices(name):
    with pytest.raises(UserError, match=r"unknown space .*gtsrb"):
        space.load(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SPACE = 1", "has no SPACE"),
        ("", "has no SPACE"),
        ("1 / 0", "fails: ZeroDivisionError"),
        ("import nowhere_to_be_found", "fails: ModuleNotFoundError"),
    ],
)
def test_a_space_file_that_is_none_says_why(tmp_path, text, message):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        space.load(str(path))


def test_a_space_file_that_does_not_exist_is_named():
    with pytest.raises(UserError, match="does not exist"):
        space.load("nowhere.py")


def test_a_space_is_loaded_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from study.space import Space\nSPACE = Space('gtsrb', {'regime': ('scratch',)})")
    assert [cell.name for cell in space.load(str(path)).cells()] == ["regime=scratch"]


def test_integers_contain_no_fractions():
    assert 2 in integers(1, 4)
    assert 2.0 not in integers(1, 4)
    assert 5 not in integers(1, 4)
