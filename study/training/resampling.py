"""Intervals of scores and of paired differences by resampling whole groups of images. Knows no networks.

All networks are scored on the same resamples, so that a difference has its own interval. Groups that are images of one
object count as one. What varies is the images that are tested; the probes stay as they were fitted.

Source: the cluster bootstrap, Davison & Hinkley 1997, §3.8; percentile intervals.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from study.seeds import stream
from study.training import metrics

RESAMPLES = 2000
LEVEL = 0.95
_CHUNK = 100

Scorer = Callable[[np.ndarray], np.ndarray]
"""(resamples, images) int, how often each image is drawn → (resamples,) scores."""


class Interval(NamedTuple):
    """A value with the ends of its interval."""

    value: float
    low: float
    high: float


class Intervals(NamedTuple):
    """What resampling says of several networks; the order is that of the answers."""

    scores: list[Interval]
    behind: list[Interval]
    """How far the network is behind the best one, in the paired resamples; corrected for their number."""
    best: int

    @property
    def as_good(self) -> list[bool]:
        """Whether a network cannot be told apart from the best: the interval of its difference has 0 in it."""
        return [number == self.best or interval.low <= 0 for number, interval in enumerate(self.behind)]


def intervals(
    answers: Sequence[np.ndarray], targets: np.ndarray, groups: np.ndarray, metric: str, seed: int = 0
) -> Intervals:
    """Give each network's score and how far it is behind the best, with intervals.

    Args:
        answers: of each network, (images, classes) float, larger is surer; the same images.
        targets: (images,) int, or (images, labels) of 0, 1 and -1.
        groups: (images,) int.
        metric: one of `SCORERS`.
        seed: of the resamples.
    """
    values = np.array([metrics.metric(metric)(scores, targets) for scores in answers])
    scorers = [SCORERS[metric](scores, targets) for scores in answers]
    drawn = np.concatenate([np.stack([score(counts) for score in scorers], 1) for counts in _counts(groups, seed)])
    best = int(values.argmax())
    others = max(1, len(answers) - 1)
    behind = drawn[:, [best]] - drawn
    return Intervals(
        [_interval(value, column, LEVEL) for value, column in zip(values, drawn.T, strict=True)],
        [
            _interval(values[best] - value, column, 1 - (1 - LEVEL) / others)
            for value, column in zip(values, behind.T, strict=True)
        ],
        best,
    )


def _interval(value: float, drawn: np.ndarray, level: float) -> Interval:
    """Give a percentile interval without the resamples' bias: an image that is drawn twice raises mAP."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail]) - np.nanmean(drawn) + value
    return Interval(float(value), float(low), float(high))


def _counts(groups: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Draw how often each image is in each resample, (resamples, images), in chunks."""
    generator = np.random.default_rng(stream(seed, "resamples"))
    names, places = np.unique(groups, return_inverse=True)
    chances = np.full(len(names), 1 / len(names))
    for _ in range(RESAMPLES // _CHUNK):
        yield generator.multinomial(len(names), chances, size=_CHUNK)[:, places].astype(np.float32)


def _accuracy(scores: np.ndarray, targets: np.ndarray) -> Scorer:
    right = (scores.argmax(1) == targets).astype(np.float32)
    return lambda counts: counts @ right / counts.sum(1)


def _balanced_accuracy(scores: np.ndarray, targets: np.ndarray) -> Scorer:
    right = scores.argmax(1) == targets
    classes = np.eye(targets.max() + 1, dtype=np.float32)[targets]

    def score(counts: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # a class that is not drawn is left out
            return np.nanmean((counts @ (classes * right[:, None])) / (counts @ classes), axis=1)

    return score


def _mean_average_precision(scores: np.ndarray, targets: np.ndarray) -> Scorer:
    labels = [_sorted(scores[:, label], truth) for label, truth in enumerate(targets.T) if (truth == 1).any()]

    def score(counts: np.ndarray) -> np.ndarray:
        return np.nanmean([_average_precision(counts, *label) for label in labels], axis=0)

    return score


def _sorted(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the images where a label is known, surest first; which have it; and the last one of the same score."""
    order = np.flatnonzero(truth >= 0)
    order = order[np.argsort(-scores[order], kind="stable")]
    ends = np.searchsorted(-scores[order], -scores[order], side="right") - 1
    return order, (truth[order] == 1).astype(np.float32), ends


def _average_precision(counts: np.ndarray, order: np.ndarray, has: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Give (resamples,) average precisions, as scikit-learn's; NaN where no image with the label is drawn."""
    weights = counts[:, order].astype(np.float64)
    hits = weights * has
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.nan_to_num((np.cumsum(hits, 1) / np.cumsum(weights, 1))[:, ends])
        return (precision * hits).sum(1) / hits.sum(1)


SCORERS: Mapping[str, Callable[[np.ndarray, np.ndarray], Scorer]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "mAP": _mean_average_precision,
}
"""Metric → makes the function that scores resamples of the same images."""
