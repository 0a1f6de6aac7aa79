"""The table of hyperparameters: each one states its roles, and other rooms and the page agree with them."""

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

import pytest

from study.errors import UserError
from study.models import families
from study.space import config, hyperparameter
from study.space.config import CHOICES, KINDS, NAMES, Config, names
from study.space.hyperparameter import Interval
from study.space.ranges import check_choices, check_ranges
from study.space.reference import table
from study.training import regimes

PAGE = Path(__file__).parents[2] / "docs" / "hyperparameters.md"
ROLES = {
    "tunable": (True, False),
    "reader": get_args(hyperparameter.Reader),
    "memory": get_args(hyperparameter.Memory),
    "pretraining": get_args(hyperparameter.Pretraining),
}
NUMBERS = [field for field in fields(Config) if str not in KINDS[field.name]]


@pytest.mark.parametrize("field", fields(Config), ids=NAMES)
def test_each_hyperparameter_states_every_role(field):
    assert [role for role in ROLES if field.metadata.get(role) not in ROLES[role]] == []
    assert field.metadata["doc"].endswith(".")
    assert "|" not in field.metadata["doc"], "it would end a cell of the page's table"
    assert (field in NUMBERS) == (field.metadata["interval"] is not None), "a number has a range, a text has none"


@pytest.mark.parametrize("role", ROLES)
def test_each_value_of_a_role_is_used_and_hyperparameters_are_in_one_of_them(role):
    lists = {value: names(**{role: value}) for value in ROLES[role]}
    assert [value for value, members in lists.items() if not members] == []
    assert sorted(name for members in lists.values() for name in members) == sorted(NAMES)


def test_a_role_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError, match="tuneable"):
        names(tuneable=True)


def test_a_role_that_is_left_out_is_an_error():
    with pytest.raises(TypeError, match="'memory'"):
        hyperparameter.hyper(0.1, doc="Length.", tunable=True, reader="every trial", pretraining="none")


def test_the_defaults_are_among_the_choices_and_in_the_ranges():
    check_choices(Config())
    check_ranges(Config())


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_a_number_outside_its_range_is_refused_and_its_bounds_are_not(field):
    interval = field.metadata["interval"]
    step = 1 if int in KINDS[field.name] else 1e-6
    low, high = interval.low, interval.high
    inside, outside = ([low + step], [low]) if interval.above else ([low], [low - step])
    if high < float("inf"):
        inside.append(high - step if interval.below else high)
        outside.append(high if interval.below else high + step)
    for value in inside:
        check_ranges(replace(Config(), **{field.name: value}))
    for value in outside:
        with pytest.raises(UserError, match=rf"\b{field.name} \S+ "):
            check_ranges(replace(Config(), **{field.name: value}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"warmup": -0.5}, "warmup -0.5 must be between 0 and 1"),
        ({"dropout": 2}, "dropout 2 must be between 0 and 1"),
        ({"dropout": 1.0}, "dropout 1.0 must be below 1"),
        ({"batch_size": 1}, "batch_size 1 must be at least 2 (BatchNorm)"),
        ({"batch_size": 10**6}, "batch_size 1000000 must be at most 100,000"),
        ({"accumulate": 0}, "accumulate 0 must be at least 1"),
        ({"views": 0}, "views 0 must be at least 1; without it images are augmented anew in each epoch"),
        ({"views": 10**6}, "views 1000000 must be at most 100,000"),
        ({"head_rate": -1}, "head_rate -1 must not be below 0"),
        ({"lr": 0.0}, "lr 0 must be above 0, weight_decay 0.0001 not below"),
        ({"weight_decay": -1.0}, "lr 0.001 must be above 0, weight_decay -1 not below"),
        ({"batchnorm_epsilon": 1.5}, "batchnorm_epsilon 1.5 must be above 0 and at most 1"),
    ],
)
def test_the_error_says_what_the_range_is(values, message):
    with pytest.raises(UserError) as caught:
        check_ranges(replace(Config(), **values))
    assert str(caught.value) == message


def test_ranges_are_written_as_intervals():
    assert str(Interval(0, 1, above=True, below=False)) == "(0, 1]"
    assert str(Interval(2, 100_000, above=False, below=False)) == "[2, 100,000]"
    assert str(Interval(0.5, float("inf"), above=False, below=False)) == "[0.5, ∞)"


def test_the_readers_are_those_of_regimes_and_families():
    assert set(names(reader="its regimes")) == {name for read in regimes.READS.values() for name in read}
    options = {name for family in families.names() for name in families.options(family)} | {"stages", "drop_path"}
    assert set(names(reader="its families")) == options
    assert config.STEEPEST == regimes.STEEPEST


def test_the_page_is_current():
    """Write it with `python -c "from study.space.reference import table; print(table(), end='')"`."""
    text = PAGE.read_text(encoding="utf-8")
    assert text[text.index("| name |") :] == table()
    assert all(", ".join(choices) in text for choices in CHOICES.values())


def test_spaces_are_imported_without_heavy_packages():
    code = "import study.space, sys; print(sorted({'torch', 'pandas', 'ray', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
