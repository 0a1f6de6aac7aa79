"""Intervals against their textbook formula, and their odd cases."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from analysis import stats


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
