"""The winner's curse: how far a winner's validation score lies above that of its replicates, each with its interval.

The winner was picked as the highest, with the luck of its seed. Its replicates have fresh seeds.
"""

import pandas as pd

from analysis.numbers import comparisons, format, grid, stats, summary
from analysis.numbers.study_table import StudyTable, once

_COLUMNS = ("cell", "metric", "trial", "val", "winner", "mean", "excess", "low", "high", "n", "picked_from")


@once
def data(table: StudyTable) -> pd.DataFrame:
    """The winner's validation score minus that of each of its replicates, per cell.

    Returns:
        One row per replicate of a cell in which a winner was picked (at least two complete search trials, not validated
        on the test split, and fresh seeds change something): `panel`, `cell`, `row` (the cell's short name), `place`
        (position of the row), `key`, `contender`, `look`, `metric`, `trial`, `val` (the replicate's), `winner` (its
        score), `mean` (of the replicates), `excess` (winner - mean), `low`, `high` (95 % t interval of `excess`; empty
        where n is 1), `n` (replicates), `picked_from` (complete search trials). Scores are at the last epoch.
    """
    winners, replicates, metric = table.winners.set_index("cell"), table.replicates, table.objective
    replicates = replicates[(replicates["role"] == "replicate") & ~replicates["cell"].isin(table.on_test)]
    search = table.trials
    search = search[(search["role"] == "search") & (search["state"] == "complete")]
    picked_from, (low, high) = search.groupby("cell")["val"].count(), stats.bounds(metric)
    parts = []
    for cell, group in replicates.dropna(subset="val").groupby("cell"):
        if picked_from[cell] > 1 and not summary.fixed(group, "val"):
            winner = winners.loc[cell, "val"]
            excess = stats.t_interval(winner - group["val"], (low - high, high - low))
            numbers = {"winner": winner, "mean": group["val"].mean(), "excess": excess.mean}
            numbers |= {"low": excess.low, "high": excess.high, "n": excess.n, "picked_from": picked_from[cell]}
            parts.append(group[["cell", "trial", "val"]].assign(**numbers, metric=metric)[[*_COLUMNS]])
    rows = pd.concat(parts or [pd.DataFrame(columns=[*_COLUMNS])]).astype({"cell": "string"})
    rows = comparisons.placed(rows, table).assign(panel=format.title({}))
    rows.insert(2, "row", rows["cell"].map(_names(table)))
    return rows.assign(place=rows["cell"].map({cell: n for n, cell in enumerate(rows["cell"].unique())}))


def _names(table: StudyTable) -> pd.Series:
    """The cells' titles without the keys whose value all cells share."""
    same = grid.alike(table.grid)
    return table.titles(same if len(same) < len(table.grid.columns) - 1 else ())


def average(table: StudyTable) -> stats.Interval:
    """The mean excess over cells, with its 95 % t interval; cells are taken as independent, and `n` counts them."""
    return stats.t_interval(data(table).drop_duplicates("cell")["excess"])
