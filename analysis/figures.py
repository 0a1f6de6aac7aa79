"""The report's figures as pictures: panels on pages, and legends.

Knows what can be drawn; knows nothing of the words of `captions`, of HTML or of where a picture is kept.
"""

import copy
import io
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from analysis import (
    captions,
    confusion,
    confusion_figures,
    curse,
    curves,
    depth_map,
    forgetting_figures,
    fractions,
    plots,
    pretraining,
    style,
    table,
    version_plot,
)

PANELS = 16  # at most on a page
WIDTH = 7.2  # inches: two columns of a paper
DPI = 150


class Picture(NamedTuple):
    """One page of a figure, and what is said of it."""

    stem: str
    title: str
    caption: str
    alt: str
    png: bytes
    svg: bytes


class Kind(NamedTuple):
    """A figure that a report can hold: its numbers, its ink and its words."""

    stem: str
    title: str
    data: Callable[[pd.DataFrame], pd.DataFrame]
    plot: Callable[[pd.DataFrame, Axes], None]
    caption: Callable[[pd.DataFrame], str]
    alt: Callable[[pd.DataFrame], str]
    shared: bool  # whether all panels have one horizontal axis
    none: str  # what is said where there is nothing to draw
    height: Callable[[pd.DataFrame], float] = lambda _: 0.0  # inches that a panel needs at least


def pictures(kind: Kind, data: pd.DataFrame, source: str) -> Iterator[Picture]:
    """Draw a figure, on as many pages as its panels need; none for empty data.

    Args:
        kind: which figure; `data` is what its `data` function gave.
        source: the line that says which data were used, printed below every picture.
    """
    pages = list(_pages(list(dict.fromkeys(data["panel"])), _columns(data)))
    for number, panels in enumerate(pages, 1):
        shown = data[data["panel"].isin(panels)]
        part = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        stem = kind.stem + (f"-{number}" if len(pages) > 1 else "")
        yield Picture(stem, kind.title + part, kind.caption(shown), kind.alt(shown), *_draw(kind, data, panels, source))


def _columns(data: pd.DataFrame) -> int:
    """Panels a row: one per value of the last compared key where that makes a full grid, else up to four."""
    panels = data["panel"].nunique()
    lasts = len({panel.rsplit(" · ", 1)[-1] for panel in data["panel"].unique()})
    return lasts if 2 <= lasts <= 4 and panels % lasts == 0 else min(panels, 4)


