"""The figures of classes: a confusion matrix as a map, and each class's recall and precision.

Knows the numbers of `confusion`; knows nothing of pages, reports or files.
"""

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures import looks
from analysis.numbers import confusion, format, stats

MOST = 50  # classes that a map can show
WRITTEN = 12  # classes up to which a field has its number
NAMED = 5  # classes, or confusions, that words name
NONE = "the table has no counts of answers of a winner's replicates"
SHADES = matplotlib.colormaps["Greys"]
NORM = PowerNorm(0.5, 0, 1)


def data(whole: pd.DataFrame) -> pd.DataFrame:
    """The rows of `confusion.matrix`; none where there are more classes than a map can show."""
    found = confusion.matrix(whole)
    return found[found["size"] <= MOST]


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """A field per pair of classes, the darker the larger its share of the row."""
    size = int(data["size"].iloc[0])
    for row in data.itertuples():
        corner, shade = (row.column - 0.5, row.row - 0.5), float(NORM(row.share))
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=SHADES(shade), lw=0))
        if size <= WRITTEN and row.share >= 0.005:
            ink: dict[str, Any] = {"color": "white" if shade > 0.6 else "black", "ha": "center", "va": "center"}
            ax.text(row.column, row.row, f"{100 * row.share:.0f}", size=5.5, **ink)
    ax.set_xlim(-0.5, size - 0.5)
    ax.set_ylim(size - 0.5, -0.5)
    ax.set_aspect("equal")
    ax.grid(visible=False)
    _names(data, ax, size)


def _names(data: pd.DataFrame, ax: Axes, size: int) -> None:
    """As many class names as fit, evenly thinned."""
    place = ax.get_subplotspec()
    columns = 1 if place is None else place.get_gridspec().ncols
    step = -(-size * columns // MOST)
    known = dict(zip(data["row"], data["truth"], strict=True)) | dict(zip(data["column"], data["answer"], strict=True))
    shown = [number for number in range(0, size, step) if number in known]
    texts = [_short(known[number]) for number in shown]
    small = 6.5 if size * columns <= 20 else 5
    ax.set_xticks(shown, texts, rotation=90, fontsize=small)
    ax.set_yticks(shown, texts, fontsize=small)
    ax.set_xlabel("answer")
    ax.set_ylabel("class")


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs: about square with room for names."""
    return 5.0 if data["panel"].nunique() == 1 else 2.6


def caption(data: pd.DataFrame) -> str:
    """What a field is, and the largest confusions with their intervals."""
    thin = " Only some classes are named on the axes." if data["size"].iloc[0] * data["panel"].nunique() > MOST else ""
    return (
        "Test images of each class (row) by the answer that they got (column), of the highest cell of each place, over "
        f"its n = {format.counts(data['n'])} replicates; shade: share of the row, on a square-root scale so that small "
        f"shares show.{thin} {_largest(data)}"
    )


def _largest(data: pd.DataFrame) -> str:
    """The largest shares of wrong answers: `stop taken for yield 12 % [5 %, 25 %] of 50 images`."""
    wrong = data[data["truth"] != data["answer"]].sort_values("share", ascending=False, kind="stable").head(NAMED)
    several = data["panel"].nunique() > 1
    told = []
    for row in wrong.itertuples():
        of = data.loc[(data["panel"] == row.panel) & (data["truth"] == row.truth), "images"].sum()
        ends = confusion.share(row.images, of, row.n)
        spread = f"{ends.mean:.0%} [{ends.low:.0%}, {ends.high:.0%}]".replace("%", " %")
        where = f" ({row.panel})" if several else ""
        told.append(f"{row.truth} taken for {row.answer}{where} {spread} of {of / row.n:,.0f} images")
    return f"Largest confusions: {'; '.join(told)}; brackets: {confusion.KIND}." if told else "No image is confused."


def alt(data: pd.DataFrame) -> str:
    """The largest confusions."""
    return f"Confusion matrix, number of classes: {data['size'].iloc[0]}. {_largest(data)}"


def classes_plot(data: pd.DataFrame, ax: Axes) -> None:
    """Each class's recall with its interval, the lowest first, and its precision beside; the lowest are named."""
    look = looks.look(data["look"].iloc[0])
    reach = [data["recall"] - data["recall_low"], data["recall_high"] - data["recall"]]
    line: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "ms": 3, "elinewidth": 0.8}
    ax.errorbar(data["rank"] + 1, data["recall"], yerr=reach, **line)
    hollow: dict[str, Any] = {"marker": "x", "s": 12, "color": "0.35", "lw": 0.8, "zorder": 3}
    ax.scatter(data["rank"] + 1, data["precision"], label="precision", **hollow)
    _lowest_named(data, ax)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.set_xlabel("classes, the lowest recall first")
    ax.yaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_ylabel("test recall (%)")


def _lowest_named(data: pd.DataFrame, ax: Axes) -> None:
    """The classes of the lowest recall in a box, below where the highest have their intervals."""
    told = [f"{_short(row.truth)} {100 * row.recall:.0f}" for row in data.head(NAMED).itertuples()]
    lowest = float(data[["recall_low", "precision"]].min(axis=None))
    ax.update_datalim([(1, max(lowest - 0.4 * (1 - lowest), 0))])
    ax.autoscale_view()
    box: dict[str, Any] = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "0.7", "lw": 0.5}
    said = "lowest recall, from left:\n" + "\n".join(told)
    ax.text(0.97, 0.04, said, transform=ax.transAxes, ha="right", va="bottom", size=6, bbox=box, zorder=5)


def classes_caption(data: pd.DataFrame) -> str:
    """What the points are, over how many images and replicates."""
    return (
        "Recall of each class on the test split, the lowest first, of the highest cell of each place: the share of its "
        f"images that got it as answer; over {format.counts(data['images'])} images a class and n = "
        f"{format.counts(data['n'])} replicates. Bars: {confusion.KIND}. Crosses: precision, the share of these "
        f"answers that are right. {_lowest(data)}"
    )


def _lowest(data: pd.DataFrame) -> str:
    told = []
    for panel, rows in data.groupby("panel", sort=False):
        each = [
            f"{row.truth} {format.spread(stats.Interval(row.recall, row.recall_low, row.recall_high, row.n), 'recall')}"
            for row in rows.head(NAMED).itertuples()
        ]
        told.append(f"{panel}: {', '.join(each)}" if data["panel"].nunique() > 1 else ", ".join(each))
    return f"Lowest recall (%): {'; '.join(told)}."


def classes_alt(data: pd.DataFrame) -> str:
    """The classes with the lowest recall."""
    return f"Recall and precision per class. {_lowest(data)}"
