"""The recall and precision of each class: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures import axes, looks
from analysis.numbers import confusion, format, stats

NAMED = 5  # classes that the picture and the words name

data = confusion.scores


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw each class's recall with its interval, the lowest first, and its precision; name the lowest."""
    look = looks.look(data["look"].iloc[0])
    reach = [data["recall"] - data["recall_low"], data["recall_high"] - data["recall"]]
    line: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "ms": 3, "elinewidth": 0.8}
    ax.errorbar(data["rank"] + 1, data["recall"], yerr=reach, **line)
    hollow: dict[str, Any] = {"marker": "x", "s": 12, "color": "0.35", "lw": 0.8, "zorder": 3}
    ax.scatter(data["rank"] + 1, data["precision"], label="precision", **hollow)
    _name_lowest(data, ax)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("classes, the lowest recall first")
    ax.yaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_ylabel("test recall (%)")


def _name_lowest(data: pd.DataFrame, ax: Axes) -> None:
    """Write the classes of the lowest recall in a box, below the intervals of the highest."""
    recalls = [f"{axes.shortened(row.truth)} {100 * row.recall:.0f}" for row in data.head(NAMED).itertuples()]
    lowest = float(data[["recall_low", "precision"]].min(axis=None))
    ax.update_datalim([(1, max(lowest - 0.4 * (1 - lowest), 0))])
    ax.autoscale_view()
    box: dict[str, Any] = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "0.7", "lw": 0.5}
    text = "lowest recall, from left:\n" + "\n".join(recalls)
    ax.text(0.97, 0.04, text, transform=ax.transAxes, ha="right", va="bottom", size=6, bbox=box, zorder=5)


def caption(data: pd.DataFrame) -> str:
    """What the points are, over how many images and replicates."""
    return (
        "Recall of each class on the test split, the lowest first, of the highest cell of each place: the share of its "
        f"images that got it as answer; over {format.counts(data['images'])} images a class and n = "
        f"{format.counts(data['n'])} replicates. Bars: {confusion.KIND}. Crosses: precision, the share of these "
        f"answers that are right. {_lowest(data)}"
    )


def _lowest(data: pd.DataFrame) -> str:
    """A sentence with each panel's lowest recalls and their intervals."""
    panels = []
    for panel, rows in data.groupby("panel", sort=False):
        recalls = ", ".join(
            f"{row.truth} {format.spread(stats.Interval(row.recall, row.recall_low, row.recall_high, row.n), 'recall')}"
            for row in rows.head(NAMED).itertuples()
        )
        panels.append(f"{panel}: {recalls}" if data["panel"].nunique() > 1 else recalls)
    return f"Lowest recall (%): {'; '.join(panels)}."


def alt(data: pd.DataFrame) -> str:
    """The classes with the lowest recall."""
    return f"Recall and precision per class. {_lowest(data)}"
