"""Intervals of a mean and what they allow to be said.

Knows nothing of tables, trials or figures: numbers in, numbers out.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
KIND = "95 % t interval of the mean"
SHARES = ("accuracy", "mAP", "f1", "precision", "recall")  # metrics within [0, 1]


class Interval(NamedTuple):
    """A mean with the ends of its interval; ends are nan where n < 2, all are nan where n = 0."""

    mean: float
    low: float
    high: float
    n: int


def bounds(metric: str) -> tuple[float, float]:
    """The range that a metric cannot leave: (0, 1) for shares, all numbers for the rest."""
    return (0.0, 1.0) if metric in SHARES else (-np.inf, np.inf)


def t_interval(values: Iterable[float], limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Student's t interval of the mean at 95 %, of values taken as independent and about normal.

    It speaks of the mean over seeds (initial weights, order, augmentation, which labels a fraction has) on these
    training and test data, not on others. Equal values give zero width; one value gives no interval (nan), because its
    spread is unknown.

    Args:
        values: (n,) floats; those that are nan are left out.
        limits: the ends are clipped to these, since a mean of shares cannot leave [0, 1].

    Source: Student 1908, Biometrika 6(1); `scipy.stats.t`.
    """
    found = np.asarray(list(values), dtype=float)
    found = found[np.isfinite(found)]
    if len(found) < 2:
        return Interval(float(found[0]) if len(found) else np.nan, np.nan, np.nan, len(found))
    mean = float(found.mean())
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * stats.sem(found)) if np.ptp(found) else 0.0
    low, high = np.clip([mean - half, mean + half], *limits)
    return Interval(mean, float(low), float(high), len(found))


def overlap(a: Interval, b: Interval) -> bool | None:
    """Whether two intervals share a value; None where one of them is unknown.

    Disjoint 95 % intervals are a careful sign of a difference: intervals may overlap where a test would still find one.
    """
    if not np.isfinite([a.low, a.high, b.low, b.high]).all():
        return None
    return a.low <= b.high and b.low <= a.high
