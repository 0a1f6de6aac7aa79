"""Intervals against their textbook formula, and their odd cases."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from analysis.numbers import stats


def test_t_interval_is_the_textbook_one():
    values = [0.90, 0.92, 0.91, 0.95, 0.93]
    half = scipy_stats.t.ppf(0.975, 4) * np.std(values, ddof=1) / np.sqrt(5)
    mean = sum(values) / 5
    assert stats.t_interval(values) == pytest.approx((mean, mean - half, mean + half, 5))


def test_one_value_has_a_mean_and_no_interval():
    mean, low, high, n = stats.t_interval([0.5])
    assert (mean, n) == (0.5, 1)
    assert np.isnan([low, high]).all()


def test_no_value_has_nothing():
    assert np.isnan(stats.t_interval([])[:3]).all()
    assert stats.t_interval([]).n == 0


def test_equal_values_have_zero_width():
    assert stats.t_interval([0.1, 0.1, 0.1])[1:3] == pytest.approx((0.1, 0.1), abs=1e-15)


def test_values_that_are_no_number_are_left_out():
    assert stats.t_interval([0.4, np.nan, 0.6, np.inf]) == stats.t_interval([0.4, 0.6])


def test_ends_stay_within_the_metrics_range():
    assert stats.t_interval([0.9, 1.0], stats.bounds("accuracy"))[1:3] == pytest.approx((0.0, 1.0), abs=0.4)
    assert stats.t_interval([0.9, 1.0], stats.bounds("accuracy")).high == 1.0
    assert stats.t_interval([0.9, 1.0], stats.bounds("loss")).high > 1.0


def test_overlap_knows_yes_no_and_unknown():
    one = stats.Interval(0.5, 0.4, 0.6, 5)
    assert stats.overlap(one, stats.Interval(0.65, 0.6, 0.7, 5)) is True
    assert stats.overlap(one, stats.Interval(0.75, 0.7, 0.8, 5)) is False
    assert stats.overlap(one, stats.t_interval([0.5])) is None


def newcombe(a, b):
    """Method 5 in the plainest way: the smallest and largest p on a fine grid that the point does not reject."""
    m, n = len(a), len(b)
    point = sum((x > y) + (x == y) / 2 for x in a for y in b) / (m * n)
    p = np.linspace(0, 1, 1_000_001)
    extra = (m + n) / 2 - 1
    variance = p * (1 - p) * (1 + extra * (1 - p) / (2 - p) + extra * p / (1 + p)) / (m * n)
    accepted = p[np.abs(p - point) <= 1.959964 * np.sqrt(variance)]
    return point, accepted.min(), accepted.max()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.9, 0.8, 0.85, 0.95], [0.7, 0.82, 0.9]),
        ([0.5, 0.5, 0.6], [0.5, 0.5]),
        ([3, 4, 5, 6, 7], [0, 1, 2, 2, 2]),
        ([0.1, 0.2], [0.3, 0.4]),
        ([0.5, 0.5], [0.5, 0.5]),
    ],
)
def test_improvement_is_newcombes_fifth_method(a, b):
    interval = stats.improvement(a, b)
    assert interval[:3] == pytest.approx(newcombe(a, b), abs=2e-6)
    assert interval.mean == pytest.approx(scipy_stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))


def test_improvement_keeps_a_width_where_all_are_above():
    low, high = stats.improvement([3, 4, 5, 6, 7], [0, 1, 2, 1, 2])[1:3]
    assert 0.5 < low < 0.9
    assert high == 1.0
    assert stats.improvement([5, 6], [1, 2]).low < 0.5  # two against two say nothing


@pytest.mark.parametrize("sizes", [(2, 2), (3, 7), (5, 5), (40, 3)])
def test_improvement_is_symmetric(sizes):
    draw = np.random.default_rng(3)
    a, b = (draw.normal(size=size).round(1) for size in sizes)
    one, two = stats.improvement(a, b), stats.improvement(b, a)
    assert one[:3] == pytest.approx((1 - two.mean, 1 - two.high, 1 - two.low), abs=1e-9)


def test_improvement_of_few_or_none():
    assert np.isnan(stats.improvement([], [0.1, 0.2])[:3]).all()
    p, low, high, n = stats.improvement([0.5], [0.1, 0.2])
    assert (p, n) == (1.0, 1)
    assert np.isnan([low, high]).all()
    assert stats.improvement([0.5, np.nan, 0.6], [0.1, 0.2]) == stats.improvement([0.5, 0.6], [0.1, 0.2])


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_improvement_covers_the_truth(shift):
    draw = np.random.default_rng(11)
    truth = scipy_stats.norm.cdf(shift / np.sqrt(2))
    tries = [stats.improvement(draw.normal(shift, 1, 5), draw.normal(0, 1, 5)) for _ in range(400)]
    covered = np.mean([interval.low <= truth <= interval.high for interval in tries])
    assert 0.92 <= covered <= 1.0


def test_difference_is_welchs():
    a, b = [0.90, 0.92, 0.91, 0.95], [0.80, 0.70, 0.85]
    interval = stats.difference(a, b)
    va, vb = np.var(a, ddof=1) / 4, np.var(b, ddof=1) / 3
    freedom = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
    half = scipy_stats.t.ppf(0.975, freedom) * np.sqrt(va + vb)
    mean = np.mean(a) - np.mean(b)
    assert interval == pytest.approx((mean, mean - half, mean + half, 3))


def test_difference_of_few_or_of_equal_values():
    assert stats.difference([0.5, 0.5], [0.25, 0.25]) == (0.25, 0.25, 0.25, 2)
    assert np.isnan(stats.difference([0.5], [0.1, 0.2])[1:3]).all()
    assert np.isnan(stats.difference([], [0.1])[:3]).all()
    assert stats.difference([0.0, 1.0], [0.0, 0.9], (0, 1))[1:3] == (-1.0, 1.0)


def dealt(a, b):
    """The two-sided p in the plainest way: twice the share of all ways to deal the values out that are as extreme."""
    values, size = [*a, *b], len(a)
    wins = lambda x, y: sum((one > two) + (one == two) / 2 for one in x for two in y)  # noqa: E731
    every = [set(chosen) for chosen in itertools.combinations(range(len(values)), size)]
    all_wins = [
        wins([values[i] for i in chosen], [values[i] for i in range(len(values)) if i not in chosen])
        for chosen in every
    ]
    observed = wins(a, b)
    tails = (np.mean([count >= observed for count in all_wins]), np.mean([count <= observed for count in all_wins]))
    return min(1.0, 2 * min(tails))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.9, 0.8, 0.85], [0.7, 0.82, 0.6]),
        ([4, 5, 6, 7], [0, 1, 2, 3]),
        ([1, 1, 1], [0, 0, 0]),
        ([0.5, 0.5, 0.6, 0.7], [0.5, 0.4]),
        ([0.5, 0.5], [0.5, 0.5]),
    ],
)
def test_mann_whitney_is_exact_with_ties_too(a, b):
    assert stats.mann_whitney(a, b) == pytest.approx(dealt(a, b))
    assert stats.mann_whitney(b, a) == pytest.approx(dealt(a, b))


def test_many_values_with_ties_are_approximated():
    draw = np.random.default_rng(5)
    a, b = draw.integers(0, 9, 30), draw.integers(2, 11, 30)
    assert stats.mann_whitney(a, b) == scipy_stats.mannwhitneyu(a, b, method="asymptotic").pvalue


def test_separated_needs_the_interval_and_the_test():
    three = stats.compare([4, 5, 6], [1, 2, 3])
    assert three.chance.low > 0.5  # by a thousandth
    assert (three.p, three.separated) == (pytest.approx(0.1), False)
    four = stats.compare([5, 6, 7, 8], [1, 2, 3, 4])
    assert (four.p, four.separated) == (pytest.approx(2 / 70), True)
    assert stats.compare([1, 2, 3, 4], [5, 6, 7, 8]).separated is True
    assert stats.compare([1, 3, 5, 7], [2, 4, 6, 8]).separated is False


def test_one_value_is_neither_separated_nor_not():
    comparison = stats.compare([0.5], [0.1, 0.2, 0.3])
    assert (comparison.chance.mean, comparison.separated) == (1.0, None)
    assert np.isnan(comparison.p)


@pytest.mark.parametrize(("m", "n", "can"), [(3, 3, False), (3, 4, False), (4, 4, True), (3, 5, True), (2, 8, True)])
def test_separable_is_whether_full_separation_is(m, n, can):
    assert stats.separable(m, n) is can
    assert (stats.mann_whitney(range(10, 10 + m), range(n)) < 0.05) is can


def test_paired_difference_is_scipys_and_is_the_t_interval_of_differences():
    a, b = [0.90, 0.92, 0.91, 0.95], [0.80, 0.84, 0.79, 0.88]
    interval = stats.paired_difference(zip(a, b, strict=True))
    ends = scipy_stats.ttest_rel(a, b).confidence_interval(0.95)
    assert interval == pytest.approx((np.mean(a) - np.mean(b), ends.low, ends.high, 4))
    assert interval[1:3] != pytest.approx(stats.difference(a, b)[1:3], abs=0.01)


def test_paired_difference_of_odd_pairs():
    assert np.isnan(stats.paired_difference([])[:3]).all()
    assert np.isnan(stats.paired_difference([(0.5, 0.25)])[1:3]).all()
    assert stats.paired_difference([(0.5, 0.25), (0.75, 0.5)]) == (0.25, 0.25, 0.25, 2)
    assert stats.paired_difference([(0.5, 0.25), (0.75, 0.5), (np.nan, 1)]).n == 2
    assert stats.paired_difference([(0.0, 0.9), (1.0, 0.0)], (0, 1))[1:3] == (-1.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (3, 10), (450, 1000)])
def test_share_is_wilsons(successes, n):
    p, z = successes / n, 1.959964
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    assert stats.share(successes, n) == pytest.approx((p, centre - half, centre + half, n), abs=1e-6)


def test_share_of_none_has_nothing():
    assert np.isnan(stats.share(0, 0)[:3]).all()


@pytest.mark.parametrize(
    ("low", "high", "out"),
    [(0.1, 0.2, True), (-0.2, -0.1, True), (-0.1, 0.1, False), (0.0, 0.2, False), (0.1, 0.1, False)],
)
def test_an_interval_leaves_out_0_where_it_has_a_width(low, high, out):
    assert stats.leaves_out_0(low, high) is out
    assert not stats.leaves_out_0(0.3, 0.1 + 0.2)
    assert not stats.leaves_out_0(np.nan, np.nan)
