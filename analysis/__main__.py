"""The command `python -m analysis results/gtsrb …`: reads studies' tables, writes their reports and a page of several.

Knows arguments, messages and exit codes.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.numbers.table import load
from analysis.shell import command, files
from analysis.shell.text import printable

if TYPE_CHECKING:
    from analysis.numbers.study_table import StudyTable


class _MistakeError(ValueError):
    """The same study twice, or a file as the folder to write into."""

    exit_code = command.USAGE


def main(argv: list[str] | None = None) -> int:
    """Write the report of the study in each folder, and a page that puts several studies side by side.

    Returns:
        The exit code: 0 done, 2 not a study's folder, 4 a damaged table or one of another kind, 5 the storage fails.
    """
    with command.ending("analysis") as end:
        options = _parser().parse_args(argv)
        _write(_read(options.folders), options.out)
    return end.code


def _parser() -> argparse.ArgumentParser:
    parser = command.Parser(prog="python -m analysis", description="Write a study's report, figures and tables.")
    folders = "a study's folder, e.g. results/gtsrb; several are put side by side as well"
    parser.add_argument("folders", type=command.path, nargs="+", metavar="folder", help=folders)
    out = "where to write (default: the study's folder; the page of several: beside/ next to the first)"
    parser.add_argument("--out", type=command.path, metavar="DIR", help=out)
    return parser


def _read(folders: list[Path]) -> dict[Path, pd.DataFrame]:
    """The tables of the studies, all of them read before anything is written."""
    resolved = [folder.resolve() for folder in folders]
    for number, folder in enumerate(folders):
        if resolved[number] in resolved[:number]:
            raise _MistakeError(f"'{folder}' is given twice")
    frames = {}
    for folder in folders:
        with _prefixed(f"cannot read '{folder}'"):
            frames[folder] = load(folder)
    return frames


def _write(frames: dict[Path, pd.DataFrame], out: Path | None) -> None:
    """Write each study's report into its folder; `out` gets the page of several studies, or the report of one."""
    several = len(frames) > 1
    if out is not None:
        if os.path.lexists(out) and not out.is_dir():
            raise _MistakeError(f"--out {out}: is a file, or leads nowhere; name a folder")
        with _prefixed(f"cannot write into '{out}'"):
            out.mkdir(parents=True, exist_ok=True)
    # The drawing libraries take seconds to load; a wrong folder is refused before.
    from analysis.numbers.study_table import StudyTable
    from analysis.report import side_by_side, study_report

    tables = {folder: StudyTable(frame) for folder, frame in frames.items()}
    beside = out or next(iter(tables)).resolve().parent / "beside"
    for target in {*(tables if several or out is None else ()), *([beside] if several or out else ())}:
        files.refuse_links(target)
    if out is None:
        files.refuse_link(beside)  # nobody named this folder
    for folder, table in tables.items():
        target = folder if several or out is None else out
        with _prefixed(f"cannot write into '{target}'"):
            paths = study_report.write(table, target)
        print(printable(f"report: {paths[0]} ({_counted(table)}; {len(paths) - 1} figures and tables beside it)"))
    if several:
        with _prefixed(f"cannot write into '{beside}'"):
            paths = side_by_side.write(tables, beside)
        count = f"{len(tables)} studies; {len(paths) - 1} figures and tables beside it"
        print(printable(f"side by side: {paths[0]} ({count})"))


@contextmanager
def _prefixed(action: str) -> Iterator[None]:
    """Name the action that failed before the operating system's own message."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{action}: {error.strerror or error}", error.filename) from error


def _counted(table: "StudyTable") -> str:
    from analysis.numbers import format

    return format.plural(len(table.trials), "trial")


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
