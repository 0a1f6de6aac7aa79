"""Intervals of a mean, of a difference, of a probability of improvement, and what they allow to be said.

Knows nothing of tables, trials or figures: numbers in, numbers out.
"""

import math
import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

CONFIDENCE = 0.95
KIND = "95 % t interval of the mean"
IMPROVEMENT = (
    "P(a > b) is the probability that a replicate of a scores above a replicate of b, ties counting half: "
    "Mann–Whitney U over the number of pairs, the probability of improvement of Agarwal et al. 2021, arXiv:2108.13264. "
    "Its brackets: 95 % score-type interval, method 5 of Newcombe 2006, Statistics in Medicine 25:559–573"
)
SEPARATION = (
    "Two are called separated where the brackets of P(a > b) leave out 0.5, before rounding, and the two-sided p of "
    "the exact Mann–Whitney test is below 0.05 as well; at n = 3 each no result can separate at 95 % by that test, at "
    "n = 4 each one where all of a are above all of b does (p = 0.029)"
)
CAUTION = (
    "Intervals that do not overlap are a conservative sign of a difference; comparisons are not corrected for their "
    "number."
)
ALPHA = 0.05  # a p below it separates
WIDTH = 1e-9  # at most so wide is an interval of values that are equal but for rounding
ASSIGNMENTS = 20_000  # with ties, p is exact up to so many ways to deal the values out
SHARES = (  # metrics within [0, 1]
    *("accuracy", "balanced_accuracy", "mAP", "f1", "precision", "recall", "sensitivity", "specificity"),
    *("mAP_11point", "AP_per_image"),
)


class Interval(NamedTuple):
    """A mean with the ends of its interval; ends are nan where n < 2, all are nan where n = 0."""

    mean: float
    low: float
    high: float
    n: int


def bounds(metric: str) -> tuple[float, float]:
    """The range that a metric cannot leave: (0, 1) for shares, from 0 for a loss, all numbers for the rest."""
    return (0.0, 1.0) if metric in SHARES else (0.0 if metric == "loss" else -np.inf, np.inf)


