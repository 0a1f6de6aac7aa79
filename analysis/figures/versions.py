"""Scores as published, with single causes and corrected, beside the published figure: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks
from analysis.numbers import alarms, cell_table, format, grid, stats, versions
from analysis.numbers.study_table import StudyTable


def data(table: StudyTable) -> pd.DataFrame:
    """The test scores of each version with the contender's look.

    Returns:
        One row per place and version, also without a score or a published figure: the columns of `versions.numbers`,
        `panel` (its place), `look`, `column` (of the version), `metric`, `split`, `one_class` (at its end every
        replicate predicts one class). Empty unless a place has two versions with a score.
    """
    scores = versions.numbers(table).rename(columns={"place": "panel"})
    scored = scores[scores["n"] > 0].groupby("panel")["version"].nunique()
    scores = scores[scores["panel"].isin(scored.index[scored > 1])]
    contenders, named = table.contenders, table.contender not in (None, "version")
    look = scores["cell"].map(contenders["look"]) if named else "1"
    scores = scores.assign(look=look, one_class=scores["cell"].isin(alarms.one_class(table)))
    columns = pd.DataFrame({"version": grid.ordered(scores["version"])}, dtype="string")
    columns["column"] = range(len(columns))
    frame = scores[["panel"]].drop_duplicates().merge(columns, how="cross")
    rows = frame.merge(scores, on=["panel", "version"], how="left").assign(metric=table.objective, split="test")
    return rows.fillna({"n": 0, "one_class": False}).astype({"n": "int64", "one_class": "bool"})


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a point with its interval per version, and each published figure as a hollow mark."""
    rows, published = data[data["n"] > 0], data.dropna(subset="published")
    look = looks.look(rows["look"].iloc[0])
    ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
    reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]]
    line: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "capsize": 2.5, "elinewidth": 1}
    ax.errorbar(rows["column"], rows["mean"], yerr=reach, **line)
    hollow: dict[str, Any] = {"marker": "o", "s": 42, "facecolor": "none", "edgecolor": "black", "lw": 1.1}
    if len(published):
        ax.scatter(published["column"], published["published"], label="published figure", zorder=4, **hollow)
    for row in rows[rows["one_class"]].itertuples():
        ax.annotate("one class", (row.column, row.mean), (5, 0), textcoords="offset points", va="center", size=6)
    _axes(data, ax)


def _axes(data: pd.DataFrame, ax: Axes) -> None:
    ax.set_xticks(data["column"], [format.version(name) for name in data["version"]], rotation=90, fontsize=6.5)
    ax.set_xlim(-0.5, data["column"].max() + 0.5)
    axes.score_axis(ax, data)


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs, which depend on the length of the versions' names."""
    return 1.9 + 0.045 * max(len(format.version(name)) for name in data["version"])


def caption(data: pd.DataFrame) -> str:
    """What the points are, and over how many trials."""
    scored = data[data["n"] > 0]
    repeated = " A corrected cell that serves two places is drawn at both." if scored["cell"].duplicated().any() else ""
    hollow = " Hollow: the figure that was published for the same." if data["published"].notna().any() else ""
    once = (
        f" one class: {cell_table.MARKS[cell_table.ONE_CLASS].partition(': ')[2]}." if scored["one_class"].any() else ""
    )
    return (
        f"Test {data['metric'].iloc[0]} as published (all causes, the publication's recipe), with one cause switched "
        f"on, and corrected, one panel per place. Points: mean over n = {format.counts(scored['n'])} trials with fresh "
        f"seeds; bars: {stats.KIND}.{hollow}{repeated}{once}"
    )


def alt(data: pd.DataFrame) -> str:
    """Every point in words."""
    panels = []
    for panel, rows in data.groupby("panel", sort=False):
        points = [
            f"{format.version(row.version)} "
            f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
            + (f" (published: {format.score(row.published, row.metric)})" if not pd.isna(row.published) else "")
            for row in rows[rows["n"] > 0].itertuples()
        ]
        panels.append(f"{panel}: {', '.join(points)}" if panel != format.title({}) else ", ".join(points))
    return f"Test {format.unit(data['metric'].iloc[0])} per version. {'; '.join(panels)}."
