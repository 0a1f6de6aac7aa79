"""The score of each network against what it costs, with the front of those that none beats in both."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, NullLocator

from analysis.figures import axes, looks
from analysis.numbers import format, licences, networks, stats
from analysis.numbers.study_table import StudyTable

MACS, SPEED = "macs", "predict_images_per_second"
FRONTS = {MACS: "front", SPEED: "front_by_speed"}
MANY = 100  # times the lowest cost that the highest is, from which an axis has powers of ten alone
ALONE, LINE = 3.2, 0.16  # inches of a panel alone, and of a line of its legend
LABELS = {MACS: "G MACs for an image", SPEED: "images/s predicted, as measured"}


def data(table: StudyTable) -> pd.DataFrame:
    """The rows of `networks.data` whose operations are known."""
    return _known(table, MACS)


def by_speed(table: StudyTable) -> pd.DataFrame:
    """The rows of `networks.data` whose speed was measured."""
    return _known(table, SPEED)


def _known(table: StudyTable, against: str) -> pd.DataFrame:
    rows = networks.data(table)
    return rows[rows[against].notna() & (rows[against] > 0)].reset_index(drop=True)


def plot(data: pd.DataFrame, ax: Axes, against: str = MACS) -> None:
    """Draw a point with its interval per network on a logarithmic axis, over the steps of the front."""
    unit = networks.GIGA if against == MACS else 1.0
    front = data[data[FRONTS[against]]].sort_values(against)
    steps = "steps-post" if against == MACS else "steps-pre"
    x = front[against].astype("float64") / unit
    ax.plot(x, front["mean"], color="0.6", lw=1.2, zorder=1, drawstyle=steps, label="front")
    for row in data.itertuples():
        look = looks.look(row.look)
        reach = None if pd.isna(row.low) else [[row.mean - row.low], [row.high - row.mean]]
        filled = look.colour if row.split == "test" else "white"
        marks: dict[str, Any] = {"color": look.colour, "marker": look.marker, "markerfacecolor": filled, "ls": "none"}
        at = float(getattr(row, against)) / unit
        ax.errorbar([at], [row.mean], yerr=reach, capsize=2.5, elinewidth=1, label=_label(row), **marks)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(_ticks(data[against]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: networks.scaled(value)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(LABELS[against])
    axes.score_axis(ax, data)


def _ticks(values: pd.Series) -> Locator:
    """Ticks at 1, 2 and 5 times powers of ten, on many decades at the powers alone."""
    few = values.max() / values.min() < MANY
    return LogLocator(subs=(1.0, 2.0, 5.0), numticks=12) if few else axes.Ticks(numticks=6)


def height(data: pd.DataFrame) -> float:
    """A panel alone is higher by the lines of the legend, whose names are long."""
    return LINE * data["contender"].nunique() + ALONE if data["panel"].nunique() == 1 else 0.0


def _label(row: Any) -> str:
    """A network with what to mind of its licence."""
    caution = "" if pd.isna(row.licence) else licences.warning(row.licence)
    return f"{row.contender} ({caution})" if caution else str(row.contender)


def caption(data: pd.DataFrame, against: str = MACS) -> str:
    """What the points are, what is measured, and what the front says."""
    split = "Test" if (data["split"] == "test").all() else "Validation"
    cost = {
        MACS: "the multiply-accumulate operations (MACs) of the backbone for one image",
        SPEED: "the images a second that the whole network predicts from stored images, the median over the trials",
    }[against]
    better = {MACS: "as few MACs", SPEED: "as many images a second"}[against]
    trials = f"mean and {stats.KIND} over n = {format.counts(data['n'])} replicates"
    if split == "Validation":
        trials = "a cell's winner, n = 1, no interval, picked for being high"
    machine = "" if against == MACS else " Speed is of this machine, with as much work beside as it had."
    return (
        f"{split} {data['metric'].iloc[0]} against {cost}. One point per network: {trials}. Front: no other network "
        f"has {better} and a higher mean; neighbours on it need not be told apart.{machine} In brackets: what to mind "
        "of the licence of the published weights, as their publisher states it."
    )


def alt(data: pd.DataFrame, against: str = MACS) -> str:
    """Every point in words."""
    panels = data["panel"].nunique() > 1
    unit, words = (networks.GIGA, "G MACs") if against == MACS else (1.0, "images/s")
    points = [
        f"{row.contender}{f' at {row.panel}' * panels}: {networks.scaled(getattr(row, against), unit)} {words}, "
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        f"{', on the front' * bool(getattr(row, FRONTS[against]))}"
        for row in data.itertuples()
    ]
    return f"{format.unit(data['metric'].iloc[0])} of networks against {LABELS[against]}: {'; '.join(points)}."
