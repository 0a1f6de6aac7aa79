"""Scores are compared in pairs, where both ways have them; they disagree where the difference is sure and large."""

import pytest

from benchmarks import _scores


def curve(*scores, depth=0, baseline=True):
    return [
        {"trial": 0, "depth": depth, "baseline": baseline, "epoch": epoch, "accuracy": score}
        for epoch, score in enumerate(scores)
    ]


def repeats(*differences):
    return [(curve(0, 0.5 + difference), curve(0, 0.5)) for difference in differences]


def test_the_last_epoch_that_both_have():
    found = _scores.compare([(curve(0.0, 0.1, 0.2, 0.9), curve(0.0, 0.1, 0.3))], 100)
    assert found.scores == (0.2, 0.3)
    assert found.mean == pytest.approx(-0.1)
    assert found.epochs == (2, 2)


def test_each_depth_is_a_pair_and_other_trials_are_left_out():
    ours = [*curve(0, 0.2), *curve(0, 0.4, depth=1), *curve(0, 1.0, baseline=False)]
    found = _scores.compare([(ours, ours)], 100)
    assert (found.pairs, found.mean) == (2, 0)
    assert found.scores[0] == pytest.approx(0.3)


def test_interval_of_many_pairs():
    found = _scores.compare(repeats(0.01, 0.02, 0.03), 100)
    assert found.mean == pytest.approx(0.02)
    assert found.high - found.mean == pytest.approx(4.3027 * 0.01 / 3**0.5, rel=1e-4)  # Student's t, 2 degrees


def test_of_many_comparisons_each_has_a_wider_interval():
    one, eight = (_scores.compare(repeats(0.01, 0.02, 0.03), 100, comparisons) for comparisons in (1, 8))
    assert one.mean == eight.mean
    assert eight.high - eight.mean == pytest.approx(12.5897 * 0.01 / 3**0.5, rel=1e-4)  # t at 1 - .05 / 16


def test_one_pair_has_the_error_of_the_images():
    found = _scores.compare(repeats(0.0), 100)
    assert found.high == pytest.approx(1.96 * (2 * 0.25 / 100) ** 0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("differences", "holds"),
    [((0.05,), True), ((0.3,), False), ((0.05, 0.05, 0.05), False), ((0.01, 0.01, 0.01), True), ((0, 0.1, -0.1), True)],
)
def test_agreement(differences, holds):
    assert _scores.compare(repeats(*differences), 400).holds is holds


def test_nothing_in_common():
    assert _scores.compare([(curve(0, 0.5), curve(0.1))], 100) is None
    assert _scores.compare([], 100) is None
