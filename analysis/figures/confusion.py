"""Which classes are taken for which, as a map: numbers, ink and words."""

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.patches import Rectangle

from analysis.figures import axes
from analysis.numbers import confusion, format
from analysis.numbers.study_table import StudyTable

MOST = 50  # classes that a map can show
WRITTEN = 12  # classes up to which a field has its number
NAMED = 5  # confusions that words name
SHADES = matplotlib.colormaps["Greys"]
NORM = PowerNorm(0.5, 0, 1)


def data(table: StudyTable) -> pd.DataFrame:
    """The rows of `confusion.matrix`; none if there are more than `MOST` classes."""
    matrix = confusion.matrix(table)
    return matrix[matrix["size"] <= MOST]


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a field per pair of classes; the larger its share of the row, the darker it is."""
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
    """Label the axes with as many class names as fit, evenly thinned."""
    columns = axes.columns(ax)
    step = -(-size * columns // MOST)
    names = dict(zip(data["row"], data["truth"], strict=True)) | dict(zip(data["column"], data["answer"], strict=True))
    ticks = [number for number in range(0, size, step) if number in names]
    texts = [axes.shortened(names[number]) for number in ticks]
    small = 6.5 if size * columns <= 20 else 5
    ax.set_xticks(ticks, texts, rotation=90, fontsize=small)
    ax.set_yticks(ticks, texts, fontsize=small)
    ax.set_xlabel("answer")
    ax.set_ylabel("class")


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs to be about square, with room for names."""
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
    confusions = []
    for row in wrong.itertuples():
        of = data.loc[(data["panel"] == row.panel) & (data["truth"] == row.truth), "images"].sum()
        ends = confusion.share(row.images, of, row.n)
        spread = f"{ends.mean:.0%} [{ends.low:.0%}, {ends.high:.0%}]".replace("%", " %")
        where = f" ({row.panel})" if several else ""
        confusions.append(f"{row.truth} taken for {row.answer}{where} {spread} of {of / row.n:,.0f} images")
    if not confusions:
        return "No image is confused."
    return f"Largest confusions: {'; '.join(confusions)}; brackets: {confusion.KIND}."


def alt(data: pd.DataFrame) -> str:
    """The largest confusions."""
    return f"Confusion matrix, number of classes: {data['size'].iloc[0]}. {_largest(data)}"
