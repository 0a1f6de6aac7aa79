"""A study's report, and that of several studies side by side: pages, figures and tables as files.

`analysis.report(table, folder)` writes one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shell.callable_module import make_callable

if TYPE_CHECKING:
    import pandas as pd

    from analysis.numbers.study_table import StudyTable


def report(table: "StudyTable | pd.DataFrame", folder: str | Path) -> Path:
    """Write a study's report: report.html, and its pictures and tables in figures/ and tables/.

    Args:
        table: of `analysis.load`, or its frame.
        folder: where to; made where it is missing.

    Returns:
        The path of report.html.
    """
    from analysis.numbers.study_table import StudyTable
    from analysis.report import study_report

    return study_report.write(StudyTable.of(table), Path(folder).expanduser())[0]


make_callable(__name__)
