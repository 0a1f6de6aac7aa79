"""Intervals by resampling groups: resamples score as the metrics do, differences are paired, and intervals cover."""

import numpy as np
import pytest

from study.training import metrics, resampling

DRAW = np.random.default_rng(0)
ONE = DRAW.integers(0, 4, 60)
SEVERAL = DRAW.integers(-1, 2, (60, 4))


@pytest.mark.parametrize("name", resampling.SCORERS)
def test_a_resample_scores_as_the_metric_does_on_the_repeated_images(name):
    targets = SEVERAL if name == "mAP" else ONE
    scores = DRAW.normal(size=(60, 4)).round(1)  # with ties
    counts = DRAW.integers(0, 3, (5, 60)).astype(np.float32)
    found = resampling.SCORERS[name](scores, targets)(counts)
    for row, value in zip(counts.astype(int), found, strict=True):
        repeated = np.repeat(np.arange(60), row)
        assert value == pytest.approx(metrics.metric(name)(scores[repeated], targets[repeated]), abs=1e-5)


def test_every_metric_of_a_task_has_a_scorer():
    from study.data import tasks

    assert {tasks.load(name).METRIC for name in tasks.names()} <= set(resampling.SCORERS)


def answers(right: np.ndarray) -> np.ndarray:
    """Logits of two classes where the truth is 0."""
    return np.stack([right, ~right], 1).astype(float)


def test_equal_networks_are_behind_by_nothing():
    right = answers(DRAW.random(100) < 0.7)
    found = resampling.intervals([right, right], np.zeros(100, int), np.arange(100), "accuracy")
    assert found.behind[1] == (0, 0, 0)
    assert found.as_good == [True, True]


def test_a_difference_is_paired():
    first = DRAW.random(300) < 0.6
    second = first.copy()
    second[np.flatnonzero(first)[:15]] = False  # wrong on 15 images that the other has right, on no other
    found = resampling.intervals([answers(first), answers(second)], np.zeros(300, int), np.arange(300), "accuracy")
    assert found.behind[1].value == pytest.approx(0.05)
    assert found.behind[1].low > 0.02
    assert found.scores[0].low < found.scores[1].high  # though their own intervals overlap
    assert found.as_good == [True, False]


def test_images_of_one_group_count_as_one():
    right = np.repeat(DRAW.random(20) < 0.5, 10)
    alone, grouped = (
        resampling.intervals([answers(right)], np.zeros(200, int), groups, "accuracy").scores[0]
        for groups in (np.arange(200), np.repeat(np.arange(20), 10))
    )
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


@pytest.mark.slow
@pytest.mark.parametrize("metric", resampling.SCORERS)
def test_intervals_of_scores_and_differences_cover(metric):
    """200 data sets of 300 images in pairs; the truth is the score on 20,000 images."""
    draw, inside = np.random.default_rng(1), []

    def images(groups: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
        targets = np.repeat(draw.integers(0, 3, groups), 2)
        hot = np.eye(3)[targets]
        shared = np.repeat(draw.normal(size=(groups, 3)), 2, axis=0)
        scores = [skill * hot + shared + draw.normal(size=hot.shape) for skill in (1.5, 1.2)]
        return (hot.astype(int) if metric == "mAP" else targets), np.repeat(np.arange(groups), 2), scores

    targets, _, scores = images(10_000)
    truth = [metrics.metric(metric)(each, targets) for each in scores]
    for _ in range(200):
        targets, groups, scores = images(150)
        found = resampling.intervals(scores, targets, groups, metric)
        if found.best == 0:
            gap = truth[0] - truth[1]
            inside.append([found.scores[0].low <= truth[0] <= found.scores[0].high,
                           found.behind[1].low <= gap <= found.behind[1].high])  # fmt: skip
    covered = np.mean(inside, axis=0)
    print(metric, covered, len(inside))
    assert (covered > 0.9).all()
