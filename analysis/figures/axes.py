"""Axes of several figures: labels, the scale and ticks of logarithmic ones, short names."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from analysis.numbers import format, stats

DECADES = 1.0  # the least that the values of a logarithmic axis span
FEW = 1.5  # decades below which powers of ten alone would leave an axis nearly without numbers


def logarithmic(values: pd.Series) -> bool:
    """Whether the values are floats above 0 that span more than `DECADES`; empty ones are left out."""
    numbers = values.dropna()
    if not pd.api.types.is_float_dtype(numbers) or numbers.empty or numbers.min() <= 0:
        return False
    return bool(np.log10(numbers.max() / numbers.min()) > DECADES)


class Ticks(LogLocator):
    """Ticks at powers of ten; on few decades also at 3 times these, or at round numbers if that leaves one tick."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """Where the ticks of an axis from `vmin` to `vmax` are."""
        if vmin <= 0 or np.log10(vmax / vmin) >= FEW:
            return super().tick_values(vmin, vmax)
        powers = 10.0 ** np.arange(np.floor(np.log10(vmin)), np.ceil(np.log10(vmax)) + 1)
        ticks = np.sort([*powers, *(3 * powers)])
        several = ((ticks >= vmin) & (ticks <= vmax)).sum() > 1
        return list(ticks) if several else MaxNLocator(4).tick_values(vmin, vmax)


def columns(ax: Axes) -> int:
    """How many panels are side by side."""
    place = ax.get_subplotspec()
    return 1 if place is None else place.get_gridspec().ncols


def shortened(name: str, most: int = 22) -> str:
    """A tick's name of at most so many characters."""
    return name if len(name) <= most else name[: most - 1] + "…"


def score_axis(ax: Axes, data: pd.DataFrame) -> None:
    """Label the score axis with the split, the metric and its unit; shares are in per cent."""
    metric, split = data["metric"].iloc[0], data["split"].iloc[0]
    ax.set_ylabel(f"{'test' if split == 'test' else 'validation'} {format.unit(metric)}")
    if metric in stats.SHARES:
        ax.yaxis.set_major_formatter(FuncFormatter(format.hundredths))
