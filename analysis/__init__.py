"""Reads a study's table and shows what it says: statistics, figures, a report.

Knows the table's columns and nothing else of a study: neither `study` nor what ran it is imported here.

Example:
    >>> import analysis
    >>> table = analysis.load("tests/golden/regimes")
    >>> table
    StudyTable: 6 cells, 42 trials, data: stand-in: ten kinds of drawn objects, 750 train + 400 test images
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
    from analysis.numbers.study_table import StudyTable
    from analysis.report import report as report

early_signals.listen()

__all__ = ["figure", "figures_of", "load", "report"]


def load(folder: str | Path) -> "StudyTable":
    """Load a study's table: `frame` has a row for each score, `trials`, `winners` and `cells` are made of it.

    Args:
        folder: of a study, e.g. results/gtsrb; or its table.parquet.

    Raises:
        analysis.numbers.columns.TableError: there is no table, or it is none that a study writes.
    """
    from analysis.numbers import table

    frame = table.load(Path(folder).expanduser())
    from analysis.numbers.study_table import StudyTable  # loads SciPy, so that a wrong folder is refused without that

    return StudyTable(frame)


def figure(table: "StudyTable | pd.DataFrame", name: str) -> "Pages":
    """Draw a figure of the report; in a notebook it shows itself.

    Args:
        table: of `load`, or its frame.
        name: the figure's, such as "label-fraction"; `figures_of` lists those that a table has something for.

    Returns:
        The figure's pages, each with `png`, `svg`, `caption` and `alt`; none where the table has nothing to draw.

    Raises:
        ValueError: there is no figure of this name; the message names those that there are.
    """
    from analysis.figures import pages
    from analysis.numbers.study_table import StudyTable

    return pages.figure(StudyTable.of(table), name)


def figures_of(table: "StudyTable | pd.DataFrame") -> Sequence[str]:
    """Name the figures that a table has something to draw for."""
    from analysis.figures import pages
    from analysis.numbers.study_table import StudyTable

    return pages.names(StudyTable.of(table))


def __getattr__(name: str) -> Any:
    """Import `report` when it is first used."""
    if name != "report":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("analysis.report")
