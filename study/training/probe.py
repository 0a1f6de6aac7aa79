"""kNN and linear probes of frozen features by cross-validation in whole groups. Knows no network and no file.

Source: kNN weighted by similarity as in Wu et al. 2018, arXiv:1805.01978, §3.4; a linear probe by L-BFGS whose strength
of regularization is chosen on held-out images as in Radford et al. 2021, arXiv:2103.00020, appendix A.3.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from scipy import optimize, special
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from study.data import splits
from study.errors import UserError
from study.training import metrics

FOLDS = 5
NEIGHBOURS = 10
TEMPERATURE = 0.07
"""Of the neighbours' votes: a neighbour weighs exp(cosine / TEMPERATURE)."""
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Of the loss against the penalty (scikit-learn's C), on standardized features; the smallest regularizes most."""
CHOICE = 2000
"""Most images that choose the strength in a fold."""
LIMITS = {"maxiter": 100, "ftol": 1e-7}
"""Of L-BFGS; to stop early regularizes a little more."""
ENOUGH = 0.95
"""From this share on, a fold trains on all its images rather than on a draw of them."""


class Fold(NamedTuple):
    """One fold of the cross-validation, as positions among the images."""

    train: np.ndarray
    test: np.ndarray


def folds(targets: np.ndarray, groups: np.ndarray, labelled: int, seed: int) -> list[Fold]:
    """Cut images into folds, stratified by class, in whole groups.

    Args:
        targets: (n,) int, the class of each image; or (n, labels) of 0, 1 and -1 (unknown).
        groups: (n,) int; images of one group are in one fold.
        labelled: images that a fold may train on; of more, whole groups are drawn, stratified.
        seed: of the folds and the draws.

    Raises:
        UserError: fewer than two classes have as many groups as there are folds.
    """
    _refuse_few(targets, groups)
    cuts = []
    with quiet():
        whole = _cut(strata(targets), groups, seed)
    for train, test in whole:
        share = labelled / len(train)
        drawn = splits.draw(targets[train], groups[train], share, seed) if share < ENOUGH else slice(None)
        cuts.append(Fold(train[drawn], test))
    return cuts


def strata(targets: np.ndarray) -> np.ndarray:
    """Give each image's class; of several labels the rarest that it has, and one more class for images without any."""
    if targets.ndim == 1:
        return targets
    has = targets == 1
    by_rarity = np.argsort(has.sum(0), kind="stable")
    first = by_rarity[has[:, by_rarity].argmax(1)]
    return np.where(has.any(1), first, targets.shape[1])


def neighbours(features: np.ndarray, targets: np.ndarray, classes: int, fold: Fold) -> np.ndarray:
    """Score a fold's test images by the labels of their nearest training images.

    Args:
        features: (n, width) float.
        targets: as of `folds`.
        classes: their number.
        fold: of the images.

    Returns:
        (test images, classes) float32: the share of the neighbours' votes.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    votes = (np.eye(classes, dtype=np.float32)[targets] if targets.ndim == 1 else (targets == 1))[fold.train]
    count, answers = min(NEIGHBOURS, len(fold.train)), []
    for rows in np.array_split(fold.test, -(-len(fold.test) // 1000)):
        cosine = unit[rows] @ unit[fold.train].T
        nearest = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
        weights = np.exp((np.take_along_axis(cosine, nearest, 1) - 1) / TEMPERATURE)
        answers.append((weights[..., None] * votes[nearest]).sum(1) / weights.sum(1, keepdims=True))
    return np.concatenate(answers).astype(np.float32)


def linear(features: np.ndarray, targets: np.ndarray, classes: int, fold: Fold, groups: np.ndarray) -> np.ndarray:
    """Score a fold's test images by logistic regression, one a label where an image may have several.

    Features are standardized by the fold's training images. The strength is the one with the lowest loss on a fifth of
    these images' groups.

    Returns:
        (test images, classes) float32, larger is surer.
    """
    train = features[fold.train]
    mean, deviation = train.mean(0), train.std(0)
    scaled = ((features - mean) / np.where(deviation > 1e-6, deviation, 1)).astype(np.float32)
    if len(train) < scaled.shape[1]:  # the penalty does not change under rotation: this leaves the fit as it is
        scaled = scaled @ np.linalg.svd(scaled[fold.train], full_matrices=False)[2].T
    strengths = STRENGTHS[: 1 + _strength(scaled, targets, classes, fold.train, groups)]
    return logits(scaled[fold.test], _path(scaled[fold.train], targets[fold.train], classes, strengths)[-1])


def fit(
    features: np.ndarray, targets: np.ndarray, classes: int, strength: float, start: np.ndarray | None = None
) -> np.ndarray:
    """Fit logistic regression by L-BFGS: the sum of losses times `strength`, and half the squared weights.

    Args:
        features: (n, width) float32.
        targets: (n,) int for softmax; or (n, classes) of 0, 1 and -1 (left out) for a sigmoid a label.
        classes: their number.
        strength: as scikit-learn's C.
        start: weights to start from, such as those of a smaller strength.

    Returns:
        (width + 1, classes) weights, the last row is the bias, which is not penalized.
    """
    truth = np.eye(classes, dtype=np.float32)[targets] if targets.ndim == 1 else (targets == 1).astype(np.float32)
    known = np.float32(1) if targets.ndim == 1 else (targets >= 0).astype(np.float32)
    shape = (features.shape[1] + 1, classes)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        scores = logits(features, weights)
        if targets.ndim == 1:
            normalizer = special.logsumexp(scores, axis=1, keepdims=True)
            losses, errors = normalizer - (scores * truth).sum(1, keepdims=True), np.exp(scores - normalizer) - truth
        else:
            losses = known * (np.logaddexp(0, scores) - scores * truth)
            errors = known * (special.expit(scores) - truth)
        gradient = np.concatenate([features.T @ errors, errors.sum(0, keepdims=True)]) * strength
        gradient[:-1] += weights[:-1]
        value = strength * float(losses.sum(dtype=np.float64)) + 0.5 * float(np.square(weights[:-1]).sum())
        return value, gradient.astype(np.float64).ravel()

    begin = np.zeros(shape) if start is None else start
    solution = optimize.minimize(objective, begin.ravel(), jac=True, method="L-BFGS-B", options=LIMITS)
    return np.asarray(solution.x).reshape(shape)


def logits(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give (n, classes) float32 logits."""
    return features @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)


