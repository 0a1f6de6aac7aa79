"""Scores of frozen networks on the same folds of the training and validation images, in their order."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from study.data import splits
from study.training import probe, resampling
from study.training.resampling import Intervals

if TYPE_CHECKING:
    from study.data.prepare import TaskData

LARGEST = 5000
"""Most images that probes are fitted to and tested on; of more, whole groups are drawn, stratified by class."""


class Exam(NamedTuple):
    """The images and folds that all networks are examined on."""

    rows: np.ndarray
    """Positions among the training images, then those of validation."""
    targets: np.ndarray
    groups: np.ndarray
    folds: list[probe.Fold]
    metric: str
    classes: tuple[str, ...]

    @property
    def trained_on(self) -> int:
        """Images that a fold's probe is fitted to, on average."""
        return round(float(np.mean([len(fold.train) for fold in self.folds])))

    @property
    def scarce(self) -> list[str]:
        """Classes with fewer groups than folds."""
        return [self.classes[label] for label in probe.scarce(self.targets, self.groups)]


class Answers(NamedTuple):
    """What the probes of one network answered on each image, when it was in no fold that they were fitted to."""

    linear: np.ndarray
    neighbours: np.ndarray
    seconds: float


class Ranking(NamedTuple):
    """Intervals of both probes, in the order of the networks as they were named."""

    linear: Intervals
    neighbours: Intervals

    @property
    def order(self) -> list[int]:
        """Networks by the linear probe, the best first; the earlier one first where two are equal."""
        return sorted(range(len(self.linear.scores)), key=lambda number: -self.linear.scores[number].value)


def exam(data: "TaskData", seed: int) -> Exam:
    """Choose images and folds. A probe is fitted to as many images as a trial of a study has labelled.

    Raises:
        UserError: there are too few groups for the folds.
    """
    targets = np.concatenate([data.train.targets, data.val.targets])
    groups = np.concatenate([data.train.groups, data.val.groups])
    rows, share = np.arange(len(targets)), min(1.0, LARGEST / len(targets))
    if share < 1:
        rows = splits.draw(targets, groups, share, seed)
    folds = probe.folds(targets[rows], groups[rows], round(share * len(data.train.index)), seed)
    return Exam(rows, targets[rows], groups[rows], folds, data.metric, data.classes)


def answers(features: np.ndarray, examined: Exam, cpus: int = 1) -> Answers:
    """Fit both probes in each fold.

    Args:
        features: (training and validation images, width) float32.
        examined: images and folds.
        cpus: folds that are fitted side by side, each with one thread: matrices are so small that a busy machine takes
            twenty times as long with two threads in each.
    """
    start, values = time.perf_counter(), features[examined.rows]
    shape = (len(values), len(examined.classes))
    linear, neighbours = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def fit(fold: probe.Fold) -> None:
        linear[fold.test] = probe.linear(values, examined.targets, shape[1], fold, examined.groups)
        neighbours[fold.test] = probe.neighbours(values, examined.targets, shape[1], fold)

    with probe.quiet(), threadpool_limits(1), ThreadPoolExecutor(cpus) as pool:
        list(pool.map(fit, examined.folds))
    return Answers(linear, neighbours, time.perf_counter() - start)


def ranked(all_answers: Sequence[Answers], examined: Exam) -> Ranking:
    """Compare networks by their answers on the same images."""
    by_probe = ([each.linear for each in all_answers], [each.neighbours for each in all_answers])
    linear, neighbours = (
        resampling.intervals(each, examined.targets, examined.groups, examined.metric) for each in by_probe
    )
    return Ranking(linear, neighbours)
