"""Which trials may be trained together, and how many. Knows no network, Ray or torch."""

from study import families, heads
from study.config import Config, config
from study.space import Cell

LEAST, MOST = 4, 32
TOGETHER = ("lr", "weight_decay")
"""Hyperparameters that trials of one bundle may differ in."""


def fusable(asked: Config) -> bool:
    """Whether a trial trains a linear head on features that are the same for all seeds."""
    linear = asked.regime == "feature_extraction" and asked.head == heads.LINEAR and asked.dropout == 0
    fixed = (asked.augment == 0 or asked.views is not None) and asked.freeze_batchnorm == "on"
    return linear and fixed and asked.weights != "none" and _family(asked).whole


def size(cell: Cell, trials: int) -> int:
    """Give how many of a cell's search trials are trained together: 1, or a quarter, so that TPE learns from the rest.

    Args:
        cell: of the study.
        trials: that its search has in all.
    """
    if not fusable(config(cell.values | cell.baseline)) or not set(cell.tuned) <= set(TOGETHER):
        return 1
    return min(MOST, max(LEAST, trials // 4))


def _family(asked: Config) -> families.Family:
    return families.load(asked.family, **families.asked(asked.family, vars(asked)))
