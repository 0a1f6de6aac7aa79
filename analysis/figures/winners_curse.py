"""The winner's curse: the winner's validation score beside those of its replicates, as ink and words."""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.figures import looks
from analysis.numbers import format, stats
from analysis.numbers.winners_curse import data

__all__ = ("alt", "caption", "data", "height", "plot")

ROW = 0.19  # inches of height
KIND = "95 % t interval of the mean over replicates"


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a row per cell: replicates as dots around their mean, the winner as a star, and a line between both."""
    for row in data.drop_duplicates("cell").itertuples():
        look = looks.look(row.look)
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
        ax.xaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_xlabel(f"validation {data['metric'].iloc[0]}\nless the replicates' mean{' (points)' * share}")


def _marks(data: pd.DataFrame, ax: Axes) -> None:
    cells = data.drop_duplicates("cell")
    grey: dict[str, Any] = {"s": 13, "facecolor": "none", "edgecolor": "0.25", "lw": 0.8, "zorder": 4}
    star: dict[str, Any] = {"marker": "*", "s": 90, "edgecolor": "black", "lw": 0.7, "zorder": 5}
    ax.scatter(data["val"] - data["mean"], data["place"], label="replicates", **grey)
    colours = [looks.look(look).colour for look in cells["look"]]
    ax.scatter(cells["excess"], cells["place"], color=colours, label="winner", **star)


def height(data: pd.DataFrame) -> float:
    """Inches that the rows need."""
    return 1.3 + ROW * data["cell"].nunique()


def caption(data: pd.DataFrame) -> str:
    """What the marks are, and over how many trials."""
    cells = data.drop_duplicates("cell")
    return (
        f"Validation {data['metric'].iloc[0]} at the last epoch, per cell, less the mean of the cell's replicates. "
        f"Star: the winner, the highest of {format.counts(cells['picked_from'])} complete search trials; circles: its "
        f"n = {format.counts(cells['n'])} replicates, the same values with fresh seeds; bar: {KIND}. A star right of "
        "its bar owes part of its score to its seed: the winner's curse."
    )


def alt(data: pd.DataFrame) -> str:
    """Every cell's excess in words."""
    cells = [
        f"{row.row} {format.spread(stats.Interval(row.excess, row.low, row.high, row.n), row.metric)}"
        for row in data.drop_duplicates("cell").itertuples()
    ]
    return f"The winner's validation {data['metric'].iloc[0]} less the mean of its replicates: {'; '.join(cells)}."
