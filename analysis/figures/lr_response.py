"""The winner's basin: the learning rates that do nearly as well as the best; numbers, ink and words.

Knows the learning-rate response of `plots`; knows nothing of pages, reports or files.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import captions, looks, plots
from analysis.numbers import format

WITHIN = 0.01  # of the cell's best score


def data(df: pd.DataFrame) -> pd.DataFrame:
    """`plots.lr_data` with the column `within`: a complete trial that scores at most `WITHIN` below the cell's best."""
    found = plots.lr_data(df)
    done = found["score"].where(found["kind"].isin(["winner", "complete"])).astype("float64")
    best = done.groupby(found["cell"]).transform("max")
    return found.assign(within=done >= best - WITHIN * best.abs())


def numbers(data: pd.DataFrame) -> pd.DataFrame:
    """How wide each cell's basin is.

    Args:
        data: of `data`.

    Returns:
        One row per cell with a complete trial: `panel`, `cell`, `low`, `high` (learning rates: the lowest and the
        highest whose score is within; what lies between was not all tried), `decades` (from low to high), `within`, `n`
        (trials within, and complete).
    """
    rows = []
    for (panel, cell), group in data[data["kind"].isin(["winner", "complete"])].groupby(["panel", "cell"], sort=False):
        rates = group.loc[group["within"], "lr"]
        low, high = float(rates.min()), float(rates.max())
        rows.append((panel, cell, low, high, float(np.log10(high / low)), len(rates), len(group)))
    return pd.DataFrame(rows, columns=["panel", "cell", "low", "high", "decades", "within", "n"])


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """The response over a band from the lowest to the highest rate of the basin, where it is more than one rate."""
    colour, found = looks.look(data["look"].iloc[0]).colour, numbers(data)
    for band in found[found["decades"] > 0].itertuples():
        for edge in (band.low, band.high):
            ax.axvline(edge, color=colour, lw=0.7, ls=(0, (2, 2)), zorder=1)
        ax.axvspan(band.low, band.high, color=colour, alpha=0.15, lw=0, zorder=0)
    plots.lr_plot(data, ax)


def caption(data: pd.DataFrame) -> str:
    """What the marks are, and what the band is."""
    found = numbers(data)
    said = (
        f" Band: from the lowest to the highest learning rate of the complete trials within {100 * WITHIN:g} % of the "
        f"cell's best score (n = {format.counts(found['within'])} a cell, winner counted; no band around one alone)."
    )
    return captions.lr_caption(data) + said * (len(found) > 0)


def alt(data: pd.DataFrame) -> str:
    """At which learning rate the winners are, how high, and how wide their basins are."""
    told = [f"{row.panel} {format.number(row.low)} to {format.number(row.high)}" for row in numbers(data).itertuples()]
    return captions.lr_alt(data) + f" Within {100 * WITHIN:g} % of the best: {'; '.join(told) or 'none yet'}."
