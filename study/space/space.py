"""A study's question as data: what is compared, tuned and fixed, and the resulting cells.

Knows nothing of how a value is used in training.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from study.errors import UserError
from study.space import rules
from study.space.config import KINDS, Config, show
from study.space.distributions import Choice, Distribution, Range, Value, choice, integers, log_uniform, uniform
from study.space.settings import PUBLISHED, VERSION, Settings, settled, versions

__all__ = [
    "Cell",
    "Choice",
    "Distribution",
    "Range",
    "Settings",
    "Space",
    "Value",
    "cell_name",
    "choice",
    "integers",
    "log_uniform",
    "select",
    "uniform",
    "versions",
]


@dataclass(frozen=True)
class Cell:
    """One combination of what a study compares, with everything that its trials share.

    Attributes:
        name: `key=value, …` over the compared keys, e.g. `regime=fine_tune, label_fraction=0.1`.
        values: compared and fixed hyperparameters.
        tuned: hyperparameters that are sampled in this cell; empty means one trial.
        baseline: the tuned values of the cell's first trial.
        published: the figure that was published for this cell, if any; or task → figure, see `Space.published`.
        compared: the values in the name.
        sources: those of the space and of its chain.
    """

    name: str
    values: dict[str, Value]
    tuned: dict[str, Distribution]
    baseline: dict[str, Value]
    published: rules.Figure | None = None
    compared: dict[str, Value] = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def as_published(self) -> bool:
        """Whether this cell repeats a publication: nothing is searched, and all its trials open the test split."""
        return self.compared.get(VERSION) == PUBLISHED


@dataclass(frozen=True)
class Space:
    """A question: the compared grid, what is tuned inside each of its cells, and the budget.

    Attributes:
        task: a module of `study.data.tasks`, or a level of one (`animals/animal`). Several tasks are a chain: each is
            learnt from the previous one's network, the first from the cell's `weights`, and trials learn the last one.
            Each replicate has its own chain, shared by all cells. Trials report the earlier tasks as well.
        compared: hyperparameter, or a key of `settings`, → the values of the grid. The key `version` has the values
            `published` (as a seed did it), `corrected`, and single causes of the difference (see `versions`).
        tuned: hyperparameter → the distribution that it is sampled from, inside each cell.
        fixed: the hyperparameters that all trials share.
        settings: `key=value, …` → the hyperparameters, tuned ones too, that are fixed in the cells with all of these
            values. If two entries set the same, the one with more conditions holds.
        baseline: tuned hyperparameter → its value in every cell's first trial.
        only: a tuned hyperparameter, or a compared `key=value` → compared key → value or values. The hyperparameter is
            sampled, or the value combined, only with these.
        sources: a name that some cells have as `weights` → how these weights are trained before the trials: pretext,
            task, epochs, images, the pretext's options, hyperparameters (see `study.pretraining.sources`).
            In a chain: earlier task → how it is learnt, if not by the defaults.
        published: cell name → its published score; in a chain, cell name → task → its score after the chain.
        trials: search trials per cell.
        epochs: of a trial that is not pruned.
        replicates: trainings of a cell's winner with fresh seeds, scored on the test split.
        grace_period: epochs before ASHA may prune.
        reduction_factor: ASHA continues one in this many trials at each rung.
        demo: field → the value that it has with `--scale demo`; for a mapping, the entries that differ.

    Example:
        >>> space = Space("gtsrb", {"regime": ("scratch", "fine_tune"), "label_fraction": (0.1, 1.0)}, trials=4)
        >>> [cell.name for cell in space.cells()][:2]
        ['regime=scratch, label_fraction=0.1', 'regime=scratch, label_fraction=1.0']
    """

    task: str | tuple[str, ...]
    compared: Mapping[str, Sequence[Value]]
    tuned: Mapping[str, Distribution] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    baseline: Mapping[str, Value] = field(default_factory=dict)
    only: rules.Only = field(default_factory=dict)
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    published: Mapping[str, rules.Figure] = field(default_factory=dict)
    trials: int = 16
    epochs: int = 10
    replicates: int = 5
    grace_period: int = 1
    reduction_factor: int = 3
    demo: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check(self)
        cells = [cell.name for cell in self.cells()]
        if not cells:
            raise UserError(f"only {show(dict(self.only))} leaves no cell of the grid {show(dict(self.compared))}")
        rules.check_budget(self, len(cells))
        rules.check_published(self.published, cells, self.tasks)
        if self.demo:
            try:
                self.scaled("demo")
            except UserError as error:
                raise UserError(f"demo: {error}") from None

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks in the order in which they are learnt; trials learn the last one."""
        return (self.task,) if isinstance(self.task, str) else tuple(self.task)

    def cells(self) -> list[Cell]:
        """List the grid's combinations in reading order, without those that `only` excludes."""
        grid = itertools.product(*self.compared.values())
        combinations = [dict(zip(self.compared, values, strict=True)) for values in grid]
        return [_cell(self, compared) for compared in combinations if self._allowed(compared)]

    def scaled(self, scale: str) -> "Space":
        """Return the space at a scale: `full` is itself, `demo` has the changes of `self.demo`.

        Entries of `only` and `published` that are not in the smaller grid are left out.
        """
        if scale != "demo":
            return self
        changes = {key: self._changed(key, value) for key, value in self.demo.items()}
        grid = {**self.compared, **self.demo.get("compared", {})}
        settings = rules.settings_within(changes.pop("settings", self.settings), grid)
        small = replace(self, **changes | {"settings": settings, "only": {}, "published": {}, "demo": {}})
        small = replace(small, only={**rules.within(self.only, small.compared), **self.demo.get("only", {})})
        names = {cell.name for cell in small.cells()}
        published = {name: figure for name, figure in self.published.items() if name in names}
        return replace(small, published={**published, **self.demo.get("published", {})})

    def as_dict(self) -> dict[str, object]:
        """Return all fields as plain data for study.json."""
        return asdict(self) | {"demo": {}}

    def _changed(self, key: str, value: Any) -> Any:
        if key not in _SCALED:
            raise UserError(f"{key!r} is no part of a space that a scale changes; one of {', '.join(_SCALED)}")
        old = getattr(self, key)
        if not isinstance(old, Mapping):
            return value
        if type(value) is not dict:
            raise UserError(f"{key} {show(value)} must be a dict")
        if key in ("settings", "sources"):
            for where, changes in value.items():
                if type(changes) is not dict:
                    raise UserError(f"{key}: {where!r} needs a dict of hyperparameters, got {show(changes)}")
            return {**old, **{where: {**old.get(where, {}), **changes} for where, changes in value.items()}}
        return {**old, **value}

    def _allowed(self, compared: dict[str, Value]) -> bool:
        pairs = {f"{key}={value}" for key, value in compared.items()}
        return all(_holds(where, compared) for thing, where in self.only.items() if thing in pairs)


