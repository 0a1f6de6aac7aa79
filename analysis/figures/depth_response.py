"""The validation score of search trials against their freezing depth, one panel per cell: numbers, ink and words."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import axes, looks, response, trial_curves
from analysis.numbers.study_table import StudyTable


def data(table: StudyTable) -> pd.DataFrame:
    """`response.last_scores` of the freezing depth."""
    return response.last_scores(table, "freeze_depth")


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell's trials over the freezing depth, and a line through the best complete trial of each depth."""
    done = data[data["kind"].isin(["winner", "complete"])]
    best = done.groupby("freeze_depth")["score"].max()
    if len(best):
        look = looks.look(data["look"].iloc[0])
        ax.plot(best.index.astype(float), best, color=look.colour, ls=look.dash, lw=1.2, label="best at a depth")
    response.scatter(data, "freeze_depth", ax)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("freezing depth (stages)")
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame) -> str:
    """What the marks and the line are, and how many marks."""
    return (
        f"Last validation {data['metric'].iloc[0]} against the number of frozen stages, for cells that read it. "
        f"{response.legend(data)} The line joins the best complete trial at each depth."
    )


def alt(data: pd.DataFrame) -> str:
    """The winners' depths and scores."""
    best = data[data["kind"] == "winner"]
    depths = "; ".join(f"{row.panel} {row.freeze_depth}" for row in best.itertuples()) or "none yet"
    subject = f"Last validation score against freezing depth. Winners' depths: {depths}."
    return subject + trial_curves.winners(data)
