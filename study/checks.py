"""What can be refused about a study's cells before anything is decoded or started.

Knows which values families, regimes and optimizers take; imports no torch.
"""

from study import families, regimes, tasks
from study.config import OPTIMIZERS, UserError, config
from study.space import Cell, Choice, Distribution, Value

SHARES = ("warmup", "label_smoothing", "dropout", "augment", "momentum")


def check_cells(cells: list[Cell]) -> None:
    """Check each cell at its baseline and at the ends of what it samples.

    Raises:
        UserError: a trial of some cell would fail; the text names the cell, the value and the choices.
    """
    for cell in cells:
        for tuned in [cell.baseline, *_extremes(cell)]:
            try:
                _check(cell.values | tuned)
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
    tasks.load(asked.task)
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
    if asked.batch_size < 2:
        raise UserError(f"batch_size {asked.batch_size} must be at least 2 (BatchNorm)")
    if asked.lr <= 0 or asked.weight_decay < 0:
        raise UserError(f"lr {asked.lr:g} must be above 0, weight_decay {asked.weight_decay:g} not below")


def _extremes(cell: Cell) -> list[dict[str, Value]]:
    """The baseline with one hyperparameter at each end of its range, or at each of its choices."""
    return [cell.baseline | {name: end} for name, tuned in cell.tuned.items() for end in _ends(tuned)]


def _ends(distribution: Distribution) -> tuple[Value, ...]:
    if isinstance(distribution, Choice):
        return distribution.values
    low, high = distribution.low, distribution.high
    return (int(low), int(high)) if distribution.integer else (low, high)
