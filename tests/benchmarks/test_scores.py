"""Scores are compared where all ways have them, and disagree where intervals do not meet."""

import pytest

from benchmarks import _scores


def curve(*scores, depth=0, baseline=True):
    return [
        {"trial": 0, "depth": depth, "baseline": baseline, "epoch": epoch, "accuracy": score}
        for epoch, score in enumerate(scores)
    ]


def test_the_last_epoch_that_all_have():
    records = {"ours": curve(0.0, 0.1, 0.2, 0.9), "ray": curve(0.0, 0.1, 0.3)}
    found = _scores.compare([records], 100)
    assert {way: score.mean for way, score in found.scores.items()} == {"ours": 0.2, "ray": 0.3}
    assert found.largest == pytest.approx(0.1)
    assert found.epochs == (2, 2)


def test_depths_are_averaged_and_other_trials_left_out():
    ours = [*curve(0, 0.2), *curve(0, 0.4, depth=1), *curve(0, 1.0, baseline=False)]
    found = _scores.compare([{"ours": ours, "ray": ours}], 100)
    assert (found.pairs, found.scores["ours"].mean) == (2, pytest.approx(0.3))


def test_binomial_error():
    score = _scores.compare([{"ours": curve(0, 0.5)}], 100).scores["ours"]
    assert score.high - score.low == pytest.approx(2 * 1.96 * 0.05)


@pytest.mark.parametrize(("other", "holds"), [(0.55, True), (0.8, False)])
def test_agreement(other, holds):
    assert _scores.compare([{"ours": curve(0, 0.5), "ray": curve(0, other)}], 400).holds is holds


def test_nothing_in_common():
    assert _scores.compare([{"ours": curve(0, 0.5), "ray": curve(0.1)}], 100) is None
    assert _scores.compare([], 100) is None
