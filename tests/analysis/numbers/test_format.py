"""Numbers as short texts."""

import numpy as np
import pytest

from analysis.numbers import format, stats


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0031, "0.0031"), (1.24e-5, "1.2e-5"), (1e-4, "1e-4"), (3, "3"), ("adamw", "adamw"), (None, "–"), (0.0, "0")],
)
def test_numbers_are_short(value, text):
    assert format.number(value) == text


def test_powers_of_ten():
    assert [format.power(rate) for rate in (1e-3, 0.002, 0.0025)] == ["10⁻³", "2·10⁻³", "0.0025"]


def test_an_end_that_rounds_to_one_half_keeps_its_digits():
    assert format.probability(stats.Interval(1, 0.50101, 1, 3)) == "1.00 [0.501, 1.00]"
    assert format.probability(stats.Interval(0.75, 0.5, 0.4999, 3)) == "0.75 [0.50, 0.4999]"
    assert format.probability(stats.Interval(0.7, 0.45, 0.9, 3)) == "0.70 [0.45, 0.90]"


@pytest.mark.parametrize(("p", "text"), [(2 / 70, "0.0286"), (0.1, "0.1"), (1, "1"), (1e-5, "< 0.0001"), (np.nan, "–")])
def test_a_p_is_short(p, text):
    assert format.p_value(p) == text
