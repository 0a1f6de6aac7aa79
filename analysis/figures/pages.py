"""A figure as the pages that it is drawn on, which a notebook shows; from a study's whole table."""

import base64
from html import escape

import pandas as pd

from analysis.figures import draw
from analysis.numbers import table


class Pages(tuple[draw.Picture, ...]):
    """The pages of one figure."""

    def __repr__(self) -> str:
        """Name the figure, and say how many pages it has."""
        return f"{len(self)} page{'s' * (len(self) != 1)}: {self[0].title}" if self else "nothing to draw"

    def _repr_html_(self) -> str:
        """Show every page with its caption: what a notebook does with the last value of a cell."""
        return "".join(
            f'<figure><img src="data:image/png;base64,{base64.b64encode(page.png).decode()}" alt="{escape(page.alt)}">'
            f"<figcaption>{escape(page.caption)}</figcaption></figure>"
            for page in self
        ) or escape(repr(self))


def figure(df: pd.DataFrame, name: str) -> Pages:
    """Draw a figure by its name; see `analysis.figure`."""
    known = {kind.stem: kind for kind in draw.ALL}
    if name not in known:
        raise ValueError(f"unknown figure {name!r}; one of {', '.join(known)}")
    kind, rows = known[name], rows_of(df, known[name])
    return Pages(draw.pictures(kind, kind.data(rows), "; ".join(table.sources(df)))) if len(rows) else Pages()


def names(df: pd.DataFrame) -> tuple[str, ...]:
    """Name the figures that a study's table has something to draw for; see `analysis.figures_of`."""
    return tuple(kind.stem for kind in draw.ALL if len(rows := rows_of(df, kind)) and not kind.data(rows).empty)


def rows_of(df: pd.DataFrame, kind: draw.Kind) -> pd.DataFrame:
    """Give the rows of a study's table that a figure is drawn from: most figures know the trials alone."""
    trials, pretrained = table.apart(df)
    if kind in draw.OF_PRETRAINING:
        return pretrained if kind is draw.OF_PRETRAINING[0] else df if len(pretrained) else pretrained
    return df if kind in (*draw.OF_CHAINS, *draw.OF_CLASSES) else trials
