"""The options of `study.inspect`, checked before any image is read."""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.shell import command
from study.cli import question
from study.cli.options import Options
from study.data import splits
from study.errors import UserError
from study.space.config import CHOICES, check_pattern, config, names, read
from study.space.ranges import check_choices, check_size
from study.space.space import Cell

SPACE = "folder"
"""The space that says how images of the user's own are cut and how large networks get them."""
KEYS = ("image_size", *names(reader="task folder"), *names(reader="validation groups"))
"""Hyperparameters that are about data; no other can be set."""
PAGE, TABLE = (".html", ".htm"), (".csv",)
CHANGES = ".changes.csv"
"""Ending of the list of what a mended CSV file has otherwise."""


@dataclass(frozen=True, kw_only=True)
class InspectOptions:
    """Which images are inspected, and what is written of them."""

    data: Path
    set: Sequence[str] = ()
    html: Path | None = None
    mend: Path | None = None
    force: bool = False

    @property
    def changes(self) -> Path | None:
        """The file that lists what `mend` has otherwise."""
        return None if self.mend is None else self.mend.with_suffix(CHANGES)


def _parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    about = "Inspect images of your own: what is there, and what would make results wrong."
    made = command.Parser(prog="python -m study.inspect", description=about, allow_abbrev=False)
    add = made.add_argument
    add("data", type=command.path, metavar="DATA", help="a folder of images, or a .csv file that lists them")
    add("--html", type=command.path, metavar="FILE", help="write the findings as one page, with pictures")
    add("--mend", type=command.path, metavar="FILE.csv", help=f"list what can be used, and in FILE{CHANGES} why")
    fix = f"{', '.join(KEYS)}, e.g. group_pattern=REGEX; repeatable"
    add("--set", action="append", default=[], metavar="KEY=VALUE", help=fix)
    add("--layout", choices=CHOICES["layout"], help="how the images are read, where that could be in two ways")
    add("--force", action="store_true", help="overwrite files that exist")
    return made


def parse(argv: Sequence[str] | None) -> InspectOptions:
    """Read the command line; a mistake in it ends the process with exit code 2."""
    values = vars(_parser().parse_args(argv))
    if (layout := values.pop("layout")) is not None:
        values["set"] = [*values["set"], f"layout={layout}"]
    return InspectOptions(**values)


def cells(options: InspectOptions) -> list[Cell]:
    """Give the cells of a study that would read the images, once all options are checked.

    Raises:
        UserError: a mistake in the options; names it.
    """
    if not options.data.exists():
        raise UserError(f"{options.data}: no such folder or .csv file")
    for item in options.set:
        _check_value(item)
    written = (("--html", options.html, PAGE), ("--mend", options.mend, TABLE), ("--mend", options.changes, TABLE))
    for option, file, endings in written:
        if file is not None:
            _check_place(option, file, endings, options)
    return of_study(options)


def of_study(options: InspectOptions) -> list[Cell]:
    """Give the cells of a study that would read the images.

    Raises:
        UserError: a value of a hyperparameter is none, or the images are no data set.
    """
    return question.resolve(Options(space=SPACE, data=options.data, set=options.set, inspect=True)).cells


def _check_value(item: str) -> None:
    """Refuse what is no KEY=VALUE about data."""
    key, equals, text = item.partition("=")
    if not equals:
        raise UserError(f"--set {item}: write KEY=VALUE, as in --set image_size=64")
    if key not in KEYS:
        raise UserError(f"--set {item}: {key!r} is not about data; one of {', '.join(KEYS)}")
    try:
        trial = config({key: read(key, text)})
        check_choices(trial)
        check_size(trial.image_size)
        splits.check_share(trial.validation_share)
        if trial.group_pattern is not None:
            check_pattern(trial.group_pattern)
    except UserError as error:
        raise UserError(f"--set {item}: {error}") from None


def _check_place(option: str, file: Path, endings: tuple[str, ...], options: InspectOptions) -> None:
    """Refuse a file that cannot be written, or must not be."""
    if file.is_dir():
        raise UserError(f"{option} {file}: is a folder, where a file is to be written")
    if file.suffix.lower() not in endings:
        raise UserError(f"{option} {file}: the name must end in {endings[0]}")
    if not file.parent.is_dir():
        raise UserError(f"{option} {file}: no folder {file.parent}")
    if os.path.lexists(file) and options.data.is_file() and file.resolve() == options.data.resolve():
        raise UserError(f"{option} {file}: is the data set itself, which is never changed; name another file")
    if os.path.lexists(file) and not options.force:
        raise UserError(f"{option} {file}: exists; name another file, or add --force to overwrite it")
    try:
        with tempfile.TemporaryFile(dir=file.parent):
            pass
    except OSError as error:
        raise UserError(f"{option} {file}: cannot be written ({error.strerror})") from error
