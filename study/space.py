"""A study's question as data: what is compared, tuned and fixed, and the cells that follow; loads spaces.

Knows nothing of Ray, Optuna, torch or how a value is used in training.
"""

import importlib
import importlib.util
import itertools
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from study.config import UserError, config

Value = str | int | float | None
OnlyWhere = Mapping[str, Value | tuple[Value, ...]]


NEVER_TUNED = ("task", "family", "weights", "regime", "label_fraction", "image_size", "crop")


@dataclass(frozen=True)
class Range:
    """An interval that a tuned hyperparameter is sampled from, bounds included."""

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise UserError(f"range [{self.low}, {self.high}]: the lower bound must be below the upper one")
        if self.log and self.low <= 0:
            raise UserError(f"range [{self.low}, {self.high}]: a logarithmic range must be above 0")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int if self.integer else (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """A set that a tuned hyperparameter is sampled from."""

    values: tuple[Value, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values


Distribution = Range | Choice


def uniform(low: float, high: float) -> Range:
    return Range(low, high)


def log_uniform(low: float, high: float) -> Range:
    return Range(low, high, log=True)


def integers(low: int, high: int) -> Range:
    return Range(low, high, integer=True)


def choice(*values: Value) -> Choice:
    return Choice(values)


@dataclass(frozen=True)
class Cell:
    """One combination of what a study compares, with everything that its trials share.

    Attributes:
        name: `key=value, …` over the compared keys, e.g. `regime=fine_tune, label_fraction=0.1`.
        values: compared and fixed hyperparameters.
        tuned: what is sampled in this cell; empty means one trial.
        baseline: the tuned values that the cell's first trial has.
        published: the figure that somebody published for this cell, if any.
    """

    name: str
    values: dict[str, Value]
    tuned: dict[str, Distribution]
    baseline: dict[str, Value]
    published: float | None = None


@dataclass(frozen=True)
class Space:
    """A question: the compared grid, what is tuned inside each of its cells, and how much to spend on it.

    Attributes:
        task: a module of `study.tasks`.
        compared: hyperparameter → the values of the grid.
        tuned: hyperparameter → the distribution it is sampled from, inside each cell.
        fixed: the hyperparameters that all trials share.
        baseline: tuned hyperparameter → its value in every cell's first trial.
        only: where a thing applies: a tuned hyperparameter (it is read only there) or a compared `key=value`
            (it is combined only with those) → compared key → value or values.
        published: cell name → the score that was published for it.
        trials: search trials a cell.
        epochs: of a trial that is not pruned.
        replicates: trainings of a cell's winner with fresh seeds, scored on the test split.
        grace_period: epochs before ASHA may prune.
        reduction_factor: ASHA keeps one in this many at each rung.
        demo: field → value, what `--scale demo` changes; of a mapping, the entries that differ.
    """

    task: str
    compared: Mapping[str, Sequence[Value]]
    tuned: Mapping[str, Distribution] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    baseline: Mapping[str, Value] = field(default_factory=dict)
    only: Mapping[str, OnlyWhere] = field(default_factory=dict)
    published: Mapping[str, float] = field(default_factory=dict)
    trials: int = 16
    epochs: int = 10
    replicates: int = 5
    grace_period: int = 1
    reduction_factor: int = 3
    demo: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_keys(self)
        _check_only(self)
        _check_baseline(self)
        for name, least in (("trials", 1), ("epochs", 1), ("replicates", 0), ("grace_period", 1)):
            if getattr(self, name) < least:
                raise UserError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if self.reduction_factor < 2:
            raise UserError(f"reduction_factor is {self.reduction_factor}; it must be at least 2")

    def cells(self) -> list[Cell]:
        """List the grid's combinations in reading order, without those that `only` leaves out."""
        grid = itertools.product(*self.compared.values())
        combinations = [dict(zip(self.compared, values, strict=True)) for values in grid]
        return [_cell(self, compared) for compared in combinations if self._allowed(compared)]

    def scaled(self, scale: str) -> "Space":
        """Give the space at a scale: `full` is itself, `demo` the small subset that it names."""
        return (
            replace(self, **{key: self._changed(key, value) for key, value in self.demo.items()})
            if scale == "demo"
            else self
        )

    def as_dict(self) -> dict[str, object]:
        """Give all values as plain data, as study.json keeps them."""
        return asdict(self) | {"demo": {}}

    def _changed(self, key: str, value: Any) -> Any:
        old = getattr(self, key, None)
        if old is None:
            raise UserError(f"demo: {key!r} is no part of a space")
        return {**old, **value} if isinstance(old, Mapping) else value

    def _allowed(self, compared: dict[str, Value]) -> bool:
        held = {f"{key}={value}" for key, value in compared.items()}
        return all(_holds(where, compared) for thing, where in self.only.items() if thing in held)


def cell_name(compared: Mapping[str, Value]) -> str:
    """Write a combination as `key=value, …`."""
    return ", ".join(f"{key}={value}" for key, value in compared.items())


def select(cells: list[Cell], wanted: Sequence[str]) -> list[Cell]:
    """Keep the cells that agree with every `KEY=VALUE`; values of one key are alternatives.

    Raises:
        UserError: no compared key or none of its values is called so.
    """
    alternatives: dict[str, set[str]] = {}
    for item in wanted:
        key, _, value = item.partition("=")
        keys = {part.split("=")[0] for cell in cells for part in cell.name.split(", ")}
        if key not in keys:
            raise UserError(f"--only {item}: {key!r} is not compared here; one of {', '.join(sorted(keys))}")
        known = {str(cell.values[key]) for cell in cells}
        if value not in known:
            raise UserError(f"--only {item}: {key} has no value {value!r}; one of {', '.join(sorted(known))}")
        alternatives.setdefault(key, set()).add(value)
    kept = [cell for cell in cells if all(str(cell.values[key]) in ok for key, ok in alternatives.items())]
    if not kept:
        raise UserError(f"--only {' '.join(wanted)}: no cell is all of these; the cells are {_names(cells)}")
    return kept


def known() -> dict[str, str]:
    """List the spaces of the package `search_spaces` with the first line of their docstrings."""
    import search_spaces

    names = sorted(module.name for module in pkgutil.iter_modules(search_spaces.__path__))
    return {name: _first_line(importlib.import_module(f"search_spaces.{name}")) for name in names}


def load(name: str) -> Space:
    """Load the `SPACE` of a module of `search_spaces`, or of a `.py` file.

    Raises:
        UserError: no such space, or the file fails or has no SPACE.
    """
    if name.endswith(".py"):
        module = _from_file(Path(name))
    elif name in (spaces := known()):
        module = importlib.import_module(f"search_spaces.{name}")
    else:
        raise UserError(f"unknown space {name!r}; one of {', '.join(spaces)}, or a path to a .py file")
    space = getattr(module, "SPACE", None)
    if not isinstance(space, Space):
        raise UserError(f"space {name!r} has no SPACE = Space(…)")
    return space


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"space file {str(path)!r} does not exist; name a .py file or one of {', '.join(known())}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"space file {str(path)!r} fails: {type(error).__name__}: {error}") from error
    return module


def _cell(space: Space, compared: dict[str, Value]) -> Cell:
    name = cell_name(compared)
    read = {key: dist for key, dist in space.tuned.items() if _holds(space.only.get(key, {}), compared)}
    baseline = {key: space.baseline[key] for key in read}
    return Cell(name, dict(space.fixed) | {"task": space.task} | compared, read, baseline, space.published.get(name))


def _holds(where: OnlyWhere, compared: Mapping[str, Value]) -> bool:
    return all(compared[key] in (ok if isinstance(ok, tuple) else (ok,)) for key, ok in where.items())


def _check_keys(space: Space) -> None:
    roles = {"compared": space.compared, "tuned": space.tuned, "fixed": space.fixed}
    config(dict.fromkeys([key for keys in roles.values() for key in keys]))  # refuses unknown ones
    for (first, one), (second, two) in itertools.combinations(roles.items(), 2):
        if both := set(one) & set(two):
            raise UserError(f"{sorted(both)[0]!r} is both {first} and {second}; it can have one role only")
    for key in NEVER_TUNED:
        if key in space.tuned:
            raise UserError(f"{key!r} cannot be tuned, only compared or fixed: a pooled search would favour one value")
    for key, values in space.compared.items():
        if not values or len(set(values)) < len(values):
            raise UserError(f"compared {key!r} needs values that differ, got {list(values)}")
    for fraction in space.compared.get("label_fraction", (space.fixed.get("label_fraction", 1.0),)):
        if not isinstance(fraction, (int, float)) or not 0 < fraction <= 1:
            raise UserError(f"label_fraction {fraction!r} must be in (0, 1]")


def _check_only(space: Space) -> None:
    for thing, where in space.only.items():
        name = thing.partition("=")[0]
        if name not in (space.compared if "=" in thing else space.tuned):
            raise UserError(f"only: {thing!r} is neither tuned nor a compared key=value")
        for key in where:
            if key not in space.compared:
                raise UserError(f"only: {thing!r} depends on {key!r}, which is not compared; one of {_keys(space)}")


def _check_baseline(space: Space) -> None:
    for key, distribution in space.tuned.items():
        if key not in space.baseline:
            raise UserError(f"baseline lacks the tuned {key!r}: every cell's first trial needs it")
        if space.baseline[key] not in distribution:
            raise UserError(f"baseline {key}={space.baseline[key]!r} lies outside {distribution}")
    for key in space.baseline:
        if key not in space.tuned:
            raise UserError(f"baseline {key!r} is not tuned; one of {', '.join(space.tuned)}")


def _keys(space: Space) -> str:
    return ", ".join(space.compared)


def _names(cells: list[Cell]) -> str:
    return "; ".join(cell.name for cell in cells)


def _first_line(module: ModuleType) -> str:
    return (module.__doc__ or "").strip().split("\n")[0]
