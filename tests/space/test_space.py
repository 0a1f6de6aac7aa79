"""Spaces: the grid, what is read where, and every mistake named in one line."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

import search_spaces
from study.cli import catalogue
from study.errors import UserError
from study.space import Space, choice, integers, log_uniform, uniform
from study.space.space import select
from tests.support.toys import SPACE


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
    for name, line in catalogue.known().items():
        loaded = catalogue.load(name)
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
        ({"baseline": {"lr": 1e-3, "freeze_depth": 1.5}}, "baseline freeze_depth 1.5 (float) must be an int or None"),
        ({"baseline": {"lr": 1e-3, "freeze_depth": 5}}, "baseline freeze_depth=5 lies outside"),
        ({"tuned": {"label_fraction": uniform(0.1, 1)}, "compared": {"regime": ("scratch",)}}, "cannot be tuned"),
        ({"compared": {"regime": ()}}, "compared 'regime' needs values that differ"),
        ({"compared": {"regime": ("scratch", "scratch")}}, "compared 'regime' needs values that differ"),
        ({"compared": {"label_fraction": (0.0, 1.0)}, "only": {}}, "label_fraction 0.0 must be in (0, 1]"),
        ({"compared": {"label_fraction": (1.1,)}, "only": {}}, "label_fraction 1.1 must be in (0, 1]"),
        ({"only": {"lrr": {"regime": "scratch"}}}, "only: 'lrr' is neither tuned nor a compared key=value"),
        ({"only": {"lr": {"family": "resnet18"}}}, "depends on 'family', which is not compared"),
        ({"fixed": {"task": "other"}}, "'task' is a field of its own"),
        ({"trials": 0}, "trials is 0; it must be at least 1"),
        ({"epochs": -1}, "epochs is -1; it must be at least 1"),
        ({"replicates": -1}, "replicates is -1; it must be at least 0"),
        ({"reduction_factor": 1}, "reduction_factor is 1; it must be at least 2"),
    ],
)
def test_a_mistake_in_a_space_is_named(change, message):
    with pytest.raises(UserError, match=re.escape(message)):
        replace(SPACE, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": 3}, "task 3 must be the name of a task, or a tuple of several"),
        ({"fixed": {"image_size": "32"}}, "image_size '32' (str) must be an int"),
        ({"fixed": {"weight_decay": None}}, "weight_decay None (NoneType) must be a finite float or int"),
        ({"fixed": [("lr", 1)]}, "fixed [('lr', 1)] must be a dict"),
        ({"compared": {"regime": "scratch"}}, "compared 'regime' needs a tuple of values, got 'scratch'"),
        ({"compared": {"regime": (["scratch"],)}}, "regime ['scratch'] (list) must be a str"),
        ({"compared": {"label_fraction": (True,)}, "only": {}}, "label_fraction True (bool) must be a finite float"),
        ({"compared": {"label_fraction": np.array([0.1])}}, "needs a tuple of values, got array([0.1])"),
        ({"compared": {"label_fraction": tuple(np.array([0.1]))}}, "label_fraction np.float64(0.1) (float64) must be"),
        ({"tuned": {"lr": (1e-3, 1e-2)}}, "tuned lr (0.001, 0.01) is no distribution; one of uniform"),
        ({"tuned": {"batch_size": uniform(8, 64)}}, "tuned batch_size is an int: write integers(8, 64)"),
        ({"tuned": {"optimizer": integers(1, 2)}}, "tuned optimizer is a str: it cannot have a range"),
        ({"tuned": {"optimizer": choice("sgd", None)}}, "tuned optimizer None (NoneType) must be a str"),
        ({"baseline": {"lr": "1e-3", "freeze_depth": 2}}, "baseline lr '1e-3' (str) must be a finite float or int"),
        ({"published": {"regime=scratch, label_fraction=0.1": ".9"}}, "label_fraction=0.1': '.9' (str) must be"),
        ({"trials": 2.5}, "trials 2.5 (float) must be an int"),
        ({"epochs": "4"}, "epochs '4' (str) must be an int"),
        ({"replicates": True}, "replicates True (bool) must be an int"),
        ({"grace_period": None}, "grace_period None (NoneType) must be an int"),
        ({"reduction_factor": 2.0}, "reduction_factor 2.0 (float) must be an int"),
        ({"demo": {"trials": "4"}}, "demo: trials '4' (str) must be an int"),
        ({"demo": {"trails": 4}}, "demo: 'trails' is no part of a space that a scale changes; one of compared"),
        ({"demo": {"fixed": 3}}, "demo: fixed 3 must be a dict"),
        ({"demo": {"compared": {"regime": 3}}}, "demo: compared 'regime' needs a tuple of values, got 3"),
        ({"demo": {"published": {"regime=lpft": 0.9}}}, "demo: published: there is no cell 'regime=lpft'; one of"),
    ],
)
def test_a_value_of_another_type_is_named(change, message):
    with pytest.raises(UserError, match=re.escape(message)):
        replace(SPACE, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"published": {"label_fraction=9": 0.9}}, "published: there is no cell 'label_fraction=9'; one of regime="),
        ({"only": {"regime=nope": {"label_fraction": 0.1}}}, "'regime=nope' is not in the grid; one of regime=scratch"),
        ({"only": {"lr": {"regime": ("scratch", "nope")}}}, "depends on regime=nope, not in the grid; one of regime="),
        ({"only": {"lr": {"label_fraction": "0.1"}}}, "depends on label_fraction '0.1' (str) must be"),
        ({"only": {"lr": "scratch"}}, "only: 'lr' needs a dict of compared keys, got 'scratch'"),
        (
            {
                "compared": {"regime": ("scratch",), "label_fraction": (0.1, 1.0)},
                "only": {"regime=scratch": {"label_fraction": 0.1}, "label_fraction=0.1": {"regime": ()}},
            },
            "leaves no cell of the grid",
        ),
    ],
)
def test_a_value_that_the_grid_lacks_is_named(change, message):
    with pytest.raises(UserError, match=re.escape(message)):
        replace(SPACE, **change)


def test_a_smaller_grid_drops_other_entries_of_only_and_published():
    changes = {"compared": {"regime": ("scratch", "fine_tune"), "label_fraction": (0.1,)}}
    full = replace(
        SPACE,
        only=dict(SPACE.only) | {"lr": {"regime": ("scratch", "partial_freeze")}, "label_fraction=1.0": {}},
        published={f"regime=scratch, label_fraction={fraction}": fraction for fraction in (0.1, 1.0)},
        demo=changes | {"trials": 2, "published": {"regime=fine_tune, label_fraction=0.1": 0.5}},
    )
    small = full.scaled("demo")
    assert small.only == {"freeze_depth": {"regime": ()}, "lr": {"regime": ("scratch",)}}
    assert [cell.published for cell in small.cells()] == [0.1, 0.5]
    assert [list(cell.tuned) for cell in small.cells()] == [["lr"], []]
    assert (small.trials, small.demo, full.scaled("full")) == (2, {}, full)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: log_uniform("1e-3", "1e-2"), "range bound '1e-3' (str) must be a finite float or int"),
        (lambda: log_uniform(1e-3, float("inf")), "range bound inf (float) must be a finite float or int"),
        (lambda: uniform(float("nan"), 1), "range bound nan (float) must be"),
        (lambda: uniform(False, 1), "range bound False (bool) must be"),
        (lambda: integers(1, 2.5), "range bound 2.5 (float) must be an int"),
        (lambda: choice(), "choice () needs values"),
    ],
)
def test_a_bound_that_is_no_number_is_named(make, message):
    with pytest.raises(UserError, match=re.escape(message)):
        make()


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


def test_select_compares_numbers_as_numbers():
    assert [cell.values["label_fraction"] for cell in select(SPACE.cells(), ["label_fraction=.1"])] == [0.1] * 3
    assert len(select(SPACE.cells(), ["label_fraction=1"])) == 3


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Spaces of which one raises, one exits, one is wrong, and one is whole."""
    space = "from study.space import Space\nSPACE = Space('gtsrb', {'regime': VALUES})"
    (tmp_path / "breaks.py").write_text("1 / 0")
    (tmp_path / "exits.py").write_text("raise SystemExit('bye')")
    (tmp_path / "lacks.py").write_text(space.replace("VALUES", "3"))
    (tmp_path / "whole.py").write_text("'A question?'\n" + space.replace("VALUES", "('scratch',)"))
    monkeypatch.setattr(search_spaces, "__path__", [str(tmp_path)])
    yield
    for name in ("breaks", "exits", "lacks", "whole"):
        sys.modules.pop(f"search_spaces.{name}", None)


