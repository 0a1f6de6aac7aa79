"""What a search's budget buys: the best score to expect of so many trials, with bands; numbers, ink and words.

Knows the search trials of a table; knows nothing of who overtakes whom (see `overtaking`), of pages, reports or files.
"""

import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from opda.nonparametric import EmpiricalDistribution

from analysis.figures import axes, looks
from analysis.numbers import comparisons, format, grid, stats, summary
from analysis.numbers.memo import once

AXES = {"trials": "search trials", "epochs": "epochs spent on search"}
KIND = "95 % simultaneous confidence band over all budgets"
SOURCE = "Lourie et al. 2023, arXiv:2311.09480, by opda"
PRUNED = (
    "A pruned trial counts with its last score, which is a lower bound of what it would have reached; failed and "
    "running trials are left out"
)
SIMULATED = 64  # trials up to which the tighter bands are simulated, which takes memory and seconds by their number
SEED = 0


@once
def scored(df: pd.DataFrame) -> pd.DataFrame:
    """The search trials that have ended with a score: `cell`, `trial`, `state`, `epoch` (the last), `val`, `regime`."""
    found = summary.trials(df)
    ended = (found["role"] == "search") & found["state"].isin(["complete", "pruned"])
    return found.loc[ended, ["cell", "regime", "trial", "state", "epoch", "val"]].dropna(subset=["epoch", "val"])


@once
def data(df: pd.DataFrame, against: str = "trials") -> pd.DataFrame:
    """The best validation score to expect of the first n search trials of each cell, had they come in any other order.

    Args:
        df: a study's table.
        against: trials or epochs; of epochs nothing is given where a trial takes as many on average in all cells, as
            the curves would be the same.

    Returns:
        One row per cell and n from 1 to its number of trials: `panel` (what else is compared), `cell`, `key`,
        `contender`, `look`, `regime`, `trials` (n), `epochs` (n times the mean of the cell's trials), `split`,
        `metric`, `mean` (unbiased), `low`, `high` (see `expected`), `n` (trials of the cell), `pruned` (of these).
    """
    found, metric, rows = scored(df), summary.objective(df), []
    if against == "epochs" and found.groupby("cell")["epoch"].mean().round(6).nunique() < 2:
        found = found.iloc[:0]
    for cell, group in found.groupby("cell", sort=False):
        each, pruned = float(group["epoch"].mean()), int((group["state"] == "pruned").sum())
        for trials, *ends in expected(group["val"], stats.bounds(metric)).itertuples(index=False):
            about = (cell, group["regime"].iloc[0], int(trials), trials * each, "val", metric)
            rows.append((*about, *ends, len(group), pruned))
    columns = ["cell", "regime", "trials", "epochs", "split", "metric", "mean", "low", "high", "n", "pruned"]
    placed = comparisons.placed(pd.DataFrame(rows, columns=columns).astype({"cell": "string"}), df, ())
    ranks = {panel: number for number, panel in enumerate(grid.meetings(df, grid.contender(df)))}
    return placed.sort_values("panel", key=lambda panels: panels.map(ranks), kind="stable").reset_index(drop=True)


def by_epochs(df: pd.DataFrame) -> pd.DataFrame:
    """`data` against epochs."""
    return data(df, "epochs")


def expected(scores: Iterable[float], limits: tuple[float, float]) -> pd.DataFrame:
    """The expected maximum of n of some scores, as of independent draws, with its band.

    Args:
        scores: (m,) floats, larger is better.
        limits: what no score can be below or above. The band needs them: of what lies beyond the best that was seen,
            m draws say only how rare it is.

    Returns:
        One row per n = 1 … m: `trials` (n), `mean` (over all subsets of n; at m it is the best), `low`, `high` (ends of
        the 95 % simultaneous band; empty where the limit is infinite or m = 1).

    Source: Lourie et al. 2023, arXiv:2311.09480; the mean: Tang et al. 2020, arXiv:2004.13705.
    """
    found = np.asarray(list(scores), dtype=float)
    ns = np.arange(1, len(found) + 1)
    mean = EmpiricalDistribution(found).u_tuning_curve(ns)
    ends = np.full((2, len(ns)), np.nan)
    if len(found) > 1:
        above, _, below = _bands(found, limits)
        ends = np.stack([below.average_tuning_curve(ns), above.average_tuning_curve(ns)])
    return pd.DataFrame({"trials": ns, "mean": mean, "low": ends[0], "high": ends[1]}).replace(
        [np.inf, -np.inf], np.nan
    )


