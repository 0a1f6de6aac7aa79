"""Reads a study's table and shows what it says: statistics, figures, a report.

Knows the table's columns and nothing else of a study: neither `study` nor what ran it is imported here.

Example:
    >>> import analysis
    >>> table = analysis.load("tests/golden/regimes")
    >>> analysis.figure(table, "label-fraction")
    1 page: Scores
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.shell import early_signals

if TYPE_CHECKING:
    import pandas as pd

    from analysis.figures.pages import Pages
    from analysis.report import report as report

early_signals.listen()

__all__ = ["figure", "figures_of", "load", "report"]


def load(folder: str | Path) -> "pd.DataFrame":
    """Load a study's table: a row a score, named in `analysis.numbers.columns`.

    Args:
        folder: of a study, e.g. results/gtsrb; or its table.parquet.

    Raises:
        analysis.numbers.columns.TableError: there is no table, or it is none that a study writes.
    """
    from analysis.numbers import table

    return table.load(Path(folder).expanduser())


def figure(table: "pd.DataFrame", name: str) -> "Pages":
    """Draw a figure of the report; in a notebook it shows itself.

    Args:
        table: of `load`.
        name: the figure's, such as "label-fraction"; `figures_of` lists those that a table has something for.

    Returns:
        The figure's pages, each with `png`, `svg`, `caption` and `alt`; none where the table has nothing to draw.

    Raises:
        ValueError: there is no figure of this name; the message names those that there are.
    """
    from analysis.figures import pages

    return pages.figure(table, name)


def figures_of(table: "pd.DataFrame") -> Sequence[str]:
    """Name the figures that a table has something to draw for."""
    from analysis.figures import pages

    return pages.names(table)


def __getattr__(name: str) -> Any:
    """Import `report` when it is first used."""
    if name != "report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("analysis.report")
