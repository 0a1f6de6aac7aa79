"""The score of each contender against label fraction: numbers, ink and words."""

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from analysis.figures import axes, looks
from analysis.numbers import comparisons, format, stats, summary

MARGIN = 0.1  # of the axis, beyond the smallest and the largest label fraction
LONG = 10  # characters of a name that fit beside others
DODGE = 0.014  # how far contenders stand apart at one fraction, as a share of the axis, so that intervals show

data = comparisons.scored


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a line per contender over label fractions, level if it reads no labels; dots if there is one fraction."""
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
    axes.score_axis(ax, data)


def _fraction_ticks(ax: Axes, data: pd.DataFrame) -> None:
    """Label each fraction in per cent, and below with its number of images if all points have the same."""
    shares = sorted(data["label_fraction"].dropna().unique())
    numbers = [_number_of_images(data[data["label_fraction"] == share]) for share in shares]
    narrow = axes.columns(ax) > 1  # no room for the word under every tick
    below = [f"\n{number}" if narrow else f"\n({number} images)" for number in numbers]
    texts = [
        f"{100 * share:.4g}" + line * (number is not None)
        for share, number, line in zip(shares, numbers, below, strict=True)
    ]
    ax.set_xticks(shares, texts, fontsize=6 if narrow else looks.RC["xtick.labelsize"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("labels asked for (%)" + ("\ntraining images" if narrow and any(numbers) else ""))


def _number_of_images(rows: pd.DataFrame) -> str | None:
    """The number of training images of these points; None if it is unknown or differs."""
    numbers = {*rows["fewest"].dropna(), *rows["most"].dropna()}
    return format.counts(numbers) if len(numbers) == 1 else None


def _dots(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one column per contender, named on the axis."""
    names = list(data["contender"].unique())
    for place, name in enumerate(names):
        rows = data[data["contender"] == name]
        _interval(ax, pd.Series(float(place), index=rows.index), rows, {"linestyle": "none"})
    crowded = len(names) * axes.columns(ax) > 12
    turned: dict[str, Any] = {"rotation": 90, "fontsize": 6} if crowded else {}
    ax.set_xticks(range(len(names)), [_broken(name) if not crowded else str(name) for name in names], **turned)
    ax.set_xlim(-0.5, len(names) - 0.5)
    only, key = data["label_fraction"].dropna(), data["key"].iloc[0]
    number = _number_of_images(data)
    images = f" ({number} images)" if number else ""
    label = f"{key}, at {format.fraction(only.iloc[0])} of the labels{images}" if len(only) else str(key)
    ax.set_xlabel("\n".join(textwrap.wrap(label, 84 // axes.columns(ax))))
    axes.score_axis(ax, data)


def _broken(name: str) -> str:
    """A long name on several lines."""
    return name.replace("_", "_\n") if len(name) > LONG else name


def _interval(ax: Axes, x: pd.Series, rows: pd.DataFrame, line: dict[str, Any]) -> None:
    """Draw means with their intervals in the contender's look; hollow unless they are of the test split."""
    look = looks.look(rows["look"].iloc[0])
    ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
    reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]] if rows["low"].notna().any() else None
    marks: dict[str, Any] = {"color": look.colour, "marker": look.marker} | line
    filled = look.colour if (rows["split"] == "test").all() else "white"
    ax.errorbar(x, rows["mean"], yerr=reach, capsize=2.5, elinewidth=1, lw=1.4, markerfacecolor=filled, **marks)


def caption(data: pd.DataFrame) -> str:
    """What the points, lines and bars are, and over how many trials."""
    name, key = "Test" if data["split"].iloc[0] == "test" else "Validation", data["key"].iloc[0]
    several = data["label_fraction"].nunique() > 1
    against = "against the share of labels asked for" if several else f"per {key}"
    subject = f"{name} {data['metric'].iloc[0]} {against}. {_images(data)}"
    if name == "Validation":
        return subject + (
            "No replicate has a test score yet: points are the validation scores of the cells' winners, n = 1 each, "
            "without interval; a winner was picked for being high, so they lean upwards." + _untrained(data)
        )
    shifted = f" {format.many(key).capitalize()} are shifted sideways so that bars can be seen." if several else ""
    return subject + f"{_replicates(data)} Bars: {stats.KIND} over replicates." + _untrained(data) + shifted


def _replicates(data: pd.DataFrame) -> str:
    """What the points average."""
    replicates = f"{format.counts(data['n'])} {'replicates' if data['n'].max() > 1 else 'replicate'}"
    whose = {
        (True, False): "of each cell's winner with fresh seeds",
        (True, True): "of each cell's winner, or of the values as published, with fresh seeds",
        (False, True): "of the values as published with fresh seeds",
    }[(data["role"] != "published").any(), (data["role"] == "published").any()]
    return f"Points: mean over n = {replicates} {whose}, on the test split."


def _images(data: pd.DataFrame) -> str:
    """How many training images each fraction has, and that validation keeps all its labels."""
    fractions = data.dropna(subset=["label_fraction", "fewest"]).groupby("label_fraction")
    counts = [
        f"{format.fraction(share)}: {format.counts([*rows['fewest'], *rows['most']])}" for share, rows in fractions
    ]
    drawn = f"Training images with labels, drawn in whole groups, at least one a class: {'; '.join(counts)}. "
    return (drawn if counts else "") + "The validation split keeps its full labels at every fraction. "


def _untrained(data: pd.DataFrame) -> str:
    """Why some points have no bars although they have replicates."""
    untrained = data["regime"].isin(summary.UNTRAINED)
    names = [", ".join(dict.fromkeys(data.loc[rows, "contender"])) for rows in (untrained, data["fixed"] & ~untrained)]
    how = "a level line" if data["label_fraction"].nunique() > 1 else "a point"
    unlabelled = f" {names[0]} trains nothing and reads no labels: {how} without interval." if names[0] else ""
    same = "trains nothing and all seeds read the same labels: equal scores, no interval"
    return unlabelled + (f" {names[1]} {same}." if names[1] else "")


def alt(data: pd.DataFrame) -> str:
    """Every point in words."""
    panels = data["panel"].nunique() > 1
    points = [
        f"{row.contender} {f'({row.panel}) ' if panels else ''}"
        f"{'' if pd.isna(row.label_fraction) else _at(row.label_fraction)}"
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return (
        f"{format.unit(data['metric'].iloc[0])} against label fraction per {data['key'].iloc[0]}: {'; '.join(points)}."
    )


def _at(share: float) -> str:
    return f"at {format.fraction(share)} of the labels "
