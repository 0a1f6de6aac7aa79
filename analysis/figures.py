"""The report's figures as pictures: panels on pages, legends, captions, texts for those who cannot see them.

Knows what `plots` can draw; knows nothing of HTML or of where a picture is kept.
"""

import copy
import io
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from analysis import plots, stats, style, summary, table

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
        png = _draw(kind, data, panels, source)
        yield Picture(stem, kind.title + part, kind.caption(shown), kind.alt(shown), png)


def _columns(data: pd.DataFrame) -> int:
    """Panels a row: one per value of the last compared key where that makes a full grid, else up to four."""
    panels = data["panel"].nunique()
    lasts = len({panel.rsplit(" · ", 1)[-1] for panel in data["panel"].unique()})
    return lasts if 2 <= lasts <= 4 and panels % lasts == 0 else min(panels, 4)


def _pages(panels: list[str], columns: int) -> Iterator[list[str]]:
    size = max(columns, PANELS // max(columns, 1) * columns)
    for start in range(0, len(panels), max(size, 1)):
        yield panels[start : start + size]


def _draw(kind: Kind, data: pd.DataFrame, panels: list[str], source: str) -> bytes:
    with matplotlib.rc_context(style.RC):
        figure, axes = _grid(len(panels), _columns(data), kind.shared)
        _below(figure, source)
        for panel, ax in zip(panels, axes, strict=True):
            kind.plot(data[data["panel"] == panel], ax)
            ax.set_title(_wrapped(panel) if panel != style.title({}) else "")
        _outer_labels(axes, _columns(data))
        _legend(figure, axes)
        written = io.BytesIO()
        figure.savefig(written, format="png", dpi=DPI)
    return written.getvalue()


def _wrapped(panel: str) -> str:
    """A panel's name on lines that fit, broken between its parts where that is possible."""
    whole = panel.replace(" % ", "\u00a0%\u00a0").replace(" · ", "\u00a0· ")
    return "\n".join(textwrap.wrap(whole, 34))


def _below(figure: Figure, source: str) -> None:
    """Print the data source along the lower edge, and keep the panels above it."""
    width, height = figure.get_size_inches()
    loud = "STAND-IN DATA, not the real set · " if table.is_stand_in(source) else ""
    lines = textwrap.wrap(f"{loud}data: {source}", int(20 * width))
    figure.text(0.995, 0.002, "\n".join(lines), ha="right", va="bottom", size=6, color="0.35")
    used = (0.04 + 0.12 * len(lines)) / height
    figure.set_layout_engine("constrained", rect=(0, used, 1, 0.99 - used))


def _grid(panels: int, columns: int, shared: bool) -> tuple[Figure, list[Axes]]:
    """A figure with one Axes per panel, filled row by row; score axes are shared, so that panels compare."""
    rows = -(-panels // columns)
    alone = panels == 1
    size = (5.0, 3.7) if alone else (WIDTH, 0.95 + (2.3 if rows < 3 else 1.55) * rows)
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


ORDER = ("winner", "best at a depth", "replicate", "complete", "pruned", "running", "failed")


def _legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend for all panels; what has its regime's colour in each panel is black here."""
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
    if not points and label not in ORDER[:3]:
        return handle
    handle = copy.copy(handle)
    handle.set_color("black")
    return handle


def _label_fraction_caption(data: pd.DataFrame) -> str:
    name = "Test" if data["split"].iloc[0] == "test" else "Validation"
    said = f"{name} {data['metric'].iloc[0]} against the share of labels asked for. {_images(data)}"
    if name == "Validation":
        return said + (
            "No replicate has a test score yet: points are the validation scores of the cells' winners, n = 1 each, "
            "without interval; a winner was picked for being high, so they lean upwards." + _untrained(data)
        )
    replicates = f"{style.counts(data['n'])} {'replicates' if data['n'].max() > 1 else 'replicate'}"
    return said + (
        f"Points: mean over n = {replicates} of each cell's winner with fresh seeds, on the test split. "
        f"Bars: {stats.KIND} over replicates."
        + _untrained(data)
        + (" Regimes are shifted sideways so that bars can be seen." if data["label_fraction"].nunique() > 1 else "")
    )


def _images(data: pd.DataFrame) -> str:
    """How many images a fraction came to, and that validation has no part in it."""
    each = data.dropna(subset=["label_fraction", "fewest"]).groupby("label_fraction")
    told = [f"{style.fraction(share)}: {style.counts([*rows['fewest'], *rows['most']])}" for share, rows in each]
    drawn = f"Training images with labels, drawn in whole groups, at least one a class: {'; '.join(told)}. "
    return (drawn if told else "") + "The validation split keeps its full labels at every fraction. "


def _untrained(data: pd.DataFrame) -> str:
    found = list(data.loc[data["regime"].isin(summary.UNTRAINED), "regime"].unique())
    how = "a level line" if data["label_fraction"].nunique() > 1 else "a point"
    return f" {', '.join(found)} trains nothing and reads no labels: {how} without interval." if found else ""


def _label_fraction_alt(data: pd.DataFrame) -> str:
    told = [
        f"{row.regime} {'' if pd.isna(row.label_fraction) else _at(row.label_fraction)}"
        f"{style.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"{style.unit(data['metric'].iloc[0])} against label fraction per regime: {'; '.join(told)}."


def _at(share: float) -> str:
    return f"at {style.fraction(share)} of the labels "


def _curves_caption(data: pd.DataFrame) -> str:
    repeated = int((data.drop_duplicates("trial")["kind"] == "replicate").sum())
    searched = data["trial"].nunique() - repeated
    return (
        f"Validation {data['metric'].iloc[0]} per epoch, one panel per cell. Every line is one trial (n = "
        f"{style.plural(searched, 'search trial')}, {style.plural(repeated, 'replicate')} of the winners), so there is "
        "no interval: the spread of the thin coloured lines is the spread over seeds. "
        "Grey: the other trials of the search, dashed where pruned."
    )


def _ends(data: pd.DataFrame) -> str:
    """Per panel, the winner's last score: the words of a small-multiples figure."""
    best = data[data["kind"] == "winner"].sort_values("epoch").drop_duplicates("cell", keep="last")
    told = [f"{row.panel} {style.score(row.score, row.metric)}" for row in best.itertuples()]
    return f" Winners at their last epoch: {'; '.join(told)}." if told else " No cell has a winner yet."


def _curves_alt(data: pd.DataFrame) -> str:
    return f"Learning curves, {style.unit(data['metric'].iloc[0])} on validation per epoch." + _ends(data)


def _points_caption(data: pd.DataFrame) -> str:
    each = data["kind"].value_counts()
    told = ", ".join(f"{count} {kind}" for kind, count in each.items())
    return (
        f"Each mark is one search trial (n = {len(data)}: {told}), so there is no interval; "
        "other tuned values differ between marks. Star: the cell's winner. "
        "Crosses: pruned, at the score of the epoch where they were stopped."
    )


def _lr_caption(data: pd.DataFrame) -> str:
    return f"Last validation {data['metric'].iloc[0]} against the learning rate. {_points_caption(data)}"


def _depth_caption(data: pd.DataFrame) -> str:
    return (
        f"Last validation {data['metric'].iloc[0]} against the number of frozen stages, for cells that read it. "
        f"{_points_caption(data)} The line joins the best complete trial at each depth."
    )


def _lr_alt(data: pd.DataFrame) -> str:
    best = data[data["kind"] == "winner"]
    told = "; ".join(f"{row.panel} {style.number(row.lr)}" for row in best.itertuples())
    return f"Last validation score against learning rate per cell. Winners' rates: {told or 'none yet'}." + _ends(data)


def _depth_alt(data: pd.DataFrame) -> str:
    best = data[data["kind"] == "winner"]
    told = "; ".join(f"{row.panel} {row.freeze_depth}" for row in best.itertuples())
    return f"Last validation score against freezing depth. Winners' depths: {told or 'none yet'}." + _ends(data)


KINDS = (
    Kind(
        "label-fraction",
        "Score against label fraction",
        plots.label_fraction_data,
        plots.label_fraction_plot,
        _label_fraction_caption,
        _label_fraction_alt,
        False,
        "no cell has a winner or a replicate with a score yet",
    ),
    Kind(
        "learning-curves",
        "Learning curves",
        plots.curves_data,
        plots.curves_plot,
        _curves_caption,
        _curves_alt,
        True,
        "no trial has a validation score yet",
    ),
    Kind(
        "learning-rate",
        "Learning-rate response",
        plots.lr_data,
        plots.lr_plot,
        _lr_caption,
        _lr_alt,
        True,
        "no search trial that reads a learning rate has a validation score yet",
    ),
    Kind(
        "freezing-depth",
        "Freezing-depth response",
        plots.depth_data,
        plots.depth_plot,
        _depth_caption,
        _depth_alt,
        True,
        "no search trial that reads a freezing depth has a validation score",
    ),
)
