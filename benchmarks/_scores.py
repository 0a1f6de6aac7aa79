"""Whether two ways of a benchmark come to the same scores: their baselines' accuracies, pair by pair.

Records in, numbers out; knows nothing of how they were trained.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

Record = dict[str, Any]
"""trial, depth, baseline (bool), epoch, accuracy."""
TOLERATED = 0.02
"""A mean difference that is no disagreement, however surely it is there."""
WRONG = 0.05
"""How often any of all comparisons may be taken for a disagreement by chance."""
FEW = 3
"""Fewer pairs tell too little of their spread: the error of the validation images, drawn anew for each, is added."""


class Agreement(NamedTuple):
    """How ours and a peer's scores compare."""

    mean: float
    """Of the differences ours − peer, with its interval: 95 % for all comparisons together (Bonferroni)."""
    low: float
    high: float
    pairs: int
    """One a repeat and depth."""
    epochs: tuple[int, int]
    """The earliest and the latest at which they are."""
    scores: tuple[float, float]
    """Mean accuracies of ours and the peer in these pairs."""

    @property
    def holds(self) -> bool:
        """Whether the scores may be the same, or are nearly so."""
        return self.low <= 0 <= self.high or abs(self.mean) <= TOLERATED


def compare(
    repeats: Sequence[tuple[Sequence[Record], Sequence[Record]]], images: int, comparisons: int = 1
) -> Agreement | None:
    """Compare the baselines of one repeat and depth at the last epoch that both have.

    Args:
        repeats: ours and a peer's records, for each repeat.
        images: in the validation set.
        comparisons: that are made in all, this one among them.

    Returns:
        None where nothing can be compared.
    """
    rows = [row for ours, peer in repeats for row in _common(ours, peer)]
    if not rows:
        return None
    epochs, pairs = [epoch for epoch, _ in rows], np.array([pair for _, pair in rows])
    mean, half = _interval(pairs, images, 1 - WRONG / (2 * comparisons))
    about = len(rows), (min(epochs), max(epochs)), (float(pairs[:, 0].mean()), float(pairs[:, 1].mean()))
    return Agreement(mean, mean - half, mean + half, *about)


def _common(ours: Sequence[Record], peer: Sequence[Record]) -> list[tuple[int, tuple[float, float]]]:
    """Give for each depth the last epoch of its baseline that both have, and both accuracies then."""
    one, two = (
        {(row["depth"], row["epoch"]): row["accuracy"] for row in rows if row["baseline"] and row["epoch"] > 0}
        for rows in (ours, peer)
    )
    last = dict(sorted(one.keys() & two.keys()))  # of the epochs of one depth the latest stays
    return [(epoch, (one[depth, epoch], two[depth, epoch])) for depth, epoch in last.items()]


def _interval(pairs: np.ndarray, images: int, level: float) -> tuple[float, float]:
    """Give the mean difference of (pairs, 2) accuracies, and half its interval; the level is of one quantile."""
    differences, count = pairs[:, 0] - pairs[:, 1], len(pairs)
    square = 0.0
    if count > 1:
        square += float(stats.t.ppf(level, count - 1) ** 2 * differences.var(ddof=1) / count)
    if count < FEW:
        error = float((pairs * (1 - pairs)).sum(axis=1).mean()) / (images * count)
        square += float(stats.norm.ppf(level) ** 2) * error
    return float(differences.mean()), square**0.5
