"""The learning-rate response, and each cell's basin: the rates that score nearly as well as the best.

Has the numbers, ink and words of the figure.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from analysis.figures import axes, looks, response, trial_curves
from analysis.numbers import format
from analysis.numbers.study_table import StudyTable, once

WITHIN = 0.01  # of the cell's best score


@once
def data(table: StudyTable) -> pd.DataFrame:
    """The last validation score of each search trial against its learning rate.

    Returns:
        The rows of `response.last_scores`, without trials of rate 0, which has no place on a logarithmic axis; and
        `within` (a complete trial that scores at most `WITHIN` below the cell's best).
    """
    trials = response.last_scores(table, "lr")
    trials = trials[trials["lr"] > 0]
    complete = trials["score"].where(trials["kind"].isin(["winner", "complete"])).astype("float64")
    best = complete.groupby(trials["cell"]).transform("max")
    return trials.assign(within=complete >= best - WITHIN * best.abs())


def numbers(data: pd.DataFrame) -> pd.DataFrame:
    """How wide each cell's basin is.

    Args:
        data: of `data`.

    Returns:
        One row per cell with a complete trial: `panel`, `cell`, `low`, `high` (learning rates: the lowest and the
        highest whose score is within; not all rates between them were tried), `decades` (from low to high), `within`
        (trials within), `n` (complete trials).
    """
    rows = []
    for (panel, cell), group in data[data["kind"].isin(["winner", "complete"])].groupby(["panel", "cell"], sort=False):
        rates = group.loc[group["within"], "lr"]
        low, high = float(rates.min()), float(rates.max())
        rows.append((panel, cell, low, high, float(np.log10(high / low)), len(rates), len(group)))
    return pd.DataFrame(rows, columns=["panel", "cell", "low", "high", "decades", "within", "n"])


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell's trials on a logarithmic axis, over a band that spans the basin if it has several rates."""
    colour, basins = looks.look(data["look"].iloc[0]).colour, numbers(data)
    for band in basins[basins["decades"] > 0].itertuples():
        for edge in (band.low, band.high):
            ax.axvline(edge, color=colour, lw=0.7, ls=(0, (2, 2)), zorder=1)
        ax.axvspan(band.low, band.high, color=colour, alpha=0.15, lw=0, zorder=0)
    response.scatter(data, "lr", ax)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(axes.Ticks(numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(format.power))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("learning rate (peak)")
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame) -> str:
    """What the marks are and how many, and what the band is."""
    basins = numbers(data)
    marks = f"Last validation {data['metric'].iloc[0]} against the learning rate. {response.legend(data)}"
    band = (
        f" Band: from the lowest to the highest learning rate of the complete trials within {100 * WITHIN:g} % of the "
        f"cell's best score (n = {format.counts(basins['within'])} a cell, winner counted; no band around one alone)."
    )
    return marks + band * (len(basins) > 0)


def alt(data: pd.DataFrame) -> str:
    """The winners' learning rates and scores, and the ends of their basins."""
    best = data[data["kind"] == "winner"]
    rates = "; ".join(f"{row.panel} {format.number(row.lr)}" for row in best.itertuples()) or "none yet"
    basins = "; ".join(
        f"{row.panel} {format.number(row.low)} to {format.number(row.high)}" for row in numbers(data).itertuples()
    )
    subject = f"Last validation score against learning rate per cell. Winners' rates: {rates}."
    return subject + trial_curves.winners(data) + f" Within {100 * WITHIN:g} % of the best: {basins or 'none yet'}."
