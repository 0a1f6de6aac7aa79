"""The figure of a study's versions: as published, with single causes, corrected, beside the published figure.

Knows the numbers of `versions`; knows nothing of pages, reports or files.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks
from analysis.numbers import alarms, cell_table, format, grid, stats, summary, versions


def data(df: pd.DataFrame) -> pd.DataFrame:
    """The test scores of each version with the contender's look.

    Returns:
        One row per place and version, those without a score or published figure too: the columns of `versions.numbers`,
        `panel` (its place), `look`, `column` (of the version), `metric`, `split`, `one_class` (at its end every
        replicate gives one class). Empty unless a place has two versions with a score.
    """
    found = versions.numbers(df).rename(columns={"place": "panel"})
    scored = found[found["n"] > 0].groupby("panel")["version"].nunique()
    found = found[found["panel"].isin(scored.index[scored > 1])]
    who, named = grid.contenders(df), grid.contender(df) not in (None, "version")
    looks = found["cell"].map(who["look"]) if named else "1"
    found = found.assign(look=looks, one_class=found["cell"].isin(alarms.one_class(df)))
    known = pd.DataFrame({"version": grid.ordered(found["version"])}, dtype="string")
    known["column"] = range(len(known))
    frame = found[["panel"]].drop_duplicates().merge(known, how="cross")
    told = frame.merge(found, on=["panel", "version"], how="left").assign(metric=summary.objective(df), split="test")
    return told.fillna({"n": 0, "one_class": False}).astype({"n": "int64", "one_class": "bool"})


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """A point with its interval per version, and the published figure as a hollow mark where it was published."""
    rows, said = data[data["n"] > 0], data.dropna(subset="published")
    look = looks.look(rows["look"].iloc[0])
    ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
    reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]]
    line: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "capsize": 2.5, "elinewidth": 1}
    ax.errorbar(rows["column"], rows["mean"], yerr=reach, **line)
    hollow: dict[str, Any] = {"marker": "o", "s": 42, "facecolor": "none", "edgecolor": "black", "lw": 1.1}
    if len(said):
        ax.scatter(said["column"], said["published"], label="published figure", zorder=4, **hollow)
    for row in rows[rows["one_class"]].itertuples():
        ax.annotate("one class", (row.column, row.mean), (5, 0), textcoords="offset points", va="center", size=6)
    _axes(data, ax)


def _axes(data: pd.DataFrame, ax: Axes) -> None:
    ax.set_xticks(data["column"], [format.version(name) for name in data["version"]], rotation=90, fontsize=6.5)
    ax.set_xlim(-0.5, data["column"].max() + 0.5)
    axes.score_axis(ax, data)


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs: as long as the versions' names are."""
    return 1.9 + 0.045 * max(len(format.version(name)) for name in data["version"])


def caption(data: pd.DataFrame) -> str:
    """What the points are, and over how many trials."""
    shown = data[data["n"] > 0]
    lent = " A corrected cell that serves two places is drawn at both." if shown["cell"].duplicated().any() else ""
    hollow = " Hollow: the figure that was published for the same." if data["published"].notna().any() else ""
    once = (
        f" one class: {cell_table.MARKS[cell_table.ONE_CLASS].partition(': ')[2]}." if shown["one_class"].any() else ""
    )
    return (
        f"Test {data['metric'].iloc[0]} as published (all causes, the publication's recipe), with one cause switched "
        f"on, and corrected, one panel per place. Points: mean over n = {format.counts(shown['n'])} trials with fresh "
        f"seeds; bars: {stats.KIND}.{hollow}{lent}{once}"
    )


def alt(data: pd.DataFrame) -> str:
    """Every point in words."""
    told = []
    for panel, rows in data.groupby("panel", sort=False):
        each = [
            f"{format.version(row.version)} "
            f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
            + (f" (published: {format.score(row.published, row.metric)})" if not pd.isna(row.published) else "")
            for row in rows[rows["n"] > 0].itertuples()
        ]
        told.append(f"{panel}: {', '.join(each)}" if panel != format.title({}) else ", ".join(each))
    return f"Test {format.unit(data['metric'].iloc[0])} per version. {'; '.join(told)}."
