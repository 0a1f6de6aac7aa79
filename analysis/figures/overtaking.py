"""The search budget at which one contender's expected best score overtakes another's: numbers and sentences.

Knows the search trials of a table; knows nothing of figures, reports or files.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution
from scipy.stats import bootstrap

from analysis.figures import tuning_curves
from analysis.numbers import format
from analysis.numbers.memo import once

RESAMPLES = 2_000
SAME = 1e-9  # scores that differ by no more are equal: sums of the same scores in another order do
SENTENCES = 12  # at most; further ones are left to the table
KIND = f"95 % percentile interval of {RESAMPLES:,} bootstrap resamples of both cells' trials"
CAUTION = "A resample never has a better trial than the best, so that such intervals are rather too narrow"


@once
def numbers(df: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Every pair of contenders that meet, as far as both have trials: who is ahead in the end, and from when on.

    Args:
        df: a study's table.
        seed: of the resamples; each cell has a stream of its own.

    Returns:
        One row per panel of `tuning.data` and pair of cells with at least two scored trials each: `place`, `ahead` (the
        contender whose expected best is higher at the budget), `behind`, `budget` (trials that both have), `overtakes`
        (trials from which on it is higher at each budget: 1 from the start, infinite where both end equal), `low`,
        `high` (see `KIND`; infinite: not within the budget), `share` (of resamples in which it is higher at the
        budget), `cell_ahead`, `cell_behind`.
    """
    scores = {
        cell: group["val"].to_numpy() for cell, group in tuning_curves.scored(df).groupby("cell") if len(group) > 1
    }
    names = tuning_curves.data(df).drop_duplicates("cell")
    draws = {cell: resampled(scores[cell], np.random.default_rng([seed, place])) for place, cell in enumerate(scores)}
    rows = []
    for panel, group in names[names["cell"].isin(scores)].groupby("panel", sort=False):
        for one, two in combinations(group.itertuples(), 2):
            budget = min(len(scores[one.cell]), len(scores[two.cell]))
            ends = [curves(scores[each.cell])[budget - 1] for each in (one, two)]
            first, last = (one, two) if ends[0] >= ends[1] else (two, one)
            gap = curves(scores[first.cell])[:budget] - curves(scores[last.cell])[:budget]
            gaps = draws[first.cell][:budget] - draws[last.cell][:budget]
            spread = np.quantile(crossing(gaps), [0.025, 0.975], method="inverted_cdf")
            told = (panel, first.contender, last.contender, budget, float(crossing(gap[:, None])[0]), *spread)
            rows.append((*told, float((gaps[-1] > SAME).mean()), first.cell, last.cell))
    columns = ["place", "ahead", "behind", "budget", "overtakes", "low", "high", "share", "cell_ahead", "cell_behind"]
    return pd.DataFrame(rows, columns=columns)


def curves(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """The expected best of 1 … m of m scores (see `tuning.expected`): (m, …), the budget first."""
    ordered = np.moveaxis(np.sort(scores, axis=axis), axis, 0)
    steps = np.diff(ordered, axis=0, prepend=0)  # a score is the sum of the steps up to it
    return np.tensordot(_reached(len(ordered)), steps, axes=1)


def _reached(size: int) -> np.ndarray:
    """How probable it is that the best of so many is the i-th lowest of all or above: (size, size), by number and i."""
    ns = np.arange(1, size + 1)
    above = [EmpiricalDistribution((ns > i).astype(float)).u_tuning_curve(ns) for i in range(size)]
    return np.stack(above, axis=1)


def resampled(scores: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`curves` of resamples of the scores: (m, resamples)."""
    found = bootstrap((scores,), curves, n_resamples=RESAMPLES, method="percentile", vectorized=True, rng=generator)
    return found.bootstrap_distribution


def crossing(gaps: np.ndarray) -> np.ndarray:
    """From which budget on a curve is above another at every one: (budgets, k) differences to (k,) trials.

    1 where it always is; infinite where it is not at the last.
    """
    below = gaps <= SAME
    last = len(gaps) - np.argmax(below[::-1], axis=0)  # the last budget at which it is not above, where there is one
    return np.where(below[-1], np.inf, np.where(below.any(axis=0), last + 1.0, 1.0))


def sentences(df: pd.DataFrame) -> list[str]:
    """Who overtakes whom, and how many pairs keep their order; none where no two contenders meet."""
    found = numbers(df)
    if found.empty:
        return []
    told = [_sentence(row) for row in found.itertuples() if 1 < row.overtakes < np.inf]
    said = told[:SENTENCES]
    if len(told) > SENTENCES:
        said.append(f"{len(told) - SENTENCES} further pairs change order: see tables/overtaking.csv.")
    kept, equal = int((found["overtakes"] == 1).sum()), int(np.isinf(found["overtakes"]).sum())
    pairs = format.plural(len(found), "pair")
    if kept:
        said.append(f"In {kept:,} of {pairs} who is ahead after one trial is not overtaken as far as both have trials.")
    if equal:
        said.append(f"In {equal:,} of {pairs} both end with equal scores.")
    return [*said, f"Brackets: {KIND}. {CAUTION}."] if told else said


def _sentence(row: Any) -> str:
    low, high = (f"beyond {row.budget}" if np.isinf(end) else f"{end:.0f}" for end in (row.low, row.high))
    place = "" if row.place == format.title({}) else f" ({row.place})"
    share = "all" if row.share == 1 else f"{100 * row.share:.3g} % of"
    return (
        f"{row.ahead} overtakes {row.behind}{place} at {row.overtakes:.0f} trials [{low}, {high}], and is ahead at "
        f"{row.budget} trials in {share} resamples."
    )
