"""The search budget at which one contender's expected best score overtakes another's: numbers and sentences."""

from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution
from scipy.stats import bootstrap

from analysis.figures import tuning_curves
from analysis.numbers import format
from analysis.numbers.study_table import StudyTable, once

RESAMPLES = 2_000
SAME = 1e-9  # scores that differ by no more are equal, as sums of the same scores in another order are
SENTENCES = 12  # at most; the table has all pairs
KIND = f"95 % percentile interval of {RESAMPLES:,} bootstrap resamples of both cells' trials"
CAUTION = "A resample never has a better trial than the best, so that such intervals are rather too narrow"


class Pair(NamedTuple):
    """Two contenders that meet."""

    place: str  # the panel of `tuning_curves.data`
    ahead: str  # the contender whose expected best is higher at the budget
    behind: str
    budget: int  # trials that both have
    overtakes: float  # trials from which on it is higher at each budget: 1 from the start, infinite if both end equal
    low: float  # see `KIND`; infinite: not within the budget
    high: float
    share: float  # of resamples in which it is higher at the budget
    cell_ahead: str
    cell_behind: str


@once
def numbers(table: StudyTable, seed: int = 0) -> pd.DataFrame:
    """Who is ahead, and from which budget on, of each pair of contenders that meet, as far as both have trials.

    Args:
        table: the study's.
        seed: of the resamples; each cell has its own stream.

    Returns:
        One `Pair` a row, for each panel of `tuning_curves.data` and two cells with at least two scored trials each.
    """
    scores = {
        cell: group["val"].to_numpy() for cell, group in tuning_curves.scored(table).groupby("cell") if len(group) > 1
    }
    names = tuning_curves.data(table).drop_duplicates("cell")
    draws = {cell: resampled(scores[cell], np.random.default_rng([seed, place])) for place, cell in enumerate(scores)}
    pairs = []
    for panel, group in names[names["cell"].isin(scores)].groupby("panel", sort=False):
        for one, two in combinations(group.itertuples(), 2):
            budget = min(len(scores[one.cell]), len(scores[two.cell]))
            ends = [curves(scores[row.cell])[budget - 1] for row in (one, two)]
            first, last = (one, two) if ends[0] >= ends[1] else (two, one)
            gap = curves(scores[first.cell])[:budget] - curves(scores[last.cell])[:budget]
            gaps = draws[first.cell][:budget] - draws[last.cell][:budget]
            spread = np.quantile(crossing(gaps), [0.025, 0.975], method="inverted_cdf")
            pair = Pair(
                place=panel,
                ahead=first.contender,
                behind=last.contender,
                budget=budget,
                overtakes=float(crossing(gap[:, None])[0]),
                low=spread[0],
                high=spread[1],
                share=float((gaps[-1] > SAME).mean()),
                cell_ahead=first.cell,
                cell_behind=last.cell,
            )
            pairs.append(pair)
    return pd.DataFrame(pairs, columns=list(Pair._fields))


def curves(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """The expected best of 1 … m of m scores (see `tuning_curves.expected`): (m, …), the budget first."""
    ordered = np.moveaxis(np.sort(scores, axis=axis), axis, 0)
    steps = np.diff(ordered, axis=0, prepend=0)  # a score is the sum of the steps up to it
    return np.tensordot(_reached(len(ordered)), steps, axes=1)


def _reached(size: int) -> np.ndarray:
    """The probability that the best of n scores is the i-th lowest of all or above: (size, size), by n and i."""
    ns = np.arange(1, size + 1)
    above = [EmpiricalDistribution((ns > i).astype(float)).u_tuning_curve(ns) for i in range(size)]
    return np.stack(above, axis=1)


def resampled(scores: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`curves` of resamples of the scores: (m, resamples)."""
    result = bootstrap((scores,), curves, n_resamples=RESAMPLES, method="percentile", vectorized=True, rng=generator)
    return result.bootstrap_distribution


def crossing(gaps: np.ndarray) -> np.ndarray:
    """The budget from which on one curve is above another at every budget: (budgets, k) differences to (k,) trials.

    It is 1 if the curve is always above, and infinite if it is not above at the last budget.
    """
    below = gaps <= SAME
    last = len(gaps) - np.argmax(below[::-1], axis=0)  # the last budget at which it is not above, if any
    return np.where(below[-1], np.inf, np.where(below.any(axis=0), last + 1.0, 1.0))


def sentences(table: StudyTable) -> list[str]:
    """Who overtakes whom, and how many pairs keep their order; none if no two contenders meet."""
    rows = numbers(table)
    if rows.empty:
        return []
    changes = [_sentence(row) for row in rows.itertuples() if 1 < row.overtakes < np.inf]
    lines = changes[:SENTENCES]
    if len(changes) > SENTENCES:
        lines.append(f"{len(changes) - SENTENCES} further pairs change order: see tables/overtaking.csv.")
    steady, equal = int((rows["overtakes"] == 1).sum()), int(np.isinf(rows["overtakes"]).sum())
    pairs = format.plural(len(rows), "pair")
    if steady:
        lines.append(
            f"In {steady:,} of {pairs} who is ahead after one trial is not overtaken as far as both have trials."
        )
    if equal:
        lines.append(f"In {equal:,} of {pairs} both end with equal scores.")
    return [*lines, f"Brackets: {KIND}. {CAUTION}."] if changes else lines


def _sentence(row: Any) -> str:
    low, high = (f"beyond {row.budget}" if np.isinf(end) else f"{end:.0f}" for end in (row.low, row.high))
    place = "" if row.place == format.title({}) else f" ({row.place})"
    share = "all" if row.share == 1 else f"{100 * row.share:.3g} % of"
    return (
        f"{row.ahead} overtakes {row.behind}{place} at {row.overtakes:.0f} trials [{low}, {high}], and is ahead at "
        f"{row.budget} trials in {share} resamples."
    )
