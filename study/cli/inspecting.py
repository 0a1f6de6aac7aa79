"""Inspects images of the user's own for the command: finds, prints, and writes the page and the mended list."""

import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analysis.shell import files
from study.cli import messages, prepare
from study.cli.inspect_options import SPACE, InspectOptions
from study.errors import UserError
from study.space.config import Config, config
from study.space.space import Cell
from study.storage import store

if TYPE_CHECKING:
    from study.cli.console import Console
    from study.data.inspection import Inspection
    from study.data.mending import Mended
    from study.data.ties import Ties

NETWORKS = "efficientnet_lite0,resnet18"
"""Networks that a first ranking may compare."""


class Findings(NamedTuple):
    """What was found, and what mending left of it."""

    seen: "Inspection"
    mended: "Mended | None"


class Step(NamedTuple):
    """A command to go on with."""

    what: str
    """What it does, for people."""
    command: str


def carry_out(options: InspectOptions, cells: list[Cell], console: "Console") -> Findings:
    """Inspect, print, and write what the options name.

    Args:
        options: checked.
        cells: of a study that would read the images.
        console: to print on.
    """
    store.check()
    write: Callable[[str], None] = partial(console.print, soft_wrap=True)
    ((seen, size),) = prepare.inspections(cells, options.data, _no_check, console, seed=0)
    messages.print_inspection(seen, size, console)
    trial = config(cells[0].values)
    mended, layout = None, None
    if options.mend is not None:
        seen, mended, layout = _mend(options.mend, options, seen, trial, console)
    steps = _steps(options, seen, trial) if mended is None else _steps_from(options, mended, layout)
    if options.html is not None:
        from study.cli import inspection_page

        with prepare.progress(console, "drawing pictures", _no_check) as advance:
            page = inspection_page.page(options.data.resolve().name, seen, size, _pattern(seen, trial), steps, advance)
        files.put(options.html, page.encode())
        write(f"wrote {messages.short(options.html.absolute())}")
    for step in steps:
        write(f"{step.what}: {step.command}")
    return Findings(seen, mended)


def refuse(findings: Findings, options: InspectOptions) -> None:
    """Raise an error if a study would not take the images, or not what mending left.

    Raises:
        UserError: with all problems.
    """
    left = findings.mended.problems.items() if findings.mended else ()
    lines = [f"{options.mend}: {len(found):,} {problem}: {', '.join(found[:5])}" for problem, found in left]
    try:
        findings.seen.refuse()
    except UserError as error:
        raise UserError("\n  ".join([str(error), *lines])) from None
    if lines:
        raise UserError("; ".join(lines))


def _mend(
    file: Path, options: InspectOptions, seen: "Inspection", trial: Config, console: "Console"
) -> "tuple[Inspection, Mended, str | None]":
    """Mend the data set and write it.

    Returns:
        The inspection, with all images looked at; what is left; and the `layout` that its list must be read with.
    """
    from study.cli import mended_csv
    from study.data import mending, splits
    from study.data.scan import scan

    if not seen.looks:  # a class without an image ended the inspection early
        with prepare.progress(console, "looking at the images", _no_check) as advance:
            seen = seen._replace(looks=scan(seen.dataset.paths, advance))
    mended = mending.mend(seen, _ties(seen, trial), splits.cut(trial))
    assert options.changes is not None
    layout = mended_csv.write(mended, seen.dataset, file, options.changes)
    console.print(f"wrote {messages.short(file.absolute())}: {'; '.join(mended_csv.summary(mended))}", soft_wrap=True)
    what = "each change with its reason" if mended.changes else "nothing was changed"
    console.print(f"wrote {messages.short(options.changes.absolute())}: {what}", soft_wrap=True)
    return seen, mended, layout


def _ties(seen: "Inspection", trial: Config) -> "Ties":
    from study.data import own_images, ties

    pattern = _pattern(seen, trial)
    return ties.ties(seen, own_images.group_names(seen.dataset, pattern), pattern, _copies(trial))


def _pattern(seen: "Inspection", trial: Config) -> str | None:
    """Give the pattern that names groups: the user's, or else the one that explains the copies."""
    if trial.group_pattern is not None or seen.proposal is None or not _copies(trial):
        return trial.group_pattern
    return seen.proposal.pattern


def _copies(trial: Config) -> bool:
    """Whether copies belong together."""
    return getattr(trial, "copies", "stop") == "stop"


def _steps(options: InspectOptions, seen: "Inspection", trial: Config) -> list[Step]:
    """Give the commands to go on with."""
    again = [word for item in options.set for word in ("--set", item)]
    if seen.problems:
        mend = _command("inspect", str(options.data), *again, "--mend", "mended.csv")
        return [Step("a list of what can be used", mend)]
    if seen.proposal is not None and trial.group_pattern is None:
        again += ["--set", f"group_pattern={seen.proposal.pattern}"]
    ranked = _command("rank", "--data", str(options.data), "--families", NETWORKS, *again)
    return [
        Step("a study", _command("run", "--space", SPACE, "--data", str(options.data), *again)),
        Step("which networks are promising", ranked),
    ]


def _steps_from(options: InspectOptions, mended: "Mended", layout: str | None) -> list[Step]:
    """Give the command that goes on with what mending left; its list has groups, and a layout of its own."""
    if mended.problems:
        return []
    kept = [item for item in options.set if item.partition("=")[0] not in ("group_pattern", "layout")]
    kept += [] if layout is None else [f"layout={layout}"]
    again = [word for item in kept for word in ("--set", item)]
    return [Step("a study of what is left", _command("run", "--space", SPACE, "--data", str(options.mend), *again))]


def _command(name: str, *words: str) -> str:
    return shlex.join(["python", "-m", f"study.{name}", *words])


def _no_check() -> None:
    """Let the inspection go on; Ctrl-C ends it."""
