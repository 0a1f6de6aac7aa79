"""Checks of a space: names, types, and that its parts fit each other and its grid.

Knows nothing of tasks, families or regimes: `study.cli.checks` decides which of their values go together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from study.errors import UserError
from study.space.config import KINDS, NAMES, check_name, names, show
from study.space.distributions import Choice, Distribution, Range, Value
from study.space.settings import CORRECTED, VERSION, Settings, conditions
from study.space.values import check_type

if TYPE_CHECKING:
    from study.space import Space

OnlyWhere = Mapping[str, Value | tuple[Value, ...]]
Only = Mapping[str, OnlyWhere]

Figure = float | Mapping[str, float]
"""A published score, or task → score."""
NEVER_TUNED = names(tunable=False)
_MAPPINGS = ("compared", "tuned", "fixed", "settings", "baseline", "only", "sources", "published", "demo")
_LEAST = {"trials": 1, "epochs": 1, "replicates": 0, "grace_period": 1, "reduction_factor": 2}
_MOST = 100_000
"""Largest value of each of these: a larger one is a mistake."""
MOST_TASKS = 100
MOST_CELLS, MOST_TRIALS, MOST_EPOCHS, MOST_ENTRIES = 10_000, 1_000_000, 100_000_000, 10_000
"""Cells of a grid, trials of all cells, epochs of all trials, and entries of a dict or a choice in a space."""


def check(space: "Space") -> None:
    """Check a space's fields against each other.

    Raises:
        UserError: names the first mistake.
    """
    _check_fields(space)
    _check_roles(space)
    for key, values in space.compared.items():
        _check_compared(key, values)
    for key, value in space.fixed.items():
        check_type(key, value, *KINDS[key])
    for key, distribution in space.tuned.items():
        _check_tuned(key, distribution)
    _check_settings(space)
    for name, source in space.sources.items():
        if type(source) is not dict:
            raise UserError(f"sources: {name!r} needs a dict of settings, got {show(source)}")
    for fraction in _fractions(space):
        if not 0 < fraction <= 1:  # type: ignore[operator]  # a number: its type was checked
            raise UserError(f"label_fraction {fraction!r} must be in (0, 1]")
    _check_only(space)
    _check_baseline(space)


def check_published(published: Mapping[str, Figure], cells: Sequence[str], tasks: Sequence[str]) -> None:
    """Check published figures against the names of a grid's cells and the tasks of its chain.

    Raises:
        UserError: the grid has no such cell, the chain no such task, or a figure is no number in [0, 1].
    """
    for name, figures in published.items():
        if name not in cells:
            raise UserError(f"published: there is no cell {name!r}; one of {'; '.join(cells)}")
        if isinstance(figures, Mapping) and type(figures) is not dict:
            raise UserError(f"published {name!r}: {show(figures)} must be a number or a dict")
        for task, figure in figures.items() if isinstance(figures, Mapping) else [(tasks[-1], figures)]:
            if task not in tasks:
                raise UserError(f"published {name!r}: there is no task {show(task)}; one of {', '.join(tasks)}")
            check_type(f"published {name!r}:", figure, float)
            if not 0 <= figure <= 1:
                raise UserError(f"published {name!r}: {figure} is no share; write 0.92 for 92 %")


def within(only: Only, grid: Mapping[str, Sequence[Value]]) -> dict[str, OnlyWhere]:
    """Return `only` without the keys and values that a smaller grid lacks."""
    gone = [thing for thing in only if "=" in thing and thing not in _pairs(thing.partition("=")[0], grid)]
    return {
        thing: {key: tuple(value for value in alternatives(ok) if value in grid[key]) for key, ok in where.items()}
        for thing, where in only.items()
        if thing not in gone
    }


def settings_within(settings: Settings, grid: Mapping[str, Sequence[Value]]) -> dict[str, Mapping[str, Value]]:
    """Return the settings whose conditions a smaller grid has."""
    pairs = {pair for key, values in grid.items() if isinstance(values, tuple | list) for pair in _pairs(key, grid)}
    return {where: values for where, values in settings.items() if pairs.issuperset(conditions(where))}


def alternatives(ok: object) -> Iterable[Value]:
    """Return a tuple or list as it is, and a single value as a tuple."""
    return ok if type(ok) in (tuple, list) else (ok,)  # type: ignore[return-value]


def _fractions(space: "Space") -> Iterable[Value]:
    in_settings = (values["label_fraction"] for values in space.settings.values() if "label_fraction" in values)
    return [*space.compared.get("label_fraction", (space.fixed.get("label_fraction", 1.0),)), *in_settings]


def _check_fields(space: "Space") -> None:
    if type(space.task) not in (str, tuple, list) or not space.task:
        raise UserError(f"task {show(space.task)} must be the name of a task, or a tuple of several, a chain")
    if len(space.tasks) > MOST_TASKS:
        raise UserError(f"task names a chain of {len(space.tasks):,} tasks; {MOST_TASKS} at most")
    for task in space.tasks:
        check_type("task", task, str)
    if len(set(space.tasks)) < len(space.tasks):
        raise UserError(f"task {show(space.task)}: a chain learns each of its tasks once")
    for name in _MAPPINGS:
        if type(getattr(space, name)) is not dict:  # another class may have any length, or be endless
            raise UserError(f"{name} {show(getattr(space, name))} must be a dict")
    for name, least in _LEAST.items():
        check_type(name, getattr(space, name), int)
        if getattr(space, name) < least:
            raise UserError(f"{name} is {getattr(space, name)}; it must be at least {least}")
        if getattr(space, name) > _MOST:
            raise UserError(f"{name} is {getattr(space, name)}; it must be at most {_MOST:,}")
    _check_size(space)


def _check_size(space: "Space") -> None:
    """Refuse absurdly many combinations by their number alone, before any is made."""
    for name in _MAPPINGS:
        if (entries := len(getattr(space, name))) > MOST_ENTRIES:
            raise UserError(f"{name} has {entries:,} entries; {MOST_ENTRIES:,} at most")
    for name in (name for field in _MAPPINGS for name in getattr(space, field)):
        check_type("key", name, str)
    for key, values in space.compared.items():
        if type(values) not in (tuple, list):
            raise UserError(f"compared {key!r} needs a tuple of values, got {show(values)}")
    cells = math.prod(map(len, space.compared.values()))
    if cells > MOST_CELLS:
        product = " × ".join(f"{len(values):,}" for values in space.compared.values())
        raise UserError(f"compared has {product} = {cells:,} combinations; {MOST_CELLS:,} at most")


def check_budget(space: "Space", cells: int) -> None:
    """Refuse absurdly many trainings.

    Args:
        space: the study's.
        cells: number of its cells.
    """
    trials = cells * (space.trials + space.replicates)
    if trials > MOST_TRIALS:
        product = f"{cells:,} cells × ({space.trials:,} trials + {space.replicates:,} replicates)"
        raise UserError(f"{product} are {trials:,} trainings; {MOST_TRIALS:,} at most")
    if trials * space.epochs > MOST_EPOCHS:
        product = f"{trials:,} trainings × {space.epochs:,} epochs"
        raise UserError(f"{product} are {trials * space.epochs:,} epochs in all; {MOST_EPOCHS:,} at most")


def _check_roles(space: "Space") -> None:
    roles: dict[str, Mapping[str, object]] = {
        "compared": space.compared,
        "tuned": space.tuned,
        "fixed": space.fixed,
    }
    own = {condition.partition("=")[0] for where in space.settings for condition in conditions(where)}
    for key in (key for keys in roles.values() for key in keys):
        if key not in NAMES and key in space.compared and key in own:
            continue
        check_name(key)
        if key == "task":
            raise UserError("'task' is a field of its own: Space(task=…), not compared, tuned or fixed")
    for (first, one), (second, two) in combinations(roles.items(), 2):
        if both := set(one) & set(two):
            raise UserError(f"{sorted(both)[0]!r} is both {first} and {second}; it can have one role only")
    for key in NEVER_TUNED:
        if key in space.tuned:
            raise UserError(
                f"{key!r} cannot be tuned, only compared or fixed: a search over its values would favour one"
            )


def _check_compared(key: str, values: Sequence[Value]) -> None:
    for value in values:
        check_type(key, value, *KINDS.get(key, (str,)))
        if isinstance(value, str) and set(value) & set(",="):
            raise UserError(
                f"compared {key!r}: {show(value)} has a comma or an equals sign, of which cell names are made"
            )
    if not values or len(set(values)) < len(values):
        raise UserError(f"compared {key!r} needs values that differ, got {show(list(values))}")


def _check_tuned(key: str, distribution: Distribution) -> None:
    if type(distribution) not in (Choice, Range):
        known = "uniform, log_uniform, integers, choice"
        raise UserError(f"tuned {key} {show(distribution)} is no distribution; one of {known}")
    if isinstance(distribution, Choice):
        if (choices := len(distribution.values)) > MOST_ENTRIES:
            raise UserError(f"tuned {key} is a choice of {choices:,} values; {MOST_ENTRIES:,} at most")
        for value in distribution.values:
            check_type(f"tuned {key}", value, *KINDS[key])
    elif str in KINDS[key]:
        raise UserError(f"tuned {key} is a str: it cannot have a range, write choice(…)")
    elif int in KINDS[key] and not distribution.integer:
        low, high = distribution.low, distribution.high
        raise UserError(f"tuned {key} is an int: write integers({low:.0f}, {high:.0f}), not a range of floats")


def _check_settings(space: "Space") -> None:
    grid = {pair for key in space.compared for pair in _pairs(key, space.compared)}
    for where, values in space.settings.items():
        if absent := [condition for condition in conditions(where) if condition not in grid]:
            raise UserError(f"settings: {absent[0]!r} is not in the grid; one of {', '.join(sorted(grid))}")
        if type(values) is not dict:
            raise UserError(f"settings: {where!r} needs a dict of hyperparameters, got {show(values)}")
        for name, value in values.items():
            check_name(name)
            check_type(f"settings: {where!r}: {name}", value, *KINDS[name])
            if name in space.compared or name == "task":
                raise UserError(f"settings: {where!r} sets {name!r}, which is compared or the space's own")
    defined = {condition for where in space.settings for condition in conditions(where)}
    for key in space.compared:
        defined.add(f"{VERSION}={CORRECTED}")
        missing = [pair for pair in _pairs(key, space.compared) if pair not in defined]
        if key not in NAMES and missing:
            raise UserError(f"settings: nothing is set for {missing[0]!r}, and {key!r} is no hyperparameter")


def _check_only(space: "Space") -> None:
    for thing, where in space.only.items():
        name = str(thing).partition("=")[0]
        if name not in (space.compared if "=" in str(thing) else space.tuned):
            raise UserError(f"only: {thing!r} is neither tuned nor a compared key=value")
        if "=" in thing and thing not in (pairs := _pairs(name, space.compared)):
            raise UserError(f"only: {thing!r} is not in the grid; one of {', '.join(pairs)}")
        if type(where) is not dict:
            raise UserError(f"only: {thing!r} needs a dict of compared keys, got {show(where)}")
        _check_where(thing, where, space.compared)


def _check_where(thing: str, where: OnlyWhere, grid: Mapping[str, Sequence[Value]]) -> None:
    for key, ok in where.items():
        if key not in grid:
            raise UserError(f"only: {thing!r} depends on {key!r}, which is not compared; one of {', '.join(grid)}")
        if isinstance(ok, tuple | list) and len(ok) > MOST_ENTRIES:
            raise UserError(f"only: {thing!r} depends on {len(ok):,} values of {key}; {MOST_ENTRIES:,} at most")
        for value in alternatives(ok):
            check_type(f"only: {thing!r} depends on {key}", value, *KINDS.get(key, (str,)))
            if value not in grid[key]:
                pairs = ", ".join(_pairs(key, grid))
                raise UserError(f"only: {thing!r} depends on {key}={value}, not in the grid; one of {pairs}")


def _check_baseline(space: "Space") -> None:
    for key in space.baseline:
        if key not in space.tuned:
            raise UserError(f"baseline {key!r} is not tuned; one of {', '.join(space.tuned)}")
    for key, distribution in space.tuned.items():
        if key not in space.baseline:
            raise UserError(f"baseline lacks the tuned {key!r}: every cell's first trial needs it")
        check_type(f"baseline {key}", space.baseline[key], *KINDS[key])
        if space.baseline[key] not in distribution:
            raise UserError(f"baseline {key}={space.baseline[key]!r} lies outside {distribution}")


def _pairs(key: str, grid: Mapping[str, Sequence[Value]]) -> list[str]:
    return [f"{key}={value}" for value in grid[key]]
