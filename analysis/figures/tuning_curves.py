"""What a search's budget buys: the expected best score of so many trials, with bands; numbers, ink and words.

Knows the search trials of a table; knows nothing of who overtakes whom (see `overtaking`).
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
from analysis.numbers import comparisons, format, grid, stats
from analysis.numbers.study_table import StudyTable, once

AXES = {"trials": "search trials", "epochs": "epochs spent on search"}
KIND = "95 % simultaneous confidence band over all budgets"
SOURCE = "Lourie et al. 2023, arXiv:2311.09480, by opda"
PRUNED = (
    "A pruned trial counts with its last score, which is a lower bound of what it would have reached; failed and "
    "running trials are left out"
)
SIMULATED = 64  # trials up to which the tighter bands are simulated; time and memory grow with their number
SEED = 0


@once
def scored(table: StudyTable) -> pd.DataFrame:
    """The search trials that have ended with a score: `cell`, `trial`, `state`, `epoch` (the last), `val`, `regime`."""
    trials = table.trials
    ended = (trials["role"] == "search") & trials["state"].isin(["complete", "pruned"])
    return trials.loc[ended, ["cell", "regime", "trial", "state", "epoch", "val"]].dropna(subset=["epoch", "val"])


@once
def data(table: StudyTable, against: str = "trials") -> pd.DataFrame:
    """The expected best validation score of the first n search trials of each cell, over all orders of its trials.

    Args:
        table: the study's.
        against: trials or epochs. By epochs there is no row if a trial takes as many on average in all cells, as the
            curves would be the same.

    Returns:
        One row per cell and n from 1 to its number of trials: `panel` (what else is compared), `cell`, `key`,
        `contender`, `look`, `regime`, `trials` (n), `epochs` (n times the mean of the cell's trials), `split`,
        `metric`, `mean` (unbiased), `low`, `high` (see `expected`), `n` (trials of the cell), `pruned` (of these).
    """
    ended, metric, rows = scored(table), table.objective, []
    if against == "epochs" and ended.groupby("cell")["epoch"].mean().round(6).nunique() < 2:
        ended = ended.iloc[:0]
    for cell, group in ended.groupby("cell", sort=False):
        epochs, pruned = float(group["epoch"].mean()), int((group["state"] == "pruned").sum())
        for trials, *ends in expected(group["val"], stats.bounds(metric)).itertuples(index=False):
            budget = (cell, group["regime"].iloc[0], int(trials), trials * epochs, "val", metric)
            rows.append((*budget, *ends, len(group), pruned))
    columns = ["cell", "regime", "trials", "epochs", "split", "metric", "mean", "low", "high", "n", "pruned"]
    placed = comparisons.placed(pd.DataFrame(rows, columns=columns).astype({"cell": "string"}), table, ())
    ranks = {panel: number for number, panel in enumerate(grid.meetings(table.grid, table.contender))}
    return placed.sort_values("panel", key=lambda panels: panels.map(ranks), kind="stable").reset_index(drop=True)


def by_epochs(table: StudyTable) -> pd.DataFrame:
    """`data` against epochs."""
    return data(table, "epochs")


def expected(scores: Iterable[float], limits: tuple[float, float]) -> pd.DataFrame:
    """The expected maximum of n of some scores, as of independent draws, with its band.

    Args:
        scores: (m,) floats, larger is better.
        limits: the lowest and the highest possible score. The band needs them: m draws show only how rare scores
            above their best are, not how high.

    Returns:
        One row per n = 1 … m: `trials` (n), `mean` (over all subsets of n; at m it is the best), `low`, `high` (ends of
        the 95 % simultaneous band; empty if the limit is infinite or m = 1).

    Source: Lourie et al. 2023, arXiv:2311.09480; the mean: Tang et al. 2020, arXiv:2004.13705.
    """
    values = np.asarray(list(scores), dtype=float)
    ns = np.arange(1, len(values) + 1)
    mean = EmpiricalDistribution(values).u_tuning_curve(ns)
    ends = np.full((2, len(ns)), np.nan)
    if len(values) > 1:
        above, _, below = _bands(values, limits)
        ends = np.stack([below.average_tuning_curve(ns), above.average_tuning_curve(ns)])
    return pd.DataFrame({"trials": ns, "mean": mean, "low": ends[0], "high": ends[1]}).replace(
        [np.inf, -np.inf], np.nan
    )


def _bands(scores: np.ndarray, limits: tuple[float, float]) -> tuple[EmpiricalDistribution, ...]:
    """The lower band of the distribution, the distribution, and its upper band, which bounds the maximum from below."""
    low, high = limits  # a score outside the limits of its metric has none
    ends = (low if scores.min() >= low else -np.inf, high if scores.max() <= high else np.inf)
    method = "ld_equal_tailed" if len(scores) <= SIMULATED else "ks"
    options = {"generator": _generator(len(scores)), "method": method, "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of equal scores, which only make the bands wider than needed
        return EmpiricalDistribution.confidence_bands(scores, stats.CONFIDENCE, *ends, **options)


@cache
def _generator(size: int) -> np.random.Generator:
    """One generator per number of scores, as opda simulates once for each: no band depends on earlier ones."""
    return np.random.default_rng([SEED, size])


def plot(data: pd.DataFrame, ax: Axes, against: str = "trials") -> None:
    """Draw a line per contender, and a thin one at its band's lower end, which the axis includes at full budget."""
    for name, rows in data.groupby("contender", sort=False):
        look, x = looks.look(rows["look"].iloc[0]), rows[against].astype(float)
        mark: dict[str, Any] = {"marker": look.marker} if len(rows) == 1 else {}  # one point makes no line
        ax.plot(x, rows["mean"], color=look.colour, ls=look.dash, lw=1.8, label=str(name), **mark)
        limits, low = ax.dataLim.frozen(), rows["low"].astype(float)
        ax.plot(x, low, color=look.colour, ls=look.dash, lw=0.7)
        ax.dataLim.set(limits)
        if np.isfinite(low.iloc[-1]):
            ax.update_datalim([(x.iloc[-1], low.iloc[-1])])
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel(AXES[against])
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame, against: str = "trials") -> str:
    """What lines and bands are, over how many trials, and how pruned trials count."""
    by = {"trials": "number of trials", "epochs": "epochs (number of trials times the mean that one took in the cell)"}
    cells = data.drop_duplicates("cell")
    return (
        f"Best validation {data['metric'].iloc[0]} to expect of a search against its {by[against]}, one line per "
        f"{data['key'].iloc[0]}: mean of the best over all choices of so many out of the cell's n = "
        f"{format.counts(data['n'])} trials. {PRUNED} ({cells['pruned'].sum():,} of {cells['n'].sum():,} were pruned). "
        f"Thin, where the axis goes so low: lower end of the {KIND} ({SOURCE}). {_above(data)}The band takes trials "
        "for independent draws, which those of a sampler that learns are not; and a fresh search, which has yet to "
        "learn, would do worse at small budgets."
    )


def _above(data: pd.DataFrame) -> str:
    """A sentence on the upper end of the bands, which is not drawn."""
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
    lines = [
        f"{row.contender} ({row.panel}) {format.score(first.loc[cell, 'mean'], row.metric)} to "
        f"{format.score(row.mean, row.metric)} at {getattr(row, against):.4g}"
        for cell, row in zip(last.index, last.itertuples(), strict=True)
    ]
    return f"Expected best validation {format.unit(data['metric'].iloc[0])} by {AXES[against]}: {'; '.join(lines)}."