def _pages(panels: list[str], columns: int) -> Iterator[list[str]]:
    size = max(columns, PANELS // max(columns, 1) * columns)
    for start in range(0, len(panels), max(size, 1)):
        yield panels[start : start + size]


def _draw(kind: Kind, data: pd.DataFrame, panels: list[str], source: str) -> tuple[bytes, bytes]:
    """Give a page as PNG and as SVG."""
    with matplotlib.rc_context(style.RC):
        figure, axes = _grid(len(panels), _columns(data), kind.shared, kind.height(data))
        _below(figure, source)
        for panel, ax in zip(panels, axes, strict=True):
            kind.plot(data[data["panel"] == panel], ax)
            ax.set_title(_wrapped(panel, min(34, 104 // _columns(data))) if panel != style.title({}) else "")
        _outer_labels(axes, _columns(data))
        _legend(figure, axes)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI)
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return png.getvalue(), svg.getvalue()


def _wrapped(panel: str, width: int) -> str:
    """A panel's name on lines that fit, broken between its parts where that is possible."""
    whole = panel.replace(" % ", "\u00a0%\u00a0").replace(" · ", "\u00a0· ")
    return "\n".join(textwrap.wrap(whole, width))


def _below(figure: Figure, source: str) -> None:
    """Print the data source along the lower edge, and keep the panels above it."""
    width, height = figure.get_size_inches()
    loud = "STAND-IN DATA, not the real set · " if table.is_stand_in(source) else ""
    lines = textwrap.wrap(f"{loud}data: {source}", int(20 * width))
    figure.text(0.995, 0.002, "\n".join(lines), ha="right", va="bottom", size=6, color="0.35")
    used = (0.04 + 0.12 * len(lines)) / height
    figure.set_layout_engine("constrained", rect=(0, used, 1, 0.99 - used))


def _grid(panels: int, columns: int, shared: bool, least: float) -> tuple[Figure, list[Axes]]:
    """A figure with one Axes per panel, filled row by row; score axes are shared, so that panels compare."""
    rows = -(-panels // columns)
    alone = panels == 1
    usual = 3.7 if alone else 0.95 + (2.3 if rows < 3 else 1.55) * rows
    size = (5.0 if alone else WIDTH, max(usual, least * rows))
    figure = Figure(figsize=size)
    axes = figure.subplots(rows, columns, sharey=True, sharex=shared, squeeze=False).ravel()
    for ax in axes[panels:]:
        ax.set_visible(False)
    for ax in axes[max(panels - columns, 0) : panels]:  # the lowest of each column, above a gap too
        ax.tick_params(labelbottom=True)
    return figure, list(axes[:panels])


def _outer_labels(axes: list[Axes], columns: int) -> None:
    """Axis labels on the left and the lowest panels only."""
    for place, ax in enumerate(axes):
        if place % columns:
            ax.set_ylabel("")
        if place + columns < len(axes):
            ax.set_xlabel("")


COLOURED = (  # in each panel, by who competes there
    *("winner", "best at a depth", "replicate", "published"),
    *forgetting_figures.NETS.values(),
)
ORDER = (*COLOURED, "complete", "pruned", "running", "failed")


def _legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend for all panels; what has its contender's colour in each panel is black here."""
    found: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if not found:
        return
    names = sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else -1)
    marks = [_neutral(found[name], name) for name in names]
    columns = len(names) if len(axes) > 1 else 2 if len(names) <= 4 else 3
    figure.legend(marks, names, loc="outside upper center", ncols=min(columns, 7), handlelength=3.2)


def _neutral(handle: Any, label: str) -> Any:
    points = isinstance(handle, PathCollection) and label == "complete"
    if not points and label not in COLOURED:
        return handle
    handle = copy.copy(handle)
    handle.set_color("black")
    return handle


KINDS = (
    Kind(
        "label-fraction",
        "Scores",
        fractions.data,
        fractions.plot,
        captions.label_fraction_caption,
        captions.label_fraction_alt,
        False,
        "no cell has a winner or a replicate with a score yet",
    ),
    Kind(
        "learning-curves",
        "Learning curves",
        plots.curves_data,
        plots.curves_plot,
        captions.curves_caption,
        captions.curves_alt,
        True,
        "no trial has a validation score yet",
    ),
    Kind(
        "mean-curves",
        "Learning curves side by side",
        curves.data,
        curves.plot,
        curves.caption,
        curves.alt,
        False,
        "nothing competes, or no replicate has a validation score yet",
    ),
    Kind(
        "mean-curves-steps",
        "Learning curves side by side, by optimizer steps",
        curves.by_step,
        partial(curves.plot, against="step"),
        partial(curves.caption, against="step"),
        partial(curves.alt, against="step"),
        False,
        "an epoch has as many steps in all cells, so that the curves are those above",
    ),
    Kind(
        "mean-loss",
        "Loss curves side by side",
        curves.loss,
        curves.plot,
        curves.caption,
        curves.alt,
        False,
        "nothing competes, or no replicate has a validation loss yet",
    ),
    Kind(
        "learning-rate",
        "Learning-rate response",
        plots.lr_data,
        plots.lr_plot,
        captions.lr_caption,
        captions.lr_alt,
        True,
        "no search trial that reads a learning rate has a validation score yet",
    ),
    Kind(
        "freezing-depth",
        "Freezing-depth response",
        plots.depth_data,
        plots.depth_plot,
        captions.depth_caption,
        captions.depth_alt,
        True,
        "no search trial that reads a freezing depth has a validation score",
    ),
    Kind(
        "depth-and-labels",
        "Freezing depth and label fraction",
        depth_map.data,
        depth_map.plot,
        depth_map.caption,
        depth_map.alt,
        True,
        "no two freezing depths were tried at two label fractions",
        depth_map.height,
    ),
    Kind(
        "winners-curse",
        "The winner's curse",
        curse.data,
        curse.plot,
        curse.caption,
        curse.alt,
        True,
        "no winner that was picked from several complete trials has replicates",
        curse.height,
    ),
)
OF_VERSIONS = (
    Kind(
        "versions",
        "As published and corrected",
        version_plot.data,
        version_plot.plot,
        version_plot.caption,
        version_plot.alt,
        True,
        "no two versions of a cell have been scored on test",
        version_plot.height,
    ),
)
"""Figures of a study that compares versions; their data functions take its trials."""
OF_CLASSES = (
    Kind(
        "confusion",
        "Which classes are taken for which",
        confusion_figures.data,
        confusion_figures.plot,
        confusion_figures.caption,
        confusion_figures.alt,
        True,
        f"{confusion_figures.NONE}, or of more than {confusion_figures.MOST} classes",
        confusion_figures.height,
    ),
    Kind(
        "classes",
        "Recall and precision by class",
        confusion.scores,
        confusion_figures.classes_plot,
        confusion_figures.classes_caption,
        confusion_figures.classes_alt,
        False,
        confusion_figures.NONE,
    ),
)
"""Figures of rows that count answers; their data functions take a study's whole table."""
OF_PRETRAINING = (
    Kind(
        "pretext",
        "Pretraining",
        pretraining.data,
        pretraining.plot,
        pretraining.caption,
        pretraining.alt,
        False,
        "no weights were trained first",
    ),
    Kind(
        "pretext-and-transfer",
        "Skill at the pretext and transfer",
        pretraining.transfer_data,
        pretraining.transfer_plot,
        pretraining.transfer_caption,
        pretraining.transfer_alt,
        False,
        "no cell that starts from weights trained first has a test score yet",
    ),
)
"""Figures of a table's rows of role `pretrain`; their data functions take what `report` says."""
OF_CHAINS = (
    Kind(
        "forgetting",
        "What was forgotten",
        forgetting_figures.data,
        forgetting_figures.plot,
        forgetting_figures.caption,
        forgetting_figures.alt,
        True,
        forgetting_figures.NONE,
        forgetting_figures.height,
    ),
    Kind(
        "forgetting-curves",
        "Forgetting by epoch",
        forgetting_figures.curves_data,
        forgetting_figures.curves_plot,
        forgetting_figures.curves_caption,
        forgetting_figures.curves_alt,
        True,
        "no replicate has a validation score on an earlier task yet",
    ),
)
"""Figures of rows of earlier tasks; their data functions take a study's whole table."""
