"""The figure of score against label fraction: `data` gives its numbers, `plot` draws them on an Axes.

Knows nothing of pages, captions, files or reports.
"""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from analysis.figures import looks, plots
from analysis.numbers import comparisons, format, summary

MARGIN = 0.1  # of the axis, beyond the smallest and the largest label fraction
LONG = 10  # characters of a name that fit beside others
DODGE = 0.014  # how far contenders stand apart at one fraction, as a share of the axis, so that intervals show

data = comparisons.scored


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One line per contender over label fractions, level where it reads no label; dots where there is one fraction."""
    if data["label_fraction"].nunique() < 2:
        _dots(data, ax)
        return
    untrained = data["regime"].isin(summary.UNTRAINED)
    for name, rows in data[untrained].groupby("contender", sort=False):
        look = looks.look(rows["look"].iloc[0])
        ax.axhline(rows["mean"].mean(), color=look.colour, ls=look.dash, lw=1.8, label=str(name))
    lines = list(data[~untrained].groupby("contender", sort=False))
    width = data["label_fraction"].max() / data["label_fraction"].min()
    for place, (name, rows) in enumerate(lines):
        rows = rows.sort_values("label_fraction")
        x = rows["label_fraction"] * width ** (DODGE * (place - (len(lines) - 1) / 2))
        _interval(ax, x, rows, {"linestyle": looks.look(rows["look"].iloc[0]).dash, "label": str(name)})
    ticks = sorted(data["label_fraction"].dropna().unique())
    ax.set_xscale("log")
    ax.set_xlim(ticks[0] / width**MARGIN, ticks[-1] * width**MARGIN)
    _fraction_ticks(ax, data)
    plots.score_axis(ax, data)


def _fraction_ticks(ax: Axes, data: pd.DataFrame) -> None:
    """Label each fraction with its per cent, and below that the number of images where it is one for all points."""
    shares = sorted(data["label_fraction"].dropna().unique())
    numbers = [_images(data[data["label_fraction"] == share]) for share in shares]
    narrow = _columns(ax) > 1  # no room for the word under every tick
    below = [f"\n{number}" if narrow else f"\n({number} images)" for number in numbers]
    texts = [
        f"{100 * share:.4g}" + line * (number is not None)
        for share, number, line in zip(shares, numbers, below, strict=True)
    ]
    ax.set_xticks(shares, texts, fontsize=6 if narrow else looks.RC["xtick.labelsize"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("labels asked for (%)" + ("\ntraining images" if narrow and any(numbers) else ""))


def _images(rows: pd.DataFrame) -> str | None:
    """The number of training images of these points, where it is known and one."""
    found = {*rows["fewest"].dropna(), *rows["most"].dropna()}
    return format.counts(found) if len(found) == 1 else None


def _dots(data: pd.DataFrame, ax: Axes) -> None:
    """One column per contender, in the axis's own names."""
    names = list(data["contender"].unique())
    for place, name in enumerate(names):
        rows = data[data["contender"] == name]
        _interval(ax, pd.Series(float(place), index=rows.index), rows, {"linestyle": "none"})
    crowded = len(names) * _columns(ax) > 12
    turned: dict[str, Any] = {"rotation": 90, "fontsize": 6} if crowded else {}
    ax.set_xticks(range(len(names)), [_broken(name) if not crowded else str(name) for name in names], **turned)
    ax.set_xlim(-0.5, len(names) - 0.5)
    only, key = data["label_fraction"].dropna(), data["key"].iloc[0]
    images = f" ({_images(data)} images)" if _images(data) else ""
    said = f"{key}, at {format.fraction(only.iloc[0])} of the labels{images}" if len(only) else str(key)
    ax.set_xlabel("\n".join(textwrap.wrap(said, 84 // _columns(ax))))
    plots.score_axis(ax, data)


def _broken(name: str) -> str:
    """A long name on several lines."""
    return name.replace("_", "_\n") if len(name) > LONG else name


def _columns(ax: Axes) -> int:
    """How many panels stand side by side."""
    place = ax.get_subplotspec()
    return 1 if place is None else place.get_gridspec().ncols


def _interval(ax: Axes, x: pd.Series, rows: pd.DataFrame, line: dict[str, Any]) -> None:
    """Means with their intervals in the contender's look; hollow where they are not of the test split."""
    look = looks.look(rows["look"].iloc[0])
    ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
    reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]] if rows["low"].notna().any() else None
    marks: dict[str, Any] = {"color": look.colour, "marker": look.marker} | line
    filled = look.colour if (rows["split"] == "test").all() else "white"
    ax.errorbar(x, rows["mean"], yerr=reach, capsize=2.5, elinewidth=1, lw=1.4, markerfacecolor=filled, **marks)