_SCALED = tuple(part.name for part in fields(Space) if part.name not in ("task", "demo"))


def cell_name(compared: Mapping[str, Value]) -> str:
    """Write a combination as `key=value, …`."""
    return ", ".join(f"{key}={value}" for key, value in compared.items())


def select(cells: list[Cell], wanted: Sequence[str]) -> list[Cell]:
    """Select the cells that agree with every `KEY=VALUE`; values of one key are alternatives.

    Raises:
        UserError: there is no such compared key or value, or no such cell.
    """
    alternatives: dict[str, set[Value]] = {}
    for item in wanted:
        key, _, text = item.partition("=")
        keys = {part.split("=")[0] for cell in cells for part in cell.name.split(", ")}
        if key not in keys:
            raise UserError(f"--only {item}: {key!r} is not compared here; one of {', '.join(sorted(keys))}")
        values = {cell.compared[key] for cell in cells}
        if not (meant := {value for value in values if _means(text, value)}):
            known = ", ".join(sorted(map(str, values)))
            raise UserError(f"--only {item}: {key} has no value {text!r}; one of {known}")
        alternatives.setdefault(key, set()).update(meant)
    selected = [cell for cell in cells if all(cell.compared[key] in ok for key, ok in alternatives.items())]
    if not selected:
        names = "; ".join(cell.name for cell in cells)
        raise UserError(f"--only {' '.join(wanted)}: no cell is all of these; the cells are {names}")
    return selected


def _means(text: str, value: Value) -> bool:
    """Whether a person may write a value like this: `.1` is 0.1."""
    try:
        return float(text) == float(str(value))
    except ValueError:
        return text == str(value)


def _cell(space: Space, compared: dict[str, Value]) -> Cell:
    name, settings = cell_name(compared), settled(space.settings, compared)
    sampled = {key: dist for key, dist in space.tuned.items() if _holds(space.only.get(key, {}), compared)}
    sampled = {key: dist for key, dist in sampled.items() if key not in settings}
    baseline = {key: space.baseline[key] for key in sampled}
    known = {key: value for key, value in compared.items() if key in KINDS}
    values, chain = _chained(space, dict(space.fixed) | known | settings)
    if compared.get(VERSION) == PUBLISHED:  # nothing is searched there
        values, sampled, baseline = values | baseline, {}, {}
    return Cell(name, values, sampled, baseline, space.published.get(name), compared, chain)


def _chained(space: Space, values: dict[str, Value]) -> tuple[dict[str, Value], Mapping[str, Mapping[str, Any]]]:
    """Return a cell's values with its task and initial weights, and the sources of all weights."""
    *earlier, last = space.tasks
    if not earlier:
        return {"task": last} | values, space.sources
    sources, weights = dict(space.sources), values.get("weights", Config.weights)
    for task in earlier:
        own = {"pretext": "labels", "task": task}
        sources[task] = {"weights": weights, "per": "replicate", **sources.get(task, {}), **own}
        weights = task
    return {"task": last} | values | {"weights": weights}, sources


def _holds(where: rules.OnlyWhere, compared: Mapping[str, Value]) -> bool:
    return all(compared[key] in rules.alternatives(ok) for key, ok in where.items())