def _path(features: np.ndarray, targets: np.ndarray, classes: int, strengths: Sequence[float]) -> list[np.ndarray]:
    """Fit with one strength after the other, each from the weights of the one before."""
    fits: list[np.ndarray] = []
    for strength in strengths:
        fits.append(fit(features, targets, classes, strength, fits[-1] if fits else None))
    return fits


def _strength(features: np.ndarray, targets: np.ndarray, classes: int, train: np.ndarray, groups: np.ndarray) -> int:
    """Choose among `STRENGTHS`, by its number; the first where too few groups are left to choose."""
    if len(train) > CHOICE:
        train = train[splits.draw(targets[train], groups[train], CHOICE / len(train), 0)]
    if len(np.unique(groups[train])) < FOLDS:
        return 0
    inner, held = (train[part] for part in _cut(strata(targets[train]), groups[train], 0)[0])
    fits = _path(features[inner], targets[inner], classes, STRENGTHS)
    return int(np.argmin([metrics.loss(logits(features[held], weights), targets[held]) for weights in fits]))


def _cut(labels: np.ndarray, groups: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    alone = len(np.unique(groups)) == len(groups)
    kind = StratifiedKFold if alone else StratifiedGroupKFold  # the second takes seconds for thousands of groups
    cuts = kind(FOLDS, shuffle=True, random_state=seed % 2**32).split(
        np.zeros(len(labels)), labels, None if alone else groups
    )
    return [(train, test) for train, test in cuts if len(test)]


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out scikit-learn's warning of a class with fewer groups than folds, which is reported.

    Filters of warnings are those of the whole process: what runs in several threads is put in one such context.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def scarce(targets: np.ndarray, groups: np.ndarray) -> list[int]:
    """List the classes with fewer groups than folds; some folds do not train on them, or do not test them."""
    columns = [targets == label for label in range(targets.max() + 1)] if targets.ndim == 1 else list(targets.T == 1)
    return [label for label, has in enumerate(columns) if 0 < len(np.unique(groups[has])) < FOLDS]


def _refuse_few(targets: np.ndarray, groups: np.ndarray) -> None:
    columns = list(targets.T == 1) if targets.ndim == 2 else [targets == label for label in np.unique(targets)]
    enough = [has for has in columns if len(np.unique(groups[has])) >= FOLDS]
    if len(enough) < (2 if targets.ndim == 1 else 1):
        most = f"{len(targets)} images in {len(np.unique(groups))} groups for training and validation"
        needed = "two classes with" if targets.ndim == 1 else "a label with"
        raise UserError(f"{most}: cross-validation in {FOLDS} folds needs at least {needed} {FOLDS} groups each")
