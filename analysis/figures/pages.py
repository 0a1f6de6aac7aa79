"""A figure as the pages that it is drawn on, which a notebook shows; from a study's table."""

import base64
from html import escape

import pandas as pd

from analysis.figures import draw
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import sources


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


def figure(table: StudyTable, name: str) -> Pages:
    """Draw a figure by its name; see `analysis.figure`."""
    kinds = {kind.stem: kind for kind in draw.ALL}
    if name not in kinds:
        raise ValueError(f"unknown figure {name!r}; one of {', '.join(kinds)}")
    return Pages(draw.pictures(kinds[name], _data(kinds[name], table), "; ".join(sources(table.frame))))


def names(table: StudyTable) -> tuple[str, ...]:
    """Name the figures that a study's table has something to draw for; see `analysis.figures_of`."""
    return tuple(kind.stem for kind in draw.ALL if not _data(kind, table).empty)


def _data(kind: draw.Kind, table: StudyTable) -> pd.DataFrame:
    """Return a figure's numbers; none for a figure of pretraining where nothing was trained first."""
    if kind in draw.OF_PRETRAINING and table.pretraining.empty:
        return pd.DataFrame({"panel": []})
    return kind.data(table)
