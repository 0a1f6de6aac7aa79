"""When an axis is logarithmic, and where its ticks are."""

import pandas as pd
import pytest

from analysis.figures import axes


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (2e-4, 4e-3, (3e-4, 1e-3, 3e-3)),
        (1e-5, 1e-1, (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)),
        (1.1e-3, 2.9e-3, (0.0015, 0.002, 0.0025)),
    ],
)
def test_an_axis_of_few_decades_has_more_than_powers_of_ten(low, high, ticks):
    places = axes.Ticks(numticks=6).tick_values(low, high)
    assert [tick for tick in places if low * 0.999 < tick < high * 1.001] == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("values", "log"),
    [([1e-4, 1e-2], True), ([0.1, 0.5], False), ([0.0, 1.0, 100.0], False), ([None, 1e-5, 1.0], True), ([], False)],
)
def test_values_over_decades_are_logarithmic(values, log):
    assert axes.logarithmic(pd.Series(values, dtype="float64")) == log
    assert not axes.logarithmic(pd.Series([1, 1000], dtype="Int64"))
