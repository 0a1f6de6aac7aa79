"""The winner's curse: how far a winner's validation score lies above that of its replicates, each with its interval.

The winner was picked for being the highest, with the luck of its seed; its replicates have fresh ones. Knows nothing of
pages, reports or files.
"""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis import grid, places, stats, style, summary
from analysis.once import once

ROW = 0.19  # inches of height
KIND = "95 % t interval of the mean over replicates"


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
    found = places.placed(found, df).assign(panel=style.title({}))
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


def sentences(df: pd.DataFrame) -> list[str]:
    """How much the winners' validation scores lean upwards, over all cells; nothing without such a cell."""
    found, metric = average(df), summary.objective(df)
    if not found.n:
        return []
    points = " points" if metric in stats.SHARES else ""
    whose, n = "winners' validation {} lies {} above that of their replicates on average", f"{found.n} cells"
    if found.n == 1:
        row = next(data(df).drop_duplicates("cell").itertuples())
        found = stats.Interval(row.excess, row.low, row.high, row.n)
        whose, n = "winner's validation {} lies {} above that of its replicates", str(row.n)
    lies = whose.format(metric, style.spread(found, metric) + points)
    return [f"Picked for being the highest, the {lies} (n = {n}){_verdict(found)}."]


def _verdict(found: stats.Interval) -> str:
    if pd.isna(found.low):
        return ", without an interval"
    return "" if found.low > 0 or found.high < 0 else ", an interval that includes 0"


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One row per cell: its replicates as dots around their mean, its winner as a star, a line between both."""
    for row in data.drop_duplicates("cell").itertuples():
        look = style.look(row.look)
        ax.plot([0, row.excess], [row.place, row.place], color=look.colour, lw=1.4, zorder=2)
        reach = [[row.excess - row.low], [row.high - row.excess]]
        if not pd.isna(row.low):
            ax.errorbar(0, row.place, xerr=reach, color="black", capsize=2.5, elinewidth=1, zorder=3)
    _marks(data, ax)
    ax.axvline(0, color="0.3", lw=0.8)
    cells = data.drop_duplicates("cell")
    names = cells["row"].str.replace("only ", "only\u00a0")
    ax.set_yticks(cells["place"], [textwrap.fill(name, 34) for name in names])
    ax.set_ylim(len(cells) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    share = data["metric"].iloc[0] in stats.SHARES
    if share:
        ax.xaxis.set_major_formatter(FuncFormatter(style.hundredths))
    ax.set_xlabel(f"validation {data['metric'].iloc[0]}\nless the replicates' mean{' (points)' * share}")


def _marks(data: pd.DataFrame, ax: Axes) -> None:
    cells = data.drop_duplicates("cell")
    grey: dict[str, Any] = {"s": 13, "facecolor": "none", "edgecolor": "0.25", "lw": 0.8, "zorder": 4}
    star: dict[str, Any] = {"marker": "*", "s": 90, "edgecolor": "black", "lw": 0.7, "zorder": 5}
    ax.scatter(data["val"] - data["mean"], data["place"], label="replicates", **grey)
    colours = [style.look(look).colour for look in cells["look"]]
    ax.scatter(cells["excess"], cells["place"], color=colours, label="winner", **star)


def height(data: pd.DataFrame) -> float:
    """Inches that the rows need."""
    return 1.3 + ROW * data["cell"].nunique()


def caption(data: pd.DataFrame) -> str:
    """What the marks are, and over how many trials."""
    cells = data.drop_duplicates("cell")
    return (
        f"Validation {data['metric'].iloc[0]} at the last epoch, per cell, less the mean of the cell's replicates. "
        f"Star: the winner, the highest of {style.counts(cells['picked_from'])} complete search trials; circles: its "
        f"n = {style.counts(cells['n'])} replicates, the same values with fresh seeds; bar: {KIND}. A star right of "
        "its bar owes part of its score to its seed: the winner's curse."
    )


def alt(data: pd.DataFrame) -> str:
    """Every cell's excess in words."""
    told = [
        f"{row.row} {style.spread(stats.Interval(row.excess, row.low, row.high, row.n), row.metric)}"
        for row in data.drop_duplicates("cell").itertuples()
    ]
    return f"The winner's validation {data['metric'].iloc[0]} less the mean of its replicates: {'; '.join(told)}."
