"""Intervals of a mean, a difference or a probability of improvement, and what they allow to conclude.

Numbers in, numbers out: knows no tables and no trials.
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
WIDTH = 1e-9  # the widest interval of values that are equal up to rounding
ASSIGNMENTS = 20_000  # with ties, p is exact up to this many ways to deal the values out
SHARES = (  # metrics within [0, 1]
    *("accuracy", "balanced_accuracy", "mAP", "f1", "precision", "recall", "sensitivity", "specificity"),
    *("mAP_11point", "AP_per_image"),
)


class Interval(NamedTuple):
    """A mean with the ends of its interval; the ends are nan if n < 2, all three if n = 0."""

    mean: float
    low: float
    high: float
    n: int


def bounds(metric: str) -> tuple[float, float]:
    """The range of a metric: (0, 1) for shares, from 0 for a loss, unbounded for the rest."""
    return (0.0, 1.0) if metric in SHARES else (0.0 if metric == "loss" else -np.inf, np.inf)


def t_interval(values: Iterable[float], limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Student's t interval of the mean at 95 %, for values taken as independent and about normal.

    It covers the mean over seeds (initial weights, order, augmentation, the labels in a fraction) on these training and
    test data, not on others. Equal values give zero width. One value gives no interval (nan), because its spread is
    unknown.

    Args:
        values: (n,) floats; nan values are left out.
        limits: the ends are clipped to these, since a mean of shares cannot leave [0, 1].

    Source: Student 1908, Biometrika 6(1); `scipy.stats.t`.
    """
    x = _finite(values)
    if len(x) < 2:
        return Interval(float(x[0]) if len(x) else np.nan, np.nan, np.nan, len(x))
    mean = float(x.mean())
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(x) - 1) * stats.sem(x)) if np.ptp(x) else 0.0
    low, high = np.clip([mean - half, mean + half], *limits)
    return Interval(mean, float(low), float(high), len(x))


def _finite(values: Iterable[float]) -> np.ndarray:
    array = np.asarray(list(values), dtype=float)
    return array[np.isfinite(array)]


def difference(a: Iterable[float], b: Iterable[float], limits: tuple[float, float] = (-np.inf, np.inf)) -> Interval:
    """Welch's 95 % t interval of the mean of a minus the mean of b, whose variances may differ.

    Args:
        a, b: (m,) and (n,) floats; nan values are left out.
        limits: the range of one value; the ends are clipped to the range of a difference.

    Returns:
        The difference; its `n` is the smaller of m and n. Zero width if all values of a are equal and all of b are;
        no ends if m or n is 1.

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
        warnings.simplefilter("ignore", RuntimeWarning)  # one sample may have little or no variance
        ends = stats.ttest_ind(x, y, equal_var=False).confidence_interval(CONFIDENCE)
    low, high = np.clip(ends, -reach, reach)
    return Interval(mean, float(low), float(high), n)


def paired_difference(
    pairs: Iterable[tuple[float, float]], limits: tuple[float, float] = (-np.inf, np.inf)
) -> Interval:
    """Student's 95 % t interval of the mean difference within pairs, such as two cells' replicates of the same seed.

    Effects that a seed has on both alike (the labels in a fraction, the order of images) cancel out.

    Args:
        pairs: (n, 2) floats; a pair with a nan is left out.
        limits: the range of one value; the ends are clipped to the range of a difference.

    Returns:
        The first minus the second; zero width if all differences are equal, no ends if n is 1.

    Source: Student 1908, Biometrika 6(1):1-25; `scipy.stats.ttest_rel` gives the same ends.
    """
    reach = limits[1] - limits[0]
    return t_interval([one - other for one, other in pairs], (-reach, reach))


def share(successes: int, n: int) -> Interval:
    """A share of n independent cases with its 95 % score interval; all nan if n is 0.

    Source: Wilson 1927, Journal of the American Statistical Association 22:209-212; `scipy.stats.binomtest`.
    """
    if not n:
        return Interval(np.nan, np.nan, np.nan, 0)
    ends = stats.binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / n, float(ends.low), float(ends.high), n)


def improvement(a: Iterable[float], b: Iterable[float]) -> Interval:
    """The probability that a value of a is above one of b, P(a > b) + P(a = b) / 2, with its 95 % interval.

    The point is the Mann–Whitney U over the number of pairs. The interval solves |point - p| = z sqrt(V(p)) with the
    variance of equally informative exponential samples, V(p) = p (1 - p) [1 + N (1 - p) / (2 - p) + N p / (1 + p)] /
    (m n), N = (m + n) / 2 - 1. Since V is evaluated at the limit and not at the point, the interval has a width even if
    all of a are above all of b, and stays within [0, 1].

    Args:
        a, b: (m,) and (n,) floats, larger is better; nan values are left out.

    Returns:
        The probability as `mean`; `n` is the smaller of m and n. No ends if m or n is 1; all nan if m or n is 0.

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
    """The upper limit of a probability of improvement; the lower limit mirrors the complement's upper one."""
    z, extra = stats.norm.ppf((1 + CONFIDENCE) / 2), (m + n) / 2 - 1

    def beyond(p: float) -> float:
        variance = p * (1 - p) * (1 + extra * (1 - p) / (2 - p) + extra * p / (1 + p)) / (m * n)
        return p - point - z * float(np.sqrt(variance))

    tiny = 1e-12  # the variance is 0 at both ends of [0, 1]; a point there must not be taken for the limit
    return 1.0 if point >= 1 - tiny else _root(beyond, max(point, tiny))


def _root(function: Callable[[float], float], start: float) -> float:
    return float(optimize.brentq(function, start, 1.0, xtol=1e-12))


class Comparison(NamedTuple):
    """The probability of improvement of one sample on another, and whether that separates them."""

    chance: Interval
    p: float
    """Of `mann_whitney`; nan if either sample has one value."""
    separated: bool | None
    """None if unknown, because either sample has one value."""


def compare(a: Iterable[float], b: Iterable[float]) -> Comparison:
    """Compare two samples.

    They are separated if the interval of `improvement` excludes one half and the p of `mann_whitney` is below .05. The
    interval alone can exclude one half at three against three, where no exact test separates.
    """
    x, y = _finite(a), _finite(b)
    chance = improvement(x, y)
    if chance.n < 2:
        return Comparison(chance, np.nan, None)
    p = mann_whitney(x, y)
    return Comparison(chance, p, not chance.low <= 0.5 <= chance.high and p < ALPHA)


def mann_whitney(a: Iterable[float], b: Iterable[float]) -> float:
    """The two-sided p of the Mann-Whitney test of the hypothesis that P(a > b) = P(a < b).

    It is exact, over all ways to deal the values out, with ties. With ties and more than `ASSIGNMENTS` ways it is the
    normal approximation.

    Args:
        a, b: (m,) and (n,) floats, at least one each; nan values are left out.

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
    """Whether an interval lies above or below 0; False if it has no width, since a few equal values prove nothing."""
    return high - low > WIDTH and (low > 0 or high < 0)


def separable(m: int, n: int) -> bool:
    """Whether m and n values can have a `mann_whitney` p below .05: three and three cannot, four and four can."""
    return 2 / math.comb(m + n, m) < ALPHA


def overlap(a: Interval, b: Interval) -> bool | None:
    """Whether two intervals share a value; None if either is unknown.

    Disjoint 95 % intervals are a conservative sign of a difference. A test may find one even if the intervals overlap.
    """
    if not np.isfinite([a.low, a.high, b.low, b.high]).all():
        return None
    return a.low <= b.high and b.low <= a.high
