"""What can be refused about a study's cells before anything is decoded or started.

Knows which values families, regimes and optimizers take; imports no torch.
"""

from study import families, regimes, tasks
from study.config import OPTIMIZERS, TRAINING, UserError, check_crop, check_size, config
from study.space import Cell, Choice, Distribution, Value

SHARES = ("warmup", "label_smoothing", "dropout", "augment", "momentum")
BELOW_1 = ("label_smoothing", "dropout")
"""Shares that leave nothing to learn from where they are 1."""


def check_cells(cells: list[Cell]) -> None:
    """Check each cell at its baseline and at the ends of what it samples.

    Raises:
        UserError: a trial of some cell would fail; the text names the cell, the value and the choices.
    """
    for cell in cells:
        for tuned in [cell.baseline, *_extremes(cell)]:
            try:
                _check(cell.values | tuned)
                _check_read(cell)
            except UserError as error:
                raise UserError(f"cell {cell.name!r}: {error}") from None


def fetch_weights(cells: list[Cell]) -> None:
    """Get pretrained weights that come from a host now, once, rather than in every worker.

    Raises:
        UserError: they cannot be had; the text says how to place them by hand.
    """
    wanted = [config(cell.values | cell.baseline) for cell in cells]
    pretrained = [each for each in wanted if each.weights != "none" and each.regime != "scratch"]
    for name in dict.fromkeys(each.family for each in pretrained):
        if (fetch := families.load(name).fetch) is not None:
            fetch()


def _check(values: dict[str, Value]) -> None:
    asked = config(values)
    check_size(asked.image_size)
    check_crop(asked.crop, asked.task, tasks.load(asked.task).CROPS)
    regime = regimes.regime(asked.regime, asked.weights, asked.freeze_depth)
    family = families.check(asked.family, regime.weights, asked.image_size)
    for phase in regime.phases:
        regimes.multipliers(phase, len(family.stages))
    if not regime.phases and family.source_classes is None:
        raise UserError(f"family {asked.family!r} has no source head; {asked.regime} needs one")
    if asked.optimizer not in OPTIMIZERS:
        raise UserError(f"unknown optimizer {asked.optimizer!r}; one of {', '.join(OPTIMIZERS)}")
    for name in SHARES:
        if not 0 <= getattr(asked, name) <= 1:
            raise UserError(f"{name} {getattr(asked, name)!r} must be between 0 and 1")
        if name in BELOW_1 and getattr(asked, name) == 1:
            raise UserError(f"{name} {getattr(asked, name)!r} must be below 1")
    if asked.batch_size < 2:
        raise UserError(f"batch_size {asked.batch_size} must be at least 2 (BatchNorm)")
    if asked.lr <= 0 or asked.weight_decay < 0:
        raise UserError(f"lr {asked.lr:g} must be above 0, weight_decay {asked.weight_decay:g} not below")


def _check_read(cell: Cell) -> None:
    """Refuse to tune what no trial of the cell reads: a search would spend its trials on nothing."""
    asked = config(cell.values | cell.baseline)
    trains = bool(regimes.regime(asked.regime, asked.weights, asked.freeze_depth).phases)
    sampled = cell.tuned.get("optimizer")
    optimizers = _ends(sampled) if sampled else (asked.optimizer,)
    for name in cell.tuned:
        where = f"; tune it elsewhere alone: only={{{name!r}: {{…}}}}"
        if name in TRAINING and not trains:
            raise UserError(f"tuned {name!r} is not read by regime {asked.regime!r}, which trains nothing{where}")
        if name == "momentum" and "sgd" not in optimizers:
            raise UserError(f"tuned 'momentum' is read by optimizer 'sgd', not by {asked.optimizer!r}{where}")


def _extremes(cell: Cell) -> list[dict[str, Value]]:
    """The baseline with one hyperparameter at each end of its range, or at each of its choices."""
    return [cell.baseline | {name: end} for name, tuned in cell.tuned.items() for end in _ends(tuned)]


def _ends(distribution: Distribution) -> tuple[Value, ...]:
    if isinstance(distribution, Choice):
        return distribution.values
    low, high = distribution.low, distribution.high
    return (int(low), int(high)) if distribution.integer else (low, high)
