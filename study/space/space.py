"""A study's question as data: what is compared, tuned and fixed, and the cells that follow.

Knows nothing of Ray, Optuna, torch or how a value is used in training.
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
        tuned: what is sampled in this cell; empty means one trial.
        baseline: the tuned values that the cell's first trial has.
        published: the figure that somebody published for this cell, if any; or task → figure, see `Space.published`.
        compared: what the name says, as values.
        sources: of the space, and those that its chain makes.
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
        """Whether this cell repeats what somebody published: nothing is searched, all its trials open the test."""
        return self.compared.get(VERSION) == PUBLISHED


@dataclass(frozen=True)
class Space:
    """A question: the compared grid, what is tuned inside each of its cells, and how much to spend on it.

    Attributes:
        task: a module of `study.data.tasks`, or a level of one (`animals/animal`); or several, a chain: each is learnt
            from the network of the one before, the first from the cell's `weights`, and trials learn the last one. Each
            replicate has a chain of its own, shared by all cells. Trials report the earlier tasks as well.
        compared: hyperparameter, or a key of `settings`, → the values of the grid. The key `version` has the values
            `published` (as a seed did it), `corrected`, and causes of the difference, each alone (see `versions`).
        tuned: hyperparameter → the distribution it is sampled from, inside each cell.
        fixed: the hyperparameters that all trials share.
        settings: `key=value, …` → the hyperparameters that the cells with all of these fix, tuned ones too. Of two
            that set the same, the one with more conditions holds.
        baseline: tuned hyperparameter → its value in every cell's first trial.
        only: where a thing applies: a tuned hyperparameter (it is read only there) or a compared `key=value`
            (it is combined only with those) → compared key → value or values.
        sources: name that `weights` has in some cells → what these weights are trained on and how, before the trials:
            pretext, task, epochs, images, the pretext's options, hyperparameters (see `study.pretraining.sources`).
            Of a chain, earlier task → how it is learnt, where not as the defaults say.
        published: cell name → the score that was published for it; or, of a chain, task → its score after the chain.
        trials: search trials a cell.
        epochs: of a trial that is not pruned.
        replicates: trainings of a cell's winner with fresh seeds, scored on the test split.
        grace_period: epochs before ASHA may prune.
        reduction_factor: ASHA keeps one in this many at each rung.
        demo: field → value, what `--scale demo` changes; of a mapping, the entries that differ.
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
        """List the grid's combinations in reading order, without those that `only` leaves out."""
        grid = itertools.product(*self.compared.values())
        combinations = [dict(zip(self.compared, values, strict=True)) for values in grid]
        return [_cell(self, compared) for compared in combinations if self._allowed(compared)]

    def scaled(self, scale: str) -> "Space":
        """Give the space at a scale: `full` is itself, `demo` the small subset that it names.

        Of `only` and `published`, what is not in the small grid is left out.
        """
        if scale != "demo":
            return self
        changes = {key: self._changed(key, value) for key, value in self.demo.items()}
        grid = {**self.compared, **self.demo.get("compared", {})}
        kept = rules.settings_within(changes.pop("settings", self.settings), grid)
        small = replace(self, **changes | {"settings": kept, "only": {}, "published": {}, "demo": {}})
        small = replace(small, only={**rules.within(self.only, small.compared), **self.demo.get("only", {})})
        names = {cell.name for cell in small.cells()}
        published = {name: figure for name, figure in self.published.items() if name in names}
        return replace(small, published={**published, **self.demo.get("published", {})})

    def as_dict(self) -> dict[str, object]:
        """Give all values as plain data, as study.json keeps them."""
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
            for where, more in value.items():
                if type(more) is not dict:
                    raise UserError(f"{key}: {where!r} needs a dict of hyperparameters, got {show(more)}")
            return {**old, **{where: {**old.get(where, {}), **more} for where, more in value.items()}}
        return {**old, **value}

    def _allowed(self, compared: dict[str, Value]) -> bool:
        held = {f"{key}={value}" for key, value in compared.items()}
        return all(_holds(where, compared) for thing, where in self.only.items() if thing in held)


_SCALED = tuple(each.name for each in fields(Space) if each.name not in ("task", "demo"))


def cell_name(compared: Mapping[str, Value]) -> str:
    """Write a combination as `key=value, …`."""
    return ", ".join(f"{key}={value}" for key, value in compared.items())


def select(cells: list[Cell], wanted: Sequence[str]) -> list[Cell]:
    """Keep the cells that agree with every `KEY=VALUE`; values of one key are alternatives.

    Raises:
        UserError: no compared key or none of its values is called so.
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
    kept = [cell for cell in cells if all(cell.compared[key] in ok for key, ok in alternatives.items())]
    if not kept:
        names = "; ".join(cell.name for cell in cells)
        raise UserError(f"--only {' '.join(wanted)}: no cell is all of these; the cells are {names}")
    return kept


def _means(text: str, value: Value) -> bool:
    """Whether a text is a value as a person writes it: `.1` is 0.1."""
    try:
        return float(text) == float(str(value))
    except ValueError:
        return text == str(value)


def _cell(space: Space, compared: dict[str, Value]) -> Cell:
    name, settings = cell_name(compared), settled(space.settings, compared)
    read = {key: dist for key, dist in space.tuned.items() if _holds(space.only.get(key, {}), compared)}
    read = {key: dist for key, dist in read.items() if key not in settings}
    baseline = {key: space.baseline[key] for key in read}
    known = {key: value for key, value in compared.items() if key in KINDS}
    values, chain = _chained(space, dict(space.fixed) | known | settings)
    if compared.get(VERSION) == PUBLISHED:  # nothing is searched there
        values, read, baseline = values | baseline, {}, {}
    return Cell(name, values, read, baseline, space.published.get(name), compared, chain)


def _chained(space: Space, values: dict[str, Value]) -> tuple[dict[str, Value], Mapping[str, Mapping[str, Any]]]:
    """Give a cell's values with its task and the weights it starts from, and what all weights are made from."""
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
