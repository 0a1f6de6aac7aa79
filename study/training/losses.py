"""What a training makes small: cross-entropy of one class an image, or of each label where an image has several.

Knows no network, optimizer or task.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from study.space.config import Config

UNKNOWN = -1
"""Of a label: neither there nor not; it counts for nothing."""


def class_weights(config: Config, targets: np.ndarray, classes: int) -> Tensor | None:
    """Give what each class counts in the loss; None where all count the same.

    Args:
        config: class_weights.
        targets: (n,) int, or (n, labels) of 0, 1 and `UNKNOWN`, of the images that are trained on.
        classes: that there are.

    Returns:
        (classes,) float: images a class on average over its own, so that the mean over all images is 1 (scikit-learn's
        "balanced"); of several labels, images without the label over those with it, for these (torch's `pos_weight`).
        A class without any image counts 1.
    """
    if config.class_weights == "off":
        return None
    if targets.ndim == 2:
        there, absent = ((targets == value).sum(0) for value in (1, 0))
        found = np.where(there * absent > 0, absent / np.maximum(there, 1), 1)
    else:
        counts = np.bincount(targets, minlength=classes)
        found = np.where(counts > 0, len(targets) / ((counts > 0).sum() * np.maximum(counts, 1)), 1)
    return torch.from_numpy(found.astype(np.float32))


def judge(logits: Tensor, targets: Tensor, config: Config, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Compare the answers of several heads with the truth, each on a batch of its own.

    Args:
        logits: (heads, batch, outputs) float.
        targets: (heads, batch) int64, classes; or (heads, batch, labels) int64 of 0, 1 and `UNKNOWN`, where an image
            has several labels.
        config: label_smoothing, of classes alone; reduction.
        weights: (classes,) float, see `class_weights`; None is 1 for each.

    Returns:
        Each head's objective, (heads,), and (heads, 3) sums over its batch of the objective, the plain cross-entropy
        without weights and the right answers (of labels: their share of an image's), detached.
    """
    each = _labels if targets.ndim == logits.ndim else _classes
    objective, plain, right = each(logits, targets, config.label_smoothing, weights)
    sums = [one.sum(1) for one in (objective.detach(), plain.detach(), right)]
    whole = objective.mean(1)
    if config.reduction == "sum":  # over images, and over labels, whose mean was taken above
        whole = objective.sum(1) * (targets.shape[-1] if targets.ndim == logits.ndim else 1)
    return whole, torch.stack(sums, dim=1)


def _classes(
    logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Give objective, plain cross-entropy and whether it is right, each (heads, batch)."""
    flat, truth, seen = logits.flatten(0, 1), targets.flatten(), logits.detach().flatten(0, 1)
    objective = F.cross_entropy(flat, truth, reduction="none", label_smoothing=smoothing).view(targets.shape)
    plain = F.cross_entropy(seen, truth, reduction="none").view(targets.shape) if smoothing else objective
    if weights is not None:
        objective = objective * weights[targets]
    right = (seen.argmax(1) == truth).view(targets.shape)
    return objective, plain, right.to(plain.dtype)


def _labels(logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Give the binary cross-entropy and the share of labels that are right, each (heads, batch): means over labels."""
    known = (targets != UNKNOWN).to(logits.dtype)
    count = known.sum(-1).clamp(min=1)
    truth = targets.clamp(min=0).to(logits.dtype)
    every = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    plain = objective = (every * known).sum(-1) / count
    if weights is not None:
        objective = (every * known * (1 + truth * (weights - 1))).sum(-1) / count
    right = (((logits.detach() > 0) == (truth > 0.5)) * known).sum(-1) / count
    return objective, plain, right
