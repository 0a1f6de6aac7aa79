"""The command `python -m analysis results/gtsrb …`: tables of studies in, their reports out, and one page of several.

Knows arguments, messages and exit codes; knows nothing of what a report says.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from analysis.numbers import table
from analysis.shell import command, files
from analysis.shell.text import printable


class _MistakeError(ValueError):
    """One study given twice, or a file as the folder to write into."""

    exit_code = command.USAGE


def main(argv: list[str] | None = None) -> int:
    """Write the report of the study in each folder, and of several a page that puts them side by side.

    Returns:
        The exit code: 0 done, 2 not a study's folder, 4 its table is damaged or of another kind, 5 the storage fails.
    """
    with command.ending("analysis") as end:
        options = _parser().parse_args(argv)
        _write(_read(options.folders), options.out)
    return end.code


def _parser() -> argparse.ArgumentParser:
    parser = command.Parser(prog="python -m analysis", description="Write a study's report, figures and tables.")
    told = "a study's folder, e.g. results/gtsrb; several are put side by side as well"
    parser.add_argument("folders", type=command.path, nargs="+", metavar="folder", help=told)
    told = "where to write (default: the study's folder; the page of several: beside/ next to the first)"
    parser.add_argument("--out", type=command.path, metavar="DIR", help=told)
    return parser


def _read(folders: list[Path]) -> dict[Path, pd.DataFrame]:
    """The tables of studies, all of them read before anything is written."""
    places = [folder.resolve() for folder in folders]
    for number, folder in enumerate(folders):
        if places[number] in places[:number]:
            raise _MistakeError(f"'{folder}' is given twice")
    tables = {}
    for folder in folders:
        with _named(f"cannot read '{folder}'"):
            tables[folder] = table.load(folder)
    return tables


def _write(tables: dict[Path, pd.DataFrame], out: Path | None) -> None:
    """Write each study's report into its folder, and a page of several, or the report of one, into `out`."""
    several = len(tables) > 1
    if out is not None:
        if os.path.lexists(out) and not out.is_dir():
            raise _MistakeError(f"--out {out}: is a file, or leads nowhere; name a folder")
        with _named(f"cannot write into '{out}'"):
            out.mkdir(parents=True, exist_ok=True)
    from analysis.report import (  # the drawing libraries take seconds; a wrong folder is told before
        side_by_side,
        study_report,
    )

    side = out or next(iter(tables)).resolve().parent / "beside"
    for place in {*(tables if several or out is None else ()), *([side] if several or out else ())}:
        files.refuse_links(place)
    if out is None:
        files.refuse_link(side)  # nobody named it
    for folder, df in tables.items():
        place = folder if several or out is None else out
        with _named(f"cannot write into '{place}'"):
            paths = study_report.write(df, place)
        print(printable(f"report: {paths[0]} ({_counted(df)}; {len(paths) - 1} figures and tables beside it)"))
    if several:
        with _named(f"cannot write into '{side}'"):
            paths = side_by_side.write(tables, side)
        count = f"{len(tables)} studies; {len(paths) - 1} figures and tables beside it"
        print(printable(f"side by side: {paths[0]} ({count})"))


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Say before the storage's own words what was tried."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{what}: {error.strerror or error}", error.filename) from error


def _counted(df: pd.DataFrame) -> str:
    from analysis.numbers import format, summary, table

    return format.plural(summary.ran(table.apart(df)[0])["trial"].nunique(), "trial")


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
