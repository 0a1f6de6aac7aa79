"""Scores from a network's outputs and the true targets. Knows nothing of networks, tasks or where a score is kept."""

import math
from collections.abc import Callable
from functools import partial
from numbers import Real

import numpy as np

from study.config import UserError


def accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the share of samples whose largest score is the target's.

    Args:
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int.
    """
    return float(np.mean(scores.argmax(axis=1) == targets))


def loss(scores: np.ndarray, targets: np.ndarray) -> float:
    """Give the mean cross-entropy in nats, without label smoothing.

    Args:
        scores: (samples, classes) float, logits.
        targets: (samples,) int.
    """
    logits = scores.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    true = logits[np.arange(len(targets)), targets]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - true))


def _macro(which: str, scores: np.ndarray, targets: np.ndarray) -> float:
    """Give scikit-learn's metric, the plain mean over the classes that occur in truth or answers.

    Args:
        which: f1, precision or recall; of a class that is never answered, or never true, it is 0.
        scores: (samples, classes) float, larger is surer.
        targets: (samples,) int.
    """
    from sklearn import metrics  # costs a second, and most trials need none of it

    function = getattr(metrics, f"{which}_score")
    return float(function(targets, scores.argmax(axis=1), average="macro", zero_division=0))


METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": accuracy,
    "loss": loss,
    **{name: partial(_macro, name) for name in ("f1", "precision", "recall")},
}


def metric(name: str) -> Callable[[np.ndarray, np.ndarray], float]:
    """Look a metric up.

    Raises:
        UserError: there is none of this name.
    """
    if name not in METRICS:
        raise UserError(f"unknown metric {name!r}; one of {', '.join(METRICS)}")
    return METRICS[name]


def check_score(metric: str, value: object) -> float:
    """Give a score as a plain float.

    Raises:
        ValueError: it is no finite number; names the metric and the value.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{metric} is {value!r}, not a finite number")
    return float(value)