def t_interval(values: Iterable[float], limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Student's t interval of the mean at 95 %, of values taken as independent and about normal.

    It speaks of the mean over seeds (initial weights, order, augmentation, which labels a fraction has) on these
    training and test data, not on others. Equal values give zero width; one value gives no interval (nan), because its
    spread is unknown.

    Args:
        values: (n,) floats; those that are nan are left out.
        limits: the ends are clipped to these, since a mean of shares cannot leave [0, 1].

    Source: Student 1908, Biometrika 6(1); `scipy.stats.t`.
    """
    found = _finite(values)
    if len(found) < 2:
        return Interval(float(found[0]) if len(found) else np.nan, np.nan, np.nan, len(found))
    mean = float(found.mean())
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * stats.sem(found)) if np.ptp(found) else 0.0
    low, high = np.clip([mean - half, mean + half], *limits)
    return Interval(mean, float(low), float(high), len(found))


def _finite(values: Iterable[float]) -> np.ndarray:
    found = np.asarray(list(values), dtype=float)
    return found[np.isfinite(found)]


def difference(a: Iterable[float], b: Iterable[float], limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Welch's 95 % t interval of the mean of a less the mean of b, which may spread differently.

    Args:
        a, b: (m,) and (n,) floats; those that are nan are left out.
        limits: the range of one value; the ends are clipped to that of a difference.

    Returns:
        The difference; its `n` is the smaller of both numbers. Zero width where neither spreads, no ends where m or n
        is 1.

    Source: Welch 1947, Biometrika 34(1/2):28-35; `scipy.stats.ttest_ind`.
    """
    x, y = _finite(a), _finite(b)
    n = min(len(x), len(y))
    if n < 2:
        return Interval(float(x.mean() - y.mean()) if n else np.nan, np.nan, np.nan, n)
    mean, reach = float(x.mean() - y.mean()), limits[1] - limits[0]
    if not np.ptp(x) and not np.ptp(y):
        return Interval(mean, mean, mean, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that one of both spreads little or not at all is no mistake
        found = stats.ttest_ind(x, y, equal_var=False).confidence_interval(CONFIDENCE)
    low, high = np.clip(found, -reach, reach)
    return Interval(mean, float(low), float(high), n)


def paired_difference(
    pairs: Iterable[tuple[float, float]], limits: tuple[float, float] = (-np.inf, np.inf)
) -> Interval:
    """Student's 95 % t interval of the mean difference within pairs, as of two cells' replicates of the same seed.

    What a seed does to both alike (which labels a fraction has, the order of images) is in neither end.

    Args:
        pairs: (n, 2) floats; a pair of which either is nan is left out.
        limits: the range of one value; the ends are clipped to that of a difference.

    Returns:
        The first less the second; zero width where all differ alike, no ends where n is 1.

    Source: Student 1908, Biometrika 6(1):1-25; `scipy.stats.ttest_rel` gives the same ends.
    """
    reach = limits[1] - limits[0]
    return t_interval([one - other for one, other in pairs], (-reach, reach))


def share(successes: int, n: int) -> Interval:
    """A share of n independent cases with its 95 % score interval; all nan where n is 0.

    Source: Wilson 1927, Journal of the American Statistical Association 22:209-212; `scipy.stats.binomtest`.
    """
    if not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    found = stats.binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / n, float(found.low), float(found.high), n)


def improvement(a: Iterable[float], b: Iterable[float]) -> Interval:
    """The probability that a value of a is above one of b, P(a > b) + P(a = b) / 2, with its 95 % interval.

    The point is the Mann–Whitney U over the number of pairs. The interval solves |point - p| = z sqrt(V(p)) with the
    variance of equally informative exponential samples, V(p) = p (1 - p) [1 + N (1 - p) / (2 - p) + N p / (1 + p)] /
    (m n), N = (m + n) / 2 - 1. Since V is taken at the limit and not at the point, it keeps a width where all of a are
    above all of b, and stays within [0, 1].

    Args:
        a, b: (m,) and (n,) floats, larger is better; those that are nan are left out.

    Returns:
        The probability as `mean`; `n` is the smaller of both numbers. No ends where m or n is 1, all nan where it is 0.

    Source: Newcombe 2006, Statistics in Medicine 25:559-573, method 5; as a measure of seeds: Agarwal et al. 2021,
    arXiv:2108.13264.
    """
    x, y = _finite(a), _finite(b)
    m, n = len(x), len(y)
    if not m or not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    above = x[:, None] - y[None, :]
    point = float((above > 0).mean() + (above == 0).mean() / 2)
    if min(m, n) < 2:
        return Interval(point, np.nan, np.nan, min(m, n))
    return Interval(point, 1 - _upper(1 - point, m, n), _upper(point, m, n), min(m, n))


def _upper(point: float, m: int, n: int) -> float:
    """The upper limit of a probability of improvement; the lower one is that of its complement, mirrored."""
    z, extra = stats.norm.ppf((1 + CONFIDENCE) / 2), (m + n) / 2 - 1

    def beyond(p: float) -> float:
        variance = p * (1 - p) * (1 + extra * (1 - p) / (2 - p) + extra * p / (1 + p)) / (m * n)
        return p - point - z * float(np.sqrt(variance))

    tiny = 1e-12  # both ends of [0, 1] have no variance: a point on one must not be taken for the limit
    return 1.0 if point >= 1 - tiny else _root(beyond, max(point, tiny))


def _root(function: Callable[[float], float], start: float) -> float:
    return float(optimize.brentq(function, start, 1.0, xtol=1e-12))


class Comparison(NamedTuple):
    """The probability of improvement of one sample on another, and whether that separates them."""

    chance: Interval
    p: float
    """Of `mann_whitney`; nan where either sample has one value."""
    separated: bool | None
    """None where that is unknown, as of one value."""


def compare(a: Iterable[float], b: Iterable[float]) -> Comparison:
    """Hold two samples against each other.

    They are separated where the interval of `improvement` leaves out one half and the p of `mann_whitney` is below .05:
    the interval alone leaves it out at three against three, which no exact test allows.
    """
    x, y = _finite(a), _finite(b)
    chance = improvement(x, y)
    if chance.n < 2:
        return Comparison(chance, np.nan, None)
    p = mann_whitney(x, y)
    return Comparison(chance, p, not chance.low <= 0.5 <= chance.high and p < ALPHA)


def mann_whitney(a: Iterable[float], b: Iterable[float]) -> float:
    """Give the two-sided p of the Mann-Whitney test: that a value of a is above one of b as often as below.

    It is exact: over all ways to deal the values out, ties as they are. Only with ties and more than `ASSIGNMENTS` ways
    it is the normal approximation.

    Args:
        a, b: (m,) and (n,) floats, at least one each; those that are nan are left out.

    Source: Mann and Whitney 1947, Annals of Mathematical Statistics 18:50-60; `scipy.stats.mannwhitneyu`.
    """
    x, y = _finite(a), _finite(b)
    ways, both = math.comb(len(x) + len(y), len(x)), np.concatenate([x, y])
    if len(np.unique(both)) == len(both):
        return float(stats.mannwhitneyu(x, y, method="exact").pvalue)
    if ways > ASSIGNMENTS:
        return float(stats.mannwhitneyu(x, y, method="asymptotic").pvalue)
    return float(stats.mannwhitneyu(x, y, method=stats.PermutationMethod(n_resamples=ASSIGNMENTS)).pvalue)


def leaves_out_0(low: float, high: float) -> bool:
    """Whether an interval lies above or below 0; one without width, of a few equal values, shows nothing: False."""
    return high - low > WIDTH and (low > 0 or high < 0)


def separable(m: int, n: int) -> bool:
    """Whether any m and n values at all have a `mann_whitney` p below .05: not three and three, but four and four."""
    return 2 / math.comb(m + n, m) < ALPHA


def overlap(a: Interval, b: Interval) -> bool | None:
    """Whether two intervals share a value; None where one of them is unknown.

    Disjoint 95 % intervals are a careful sign of a difference: intervals may overlap where a test would still find one.
    """
    if not np.isfinite([a.low, a.high, b.low, b.high]).all():
        return None
    return a.low <= b.high and b.low <= a.high
