"""What each cell forgot of an earlier task, as bars of its two parts: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.figures import looks
from analysis.numbers import forgetting, format, grid, stats
from analysis.numbers.study_table import StudyTable

BARS = {"weights": "weights part", "batchnorm": "BatchNorm part"}
WHOLE = "forgetting"
BAR = 0.24  # inches of height


def data(table: StudyTable) -> pd.DataFrame:
    """The parts of what each cell forgot, by the objective.

    Returns:
        One row per earlier task and cell, so that all panels have the same bars: `panel` (the task), `cell`, `bar` (the
        cell's short name), `place` (of the bar), `contender`, `look`, `metric`, `forgetting`, `low`, `high`,
        `weights`, `batchnorm`, `n`, `exact`; the scores are empty where a cell learnt no such task.
    """
    numbers = forgetting.numbers(table)
    numbers = numbers[numbers["metric"] == forgetting.objective(table)]
    names = {"task": "panel", "forgetting_low": "low", "forgetting_high": "high"}
    columns = ["panel", "cell", "metric", "forgetting", "low", "high", *BARS, "n", "exact"]
    scores = numbers.rename(columns=names | {"panel": "where"})[columns]
    cells = numbers.drop_duplicates("cell")[["cell", "contender", "look"]].reset_index(drop=True)
    cells.insert(1, "bar", cells["cell"].map(table.titles(grid.alike(table.grid))))
    cells.insert(2, "place", range(len(cells)))
    frame = pd.DataFrame({"panel": numbers["task"].unique()}).merge(cells, how="cross")
    bars = frame.merge(scores, on=["panel", "cell"], how="left")
    return bars.assign(metric=forgetting.objective(table), n=bars["n"].fillna(0).astype("int64"))


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a bar per cell of two parts, each to its own side of 0, and their sum as a point with its interval."""
    for row in data.itertuples():
        colour, weights = looks.look(row.look).colour, 0.0 if pd.isna(row.weights) else row.weights
        same_side = weights * row.batchnorm > 0
        line: dict[str, Any] = {"height": 0.62, "edgecolor": colour, "lw": 0.8}
        ax.barh(row.place, row.weights, color=colour, **line)
        ax.barh(row.place, row.batchnorm, left=weights if same_side else 0, color="white", hatch="/////", **line)
        if row.n and row.exact and not abs(row.weights) > 0:
            ax.annotate("exactly 0", (0, row.place), (6, 0), textcoords="offset points", va="center", size=6.5)
    _keys(ax)
    _whole(data, ax)
    ax.axvline(0, color="0.3", lw=0.8)
    ax.set_yticks(data["place"], list(data["bar"]))
    ax.set_ylim(len(data) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    if data["metric"].iloc[0] in stats.SHARES:
        ax.xaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_xlabel(f"test {data['metric'].iloc[0]} lost (points)")


def _whole(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a point with its interval per bar, black on white so that it is visible on a dark bar."""
    reach = [data["forgetting"] - data["low"], data["high"] - data["forgetting"]]
    layers: list[dict[str, Any]] = [
        {"color": "white", "ms": 5.5, "capsize": 3.3, "capthick": 2.8, "elinewidth": 2.8},
        {"color": "black", "ms": 3.5, "capsize": 2.5, "capthick": 1, "elinewidth": 1, "label": WHOLE},
    ]
    for layer in layers:
        ax.errorbar(data["forgetting"], data["place"], xerr=reach, fmt="o", **layer)


def _keys(ax: Axes) -> None:
    """Draw grey bars without length for the legend."""
    line: dict[str, Any] = {"edgecolor": "0.25", "lw": 0.8}
    ax.barh(0, 0, color="0.25", label=BARS["weights"], **line)
    ax.barh(0, 0, color="white", hatch="/////", label=BARS["batchnorm"], **line)


def height(data: pd.DataFrame) -> float:
    """Inches that the bars of a panel need."""
    return 1.3 + BAR * data["cell"].nunique()


def caption(data: pd.DataFrame) -> str:
    """What the bars are, and over how many trials."""
    return (
        f"Test {data['metric'].iloc[0]} on an earlier task when it had been learnt, less that after the last task of "
        "the chain (right of 0: forgotten), with the earlier task's head. Filled: the weights part, lost even with the "
        "BatchNorm statistics of before; hatched: the BatchNorm part, which putting them back restores; each part is "
        f"drawn to its own side of 0. Points: their sum, mean over n = {format.counts(data.loc[data['n'] > 0, 'n'])} "
        f"trials with fresh seeds; whiskers: {forgetting.KIND}."
    )


def alt(data: pd.DataFrame) -> str:
    """Every bar in words."""
    bars = [
        f"{row.panel}, {row.bar} "
        f"{format.spread(stats.Interval(row.forgetting, row.low, row.high, row.n), row.metric)} = weights "
        f"{format.score(row.weights, row.metric)} + BatchNorm {format.score(row.batchnorm, row.metric)}"
        for row in data[data["n"] > 0].itertuples()
    ]
    return f"Points of test {data['metric'].iloc[0]} lost on earlier tasks: {'; '.join(bars)}."
