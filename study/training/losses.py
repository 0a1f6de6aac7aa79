"""The loss that training minimizes: cross-entropy of one class per image, or of each label where an image has several.

Knows no network, optimizer or task.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from study.space.config import Config

UNKNOWN = -1
"""Target of a label that is neither known to be present nor to be absent; the loss ignores it."""


def class_weights(config: Config, targets: np.ndarray, classes: int) -> Tensor | None:
    """Give the weight of each class in the loss; None where all weigh the same.

    Args:
        config: class_weights.
        targets: (n,) int, or (n, labels) of 0, 1 and `UNKNOWN`, of the training images.
        classes: number of classes.

    Returns:
        (classes,) float. One class per image: the mean number of images in a class over the number in this one, so that
        the mean over all images is 1 (scikit-learn's "balanced"). Several labels: the number of images without the
        label over the number with it, which weighs the latter (torch's `pos_weight`). A class without images has 1.
    """
    if config.class_weights == "off":
        return None
    if targets.ndim == 2:
        present, absent = ((targets == value).sum(0) for value in (1, 0))
        weights = np.where(present * absent > 0, absent / np.maximum(present, 1), 1)
    else:
        counts = np.bincount(targets, minlength=classes)
        weights = np.where(counts > 0, len(targets) / ((counts > 0).sum() * np.maximum(counts, 1)), 1)
    return torch.from_numpy(weights.astype(np.float32))


def judge(logits: Tensor, targets: Tensor, config: Config, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Compare the predictions of several heads with the targets, each head on its own batch.

    Args:
        logits: (heads, batch, outputs) float.
        targets: (heads, batch) int64, classes; or (heads, batch, labels) int64 of 0, 1 and `UNKNOWN`, where an image
            has several labels.
        config: reduction, and label_smoothing, which applies to classes only.
        weights: (classes,) float, see `class_weights`; None weighs each 1.

    Returns:
        Each head's objective, (heads,), and detached sums over its batch, (heads, 3): the objective, the plain
        cross-entropy without weights, and the right answers. With several labels, an image counts the share of them
        that is right.
    """
    several = targets.ndim == logits.ndim
    compare = _labels if several else _classes
    objective, plain, right = compare(logits, targets, config.label_smoothing, weights)
    sums = [values.sum(1) for values in (objective.detach(), plain.detach(), right)]
    reduced = objective.mean(1)
    if config.reduction == "sum":  # over images, and over labels, whose mean was taken above
        reduced = objective.sum(1) * (targets.shape[-1] if several else 1)
    return reduced, torch.stack(sums, dim=1)


def _classes(
    logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Give the objective, the plain cross-entropy and whether the prediction is right, each (heads, batch)."""
    flat, truth, detached = logits.flatten(0, 1), targets.flatten(), logits.detach().flatten(0, 1)
    objective = F.cross_entropy(flat, truth, reduction="none", label_smoothing=smoothing).view(targets.shape)
    plain = F.cross_entropy(detached, truth, reduction="none").view(targets.shape) if smoothing else objective
    if weights is not None:
        objective = objective * weights[targets]
    right = (detached.argmax(1) == truth).view(targets.shape)
    return objective, plain, right.to(plain.dtype)


def _labels(logits: Tensor, targets: Tensor, smoothing: float, weights: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Give means over labels, each (heads, batch): objective, plain binary cross-entropy and share of right labels."""
    known = (targets != UNKNOWN).to(logits.dtype)
    count = known.sum(-1).clamp(min=1)
    truth = targets.clamp(min=0).to(logits.dtype)
    by_label = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    plain = objective = (by_label * known).sum(-1) / count
    if weights is not None:
        objective = (by_label * known * (1 + truth * (weights - 1))).sum(-1) / count
    right = (((logits.detach() > 0) == (truth > 0.5)) * known).sum(-1) / count
    return objective, plain, right
