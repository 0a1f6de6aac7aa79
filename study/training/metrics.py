"""Scores from a network's outputs and the targets. Knows nothing of networks or tasks."""

import math
from collections.abc import Callable
from functools import partial
from numbers import Real

import numpy as np

from study.errors import UserError


def accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the share of samples whose largest score is the target's.

    Args:
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int.
    """
    return float(np.mean(scores.argmax(axis=1) == targets))


def balanced_accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the mean of the accuracies of the classes, so that a rare class counts as much as any other.

    Classes without a sample are left out. If all classes have equally many samples, it equals `accuracy`.

    Args:
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int.

    Source: `sklearn.metrics.balanced_accuracy_score`; Brodersen et al. 2010, doi:10.1109/ICPR.2010.764.
    """
    counts = np.bincount(targets)
    right = np.bincount(targets, weights=scores.argmax(axis=1) == targets)
    return float(np.mean(right[counts > 0] / counts[counts > 0]))


def sensitivity(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the share of the first class's samples that are predicted as such; 0 where it has no samples.

    Args:
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int; class 0 is the positive one.
    """
    right = scores.argmax(axis=1)[targets == 0] == 0
    return float(np.mean(right)) if len(right) else 0.0


def specificity(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the share of the other classes' samples that are not predicted as the first; 0 where there are none.

    Args:
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int; class 0 is the positive one.
    """
    right = scores.argmax(axis=1)[targets != 0] != 0
    return float(np.mean(right)) if len(right) else 0.0


def loss(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the mean cross-entropy in nats, without label smoothing.

    Args:
        scores: (samples, classes) float, logits.
        targets: (samples,) int; or (samples, labels) of 0, 1 and -1 (unknown, left out). The loss of several labels is
            the binary cross-entropy, averaged over each sample's labels.
    """
    logits = scores.astype(np.float64)
    if targets.ndim == 2:
        losses = np.logaddexp(0, logits) - logits * np.maximum(targets, 0)
        known = targets >= 0
        return float(np.mean((losses * known).sum(1) / np.maximum(known.sum(1), 1)))
    logits -= logits.max(axis=1, keepdims=True)
    true = logits[np.arange(len(targets)), targets]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - true))


def _macro(which: str, scores: np.ndarray, targets: np.ndarray) -> float:
    """Give scikit-learn's metric, as the plain mean over the classes that occur in targets or predictions.

    Args:
        which: f1, precision or recall; 0 for a class that is never predicted, or never true.
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int.
    """
    from sklearn import metrics  # takes a second, and most trials do not need it

    function = getattr(metrics, f"{which}_score")
    return float(function(targets, scores.argmax(axis=1), average="macro", zero_division=0))


def mean_average_precision(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give mAP: the average precision of each label over the images, averaged over labels that some image has.

    Args:
        scores: (images, labels) float, larger is surer.
        targets: (images, labels) of 0, 1 and -1. Images where a label is unknown are left out for that label.

    Source: `sklearn.metrics.average_precision_score`; Everingham et al. 2015, doi:10.1007/s11263-014-0733-5.
    """
    from sklearn.metrics import average_precision_score

    return _over_labels(scores, targets, average_precision_score)


def eleven_point_map(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give mAP as VOC2007 defined it: the mean over eleven recalls of the highest precision at that recall or above.

    Source: Everingham et al. 2010, doi:10.1007/s11263-009-0275-4, §4.2.
    """
    from sklearn.metrics import precision_recall_curve

    def average(truth: np.ndarray, label_scores: np.ndarray) -> float:
        precision, recall, _ = precision_recall_curve(truth, label_scores)
        return float(np.mean([precision[recall >= level].max() for level in np.linspace(0, 1, 11)]))

    return _over_labels(scores, targets, average)


def per_image_ap(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the average precision of each image over its labels, averaged over images; this is not mAP.

    Images without any label are left out.

    Source: the VOC seed; `sklearn.metrics.label_ranking_average_precision_score` differs where scores are equal.
    """
    return mean_average_precision(scores.T, targets.T)


def _over_labels(scores: np.ndarray, targets: np.ndarray, average: Callable[[np.ndarray, np.ndarray], float]) -> float:
    averages = []
    for label_scores, truth in zip(scores.T, targets.T, strict=True):
        known = truth >= 0
        if (truth == 1).any():
            averages.append(average(truth[known], label_scores[known]))
    return float(np.mean(averages)) if averages else math.nan


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "sensitivity": sensitivity,
    "specificity": specificity,
    "loss": loss,
    "mAP": mean_average_precision,
    "mAP_11point": eleven_point_map,
    "AP_per_image": per_image_ap,
    **{name: partial(_macro, name) for name in ("f1", "precision", "recall")},
}

OFF = 1e-6
"""How far rounding may take a score beyond its range; the same as in `analysis.numbers.table`."""
SHARE, AMOUNT, ANY = (0.0, 1.0), (0.0, math.inf), (-math.inf, math.inf)
RANGES = dict.fromkeys(METRICS, SHARE) | {"loss": AMOUNT, "count": AMOUNT}
RANGES |= dict.fromkeys(("accuracy_train_mode", "accuracy_eval_mode"), SHARE)
"""Range of every metric that a trial reports; endings (`earlier_tasks.py`) do not change it."""
ENDINGS = ("_own_batchnorm", "_before")


def bounds(name: str) -> tuple[float, float]:
    """Give the range of a metric; all numbers if the metric is unknown."""
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return RANGES.get(name, ANY)


def metric(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Look up a metric by its name.

    Raises:
        UserError: no metric has this name; names the choices.
    """
    if name not in METRICS:
        raise UserError(f"unknown metric {name!r}; one of {', '.join(METRICS)}")
    return METRICS[name]


def check_score(metric: str, value: object) -> float:
    """Give a score as a plain float.

    Raises:
        ValueError: it is not a finite number, or is outside the metric's range; names the metric and the value.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{metric} is {value!r}, not a finite number")
    low, high = bounds(metric)
    if not low - OFF <= float(value) <= high + OFF:
        span = f"from {low:g} to {high:g}" if math.isfinite(high) else f"from {low:g} on"
        raise ValueError(f"{metric} is {value!r}, outside its range {span}")
    return float(value)