@pytest.mark.usefixtures("broken")
def test_a_broken_space_is_listed_and_stops_no_other():
    assert catalogue.known() == {
        "breaks": "cannot be loaded: space 'breaks' fails: ZeroDivisionError: division by zero",
        "exits": "cannot be loaded: space 'exits' fails: SystemExit: bye",
        "lacks": "cannot be loaded: space 'lacks': compared 'regime' needs a tuple of values, got 3",
        "whole": "A question?",
    }
    assert len(catalogue.load("whole").cells()) == 1
    with pytest.raises(UserError, match="space 'exits' fails: SystemExit: bye"):
        catalogue.load("exits")


@pytest.mark.usefixtures("broken")
def test_loading_a_space_imports_no_other(monkeypatch):
    names = []
    monkeypatch.setattr(catalogue.importlib, "import_module", lambda name: names.append(name))
    with pytest.raises(UserError, match="space 'whole' has no SPACE"):
        catalogue.load("whole")
    assert names == ["search_spaces.whole"]


@pytest.mark.parametrize("name", ["nope", "../../x", "os.system", ""])
def test_an_unknown_space_names_the_choices(name):
    with pytest.raises(UserError, match=r"unknown space .*gtsrb"):
        catalogue.load(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SPACE = 1", "has no SPACE"),
        ("", "has no SPACE"),
        ("1 / 0", "fails: ZeroDivisionError"),
        ("import nowhere_to_be_found", "fails: ModuleNotFoundError"),
        ("(", "fails: SyntaxError"),
        ("raise SystemExit(3)", "fails: SystemExit: 3"),
    ],
)
def test_a_broken_space_file_is_refused_with_the_reason(tmp_path, text, message):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        catalogue.load(str(path))


def test_a_space_file_that_does_not_exist_is_named():
    with pytest.raises(UserError, match="does not exist"):
        catalogue.load("nowhere.py")


def test_a_space_is_loaded_from_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from study.space import Space\nSPACE = Space('gtsrb', {'regime': ('scratch',)})")
    assert [cell.name for cell in catalogue.load(str(path)).cells()] == ["regime=scratch"]


def test_integers_contain_no_fractions():
    assert 2 in integers(1, 4)
    assert 2.0 not in integers(1, 4)
    assert 5 not in integers(1, 4)