def _bands(found: np.ndarray, limits: tuple[float, float]) -> tuple[EmpiricalDistribution, ...]:
    """The lower band of the distribution, the distribution, and its upper band, which bounds the maximum from below."""
    low, high = limits  # scores that are not what their metric's name says have no limits
    ends = (low if found.min() >= low else -np.inf, high if found.max() <= high else np.inf)
    method = "ld_equal_tailed" if len(found) <= SIMULATED else "ks"
    given = {"generator": _generator(len(found)), "method": method, "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of equal scores, which only make the bands wider than need be
        return EmpiricalDistribution.confidence_bands(found, stats.CONFIDENCE, *ends, **given)


@cache
def _generator(size: int) -> np.random.Generator:
    """One for each number of scores, which opda simulates once by it: a band is the same whatever came before."""
    return np.random.default_rng([SEED, size])


def plot(data: pd.DataFrame, ax: Axes, against: str = "trials") -> None:
    """One line per contender, and a thin one at its band's lower end, which the axis holds at full budget."""
    for name, rows in data.groupby("contender", sort=False):
        look, x = looks.look(rows["look"].iloc[0]), rows[against].astype(float)
        alone: dict[str, Any] = {"marker": look.marker} if len(rows) == 1 else {}  # one point makes no line
        ax.plot(x, rows["mean"], color=look.colour, ls=look.dash, lw=1.8, label=str(name), **alone)
        seen, low = ax.dataLim.frozen(), rows["low"].astype(float)
        ax.plot(x, low, color=look.colour, ls=look.dash, lw=0.7)
        ax.dataLim.set(seen)
        if np.isfinite(low.iloc[-1]):
            ax.update_datalim([(x.iloc[-1], low.iloc[-1])])
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel(AXES[against])
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame, against: str = "trials") -> str:
    """What lines and bands are, over how many trials, and how those that were pruned count."""
    by = {"trials": "number of trials", "epochs": "epochs (number of trials times the mean that one took in the cell)"}
    each = data.drop_duplicates("cell")
    return (
        f"Best validation {data['metric'].iloc[0]} to expect of a search against its {by[against]}, one line per "
        f"{data['key'].iloc[0]}: mean of the best over all choices of so many out of the cell's n = "
        f"{format.counts(data['n'])} trials. {PRUNED} ({each['pruned'].sum():,} of {each['n'].sum():,} were pruned). "
        f"Thin, where the axis goes so low: lower end of the {KIND} ({SOURCE}). {_above(data)}The band takes trials "
        "for independent draws, which those of a sampler that learns are not; and a fresh search, which has yet to "
        "learn, would do worse at small budgets."
    )


def _above(data: pd.DataFrame) -> str:
    """What the upper end of the bands says, which is not drawn."""
    high = data.drop_duplicates("cell", keep="last")["high"].dropna()
    if high.empty:
        return "Without both limits of a score, or of one trial, there is no band. "
    metric = data["metric"].iloc[0]
    least = format.score(high.min(), metric) + " %" * (metric in stats.SHARES)
    return (
        f"Its upper end is not drawn: at full budget it is {least} or more in all cells, as few trials exclude little. "
    )


def alt(data: pd.DataFrame, against: str = "trials") -> str:
    """Where each line begins and ends."""
    first, last = (data.drop_duplicates("cell", keep=keep).set_index("cell") for keep in ("first", "last"))
    told = [
        f"{row.contender} ({row.panel}) {format.score(first.loc[cell, 'mean'], row.metric)} to "
        f"{format.score(row.mean, row.metric)} at {getattr(row, against):.4g}"
        for cell, row in zip(last.index, last.itertuples(), strict=True)
    ]
    return f"Expected best validation {format.unit(data['metric'].iloc[0])} by {AXES[against]}: {'; '.join(told)}."
