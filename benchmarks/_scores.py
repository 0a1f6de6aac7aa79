"""Whether the ways of a benchmark come to the same scores: their baselines' accuracies, at epochs that all have.

Records in, numbers out; knows nothing of how they were trained.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Record = dict[str, Any]
"""trial, depth, baseline (bool), epoch, accuracy."""
NORMAL = 1.96


class Score(NamedTuple):
    """A way's mean accuracy with its 95 % interval."""

    mean: float
    low: float
    high: float


class Agreement(NamedTuple):
    """How the ways' scores compare."""

    scores: dict[str, Score]
    """By way."""
    pairs: int
    """Repeats × depths that are compared."""
    epochs: tuple[int, int]
    """The earliest and the latest at which they are."""
    largest: float
    """Difference between two ways of one repeat and depth."""

    @property
    def holds(self) -> bool:
        """Whether all intervals share a value."""
        found = self.scores.values()
        return max(score.low for score in found) <= min(score.high for score in found)


def compare(repeats: Sequence[Mapping[str, Sequence[Record]]], images: int) -> Agreement | None:
    """Compare the ways' baselines.

    The interval has the spread of the repeats' means (other labels, images and initial heads) and the binomial error of
    the validation images, which all depths of a repeat share.

    Args:
        repeats: each way's records, for each repeat.
        images: in the validation set.

    Returns:
        None where nothing can be compared.
    """
    found = [_common(records) for records in repeats]
    rows = [row for repeat in found for row in repeat]
    if not rows:
        return None
    ways = repeats[0]
    means = [{way: float(np.mean([row[way] for _, row in repeat])) for way in ways} for repeat in found if repeat]
    scores = {way: _score([mean[way] for mean in means], images) for way in ways}
    epochs = min(epoch for epoch, _ in rows), max(epoch for epoch, _ in rows)
    return Agreement(scores, len(rows), epochs, max(max(row.values()) - min(row.values()) for _, row in rows))


def _common(records: Mapping[str, Sequence[Record]]) -> list[tuple[int, dict[str, float]]]:
    """Give, for each depth, the last epoch of its baseline that all ways have, and each way's accuracy then."""
    curves = {
        way: {(row["depth"], row["epoch"]): row["accuracy"] for row in rows if row["baseline"] and row["epoch"] > 0}
        for way, rows in records.items()
    }
    shared = set.intersection(*(set(curve) for curve in curves.values()))
    lasts = {depth: max(epoch for other, epoch in shared if other == depth) for depth, _ in shared}
    return [
        (epoch, {way: curve[depth, epoch] for way, curve in curves.items()}) for depth, epoch in sorted(lasts.items())
    ]


def _score(means: list[float], images: int) -> Score:
    mean = float(np.mean(means))
    variance = mean * (1 - mean) / (images * len(means))
    if len(means) > 1:
        variance += float(np.var(means, ddof=1)) / len(means)
    half = NORMAL * variance**0.5
    return Score(mean, max(0.0, mean - half), min(1.0, mean + half))
