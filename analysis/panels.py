"""A figure's panels drawn into a notebook, as a report draws them but for its pages.

Knows how panels lie; knows nothing of what they show.
"""

from collections.abc import Callable

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style

WIDTH, HEIGHT = 3.2, 2.8  # inches of a panel


def draw(data: pd.DataFrame, plot: Callable[[pd.DataFrame, Axes], None], columns: int = 3) -> Figure:
    """Draw a figure's numbers, a panel for each value of `panel`, with one legend.

    Args:
        data: what a figure's data function gave, e.g. `fractions.data(df)`.
        plot: the function that goes with it, e.g. `fractions.plot`.
        columns: panels a row at most.

    Returns:
        The figure, which a notebook shows; without a panel where `data` has no row.
    """
    panels = list(dict.fromkeys(data["panel"]))
    across, rows = max(min(columns, len(panels)), 1), max(-(-len(panels) // columns), 1)
    with plt.rc_context(style.RC):
        size = (WIDTH * max(across, 2), HEIGHT * rows)
        figure, axes = plt.subplots(rows, across, figsize=size, sharey=True, squeeze=False, layout="constrained")
        for panel, ax in zip(panels, axes.flat, strict=False):
            plot(data[data["panel"] == panel], ax)
            ax.set_title(panel if len(panels) > 1 else "")
            ax.set_ylabel(ax.get_ylabel() if ax in axes[:, 0] else "")
        for ax in axes.flat[len(panels) :]:
            ax.set_axis_off()
        marks = [pair for ax in axes.flat for pair in zip(*ax.get_legend_handles_labels(), strict=True)]
        found = {label: handle for handle, label in marks}
        if found:
            figure.legend(list(found.values()), list(found), loc="outside upper center", ncols=min(len(found), 4))
    return figure
