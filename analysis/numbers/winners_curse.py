"""The winner's curse: how far a winner's validation score lies above that of its replicates, each with its interval.

The winner was picked for being the highest, with the luck of its seed; its replicates have fresh ones. Knows nothing of
pages, reports or files.
"""

import pandas as pd

from analysis.numbers import comparisons, format, grid, stats, summary
from analysis.numbers.memo import once


@once
def data(df: pd.DataFrame) -> pd.DataFrame:
    """The winner's validation score less that of each of its replicates, per cell.

    Returns:
        One row per replicate of a cell in which a winner was picked (at least two complete search trials, not validated
        on the test split, and fresh seeds change something): `panel`, `cell`, `row` (the cell's short name), `place`
        (of the row), `key`, `contender`, `look`, `metric`, `trial`, `val` (the replicate's), `winner` (its score),
        `mean` (of the replicates), `excess` (winner - mean), `low`, `high` (95 % t interval of `excess`; empty where n
        is 1), `n` (replicates), `picked_from` (complete search trials). Scores are at the last epoch.
    """
    best, again, metric = summary.winners(df).set_index("cell"), summary.replicates(df), summary.objective(df)
    again = again[(again["role"] == "replicate") & ~again["cell"].isin(summary.on_test(df))].dropna(subset="val")
    done = summary.trials(df)
    done = done[(done["role"] == "search") & (done["state"] == "complete")].groupby("cell")["val"].count()
    low, high = stats.bounds(metric)
    parts = [pd.DataFrame(columns=["cell", *_NUMBERS])]
    for cell, group in again.groupby("cell"):
        if done[cell] > 1 and not summary.fixed(group, "val"):
            less = stats.t_interval(best.loc[cell, "val"] - group["val"], (low - high, high - low))
            told = {"winner": best.loc[cell, "val"], "mean": group["val"].mean(), "excess": less.mean}
            told |= {"low": less.low, "high": less.high, "n": less.n, "picked_from": done[cell], "metric": metric}
            parts.append(group[["cell", "trial", "val"]].assign(**told)[["cell", *_NUMBERS]])
    found = pd.concat(parts[1:] or parts).astype({"cell": "string"})
    found = comparisons.placed(found, df).assign(panel=format.title({}))
    found.insert(2, "row", found["cell"].map(_names(df)))
    return found.assign(place=found["cell"].map({cell: n for n, cell in enumerate(found["cell"].unique())}))


def _names(df: pd.DataFrame) -> pd.Series:
    """The cells' titles without what all of them share."""
    keys = grid.grid(df).drop(columns="cell")
    same = tuple(key for key in keys if keys[key].nunique(dropna=False) == 1)
    return grid.titles(df, same if len(same) < len(keys.columns) else ())


_NUMBERS = ("metric", "trial", "val", "winner", "mean", "excess", "low", "high", "n", "picked_from")


def average(df: pd.DataFrame) -> stats.Interval:
    """The mean excess over cells, with the 95 % t interval of cells taken as independent; `n` counts cells."""
    return stats.t_interval(data(df).drop_duplicates("cell")["excess"])
