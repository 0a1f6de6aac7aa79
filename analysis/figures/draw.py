"""The report's figures as pictures: panels on pages, and legends."""

import copy
import io
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from analysis.figures import forgetting_curves, looks
from analysis.figures.registry import ALL, KINDS, OF_CHAINS, OF_CLASSES, OF_NETWORKS, OF_PRETRAINING, OF_VERSIONS, Kind
from analysis.numbers import format
from analysis.numbers.table import is_stand_in
from analysis.shell.text import printable

__all__ = (
    "ALL",
    "KINDS",
    "OF_CHAINS",
    "OF_CLASSES",
    "OF_NETWORKS",
    "OF_PRETRAINING",
    "OF_VERSIONS",
    "Kind",
    "Picture",
    "pictures",
)
PANELS = 16  # at most on a page
WIDTH = 7.2  # inches: two columns of a paper
DPI = 150
HANDLE = 3.2  # width of a legend's marks, in letters


class Picture(NamedTuple):
    """One page of a figure, with its caption and its alternative text."""

    stem: str
    title: str
    caption: str
    alt: str
    png: bytes
    svg: bytes

    def _repr_png_(self) -> bytes:
        """The image that a notebook displays."""
        return self.png


def pictures(kind: Kind, data: pd.DataFrame, source: str) -> Iterator[Picture]:
    """Draw a figure, on as many pages as its panels need; none for empty data.

    Args:
        kind: the figure.
        data: of its `data` function.
        source: names the data that were used; printed below every picture.
    """
    pages = list(_pages(list(dict.fromkeys(data["panel"])), _columns(data)))
    for number, panels in enumerate(pages, 1):
        page = data[data["panel"].isin(panels)]
        part = f" ({number} of {len(pages)})" if len(pages) > 1 else ""
        stem = kind.stem + (f"-{number}" if len(pages) > 1 else "")
        yield Picture(stem, kind.title + part, kind.caption(page), kind.alt(page), *_draw(kind, data, panels, source))


def _columns(data: pd.DataFrame) -> int:
    """Panels a row: one per value of the last compared key if that makes a full grid, else up to four."""
    panels = data["panel"].nunique()
    lasts = len({panel.rsplit(" · ", 1)[-1] for panel in data["panel"].unique()})
    return lasts if 2 <= lasts <= 4 and panels % lasts == 0 else min(panels, 4)


def _pages(panels: list[str], columns: int) -> Iterator[list[str]]:
    """The panels of each page, in full rows."""
    size = max(columns, PANELS // max(columns, 1) * columns)
    for start in range(0, len(panels), max(size, 1)):
        yield panels[start : start + size]


def _draw(kind: Kind, data: pd.DataFrame, panels: list[str], source: str) -> tuple[bytes, bytes]:
    """Draw a page as PNG and as SVG."""
    with matplotlib.rc_context(looks.RC):
        figure, axes = _grid(len(panels), _columns(data), kind.shared_x, kind.height(data))
        _below(figure, source)
        for panel, ax in zip(panels, axes, strict=True):
            kind.plot(data[data["panel"] == panel], ax)
            ax.set_title(_wrapped(panel, min(34, 104 // _columns(data))) if panel != format.title({}) else "")
        _outer_labels(axes, _columns(data))
        _legend(figure, axes)
        png, svg = io.BytesIO(), io.BytesIO()
        figure.savefig(png, format="png", dpi=DPI)
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return png.getvalue(), printable(
        svg.getvalue().decode(), allowed="\n\t"
    ).encode()  # a name may hold what no XML does


def _wrapped(panel: str, width: int) -> str:
    """A panel's name on lines that fit, broken between its parts if possible."""
    whole = panel.replace(" % ", "\u00a0%\u00a0").replace(" · ", "\u00a0· ")
    return "\n".join(textwrap.wrap(whole, width))


def _below(figure: Figure, source: str) -> None:
    """Print the data source along the lower edge, with the panels above it."""
    width, height = figure.get_size_inches()
    warning = "STAND-IN DATA, not the real set · " if is_stand_in(source) else ""
    lines = textwrap.wrap(f"{warning}data: {source}", int(20 * width))
    figure.text(0.995, 0.002, "\n".join(lines), ha="right", va="bottom", size=6, color="0.35")
    used = (0.04 + 0.12 * len(lines)) / height
    figure.set_layout_engine("constrained", rect=(0, used, 1, 0.99 - used))


def _grid(panels: int, columns: int, shared_x: bool, least: float) -> tuple[Figure, list[Axes]]:
    """A figure with one Axes per panel, filled row by row; all share the score axis, so that panels can be compared."""
    rows = -(-panels // columns)
    alone = panels == 1
    usual = 3.7 if alone else 0.95 + (2.3 if rows < 3 else 1.55) * rows
    size = (5.0 if alone else WIDTH, max(usual, least * rows))
    figure = Figure(figsize=size)
    axes = figure.subplots(rows, columns, sharey=True, sharex=shared_x, squeeze=False).ravel()
    for ax in axes[panels:]:
        ax.set_visible(False)
    for ax in axes[max(panels - columns, 0) : panels]:  # the lowest of each column, above a gap too
        ax.tick_params(labelbottom=True)
    return figure, list(axes[:panels])


def _outer_labels(axes: list[Axes], columns: int) -> None:
    """Remove axis labels from all but the left and the lowest panels."""
    for place, ax in enumerate(axes):
        if place % columns:
            ax.set_ylabel("")
        if place + columns < len(axes):
            ax.set_xlabel("")


COLOURED = (  # in each panel in its contender's colour
    *("winner", "best at a depth", "replicate", "published"),
    *forgetting_curves.NETS.values(),
)
ORDER = (*COLOURED, "complete", "pruned", "running", "failed")


def _legend(figure: Figure, axes: list[Axes]) -> None:
    """Draw one legend for all panels; what has its contender's colour in each panel is black in it."""
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if not handles:
        return
    names = sorted(handles, key=lambda name: ORDER.index(name) if name in ORDER else -1)
    marks = [_neutral(handles[name], name) for name in names]
    columns = len(names) if len(axes) > 1 else 2 if len(names) <= 4 else 3
    fitting = _fitting(names, min(columns, 7), figure.get_size_inches()[0])
    figure.legend(marks, names, loc="outside upper center", ncols=fitting, handlelength=HANDLE)


def _fitting(names: list[str], most: int, width: float) -> int:
    """How many columns of a legend fit into a width, inches; at most `most`."""
    size = looks.RC["legend.fontsize"]
    widths = [TextPath((0, 0), name, size).get_extents().width / 72 for name in names]
    beside = (HANDLE + 2.8) * size / 72  # the mark, and the spaces beside it and between columns
    for columns in range(most, 1, -1):
        parts = np.array_split(widths, columns)
        if sum(max(part, default=0.0) + beside for part in parts) <= width:
            return columns
    return 1


def _neutral(handle: Any, label: str) -> Any:
    """The handle in black if its colour is a contender's, else as it is."""
    points = isinstance(handle, PathCollection) and label == "complete"
    if not points and label not in COLOURED:
        return handle
    handle = copy.copy(handle)
    handle.set_color("black")
    return handle
