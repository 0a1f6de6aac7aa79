"""Inspects images of the user's own for the command: finds, prints, and writes the page and the mended list."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analysis.shell import files
from study.cli import inspect_options, messages, next_commands, prepare
from study.cli.inspect_options import InspectOptions
from study.cli.next_commands import Step
from study.errors import UserError
from study.space.config import Config, config
from study.space.space import Cell
from study.storage import store

if TYPE_CHECKING:
    from study.cli.console import Console
    from study.data.inspection import Inspection, Problems
    from study.data.mending.ties import Ties


class Findings(NamedTuple):
    """What was found, and what would still make results wrong once it is mended."""

    seen: "Inspection"
    left: "Problems"


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
    steps, left = next_commands.steps(options, seen, trial), dict[str, list[str]]()
    if options.mend is not None:
        seen, left, again = _mend(options, seen, trial, console)
        steps = [] if left else [Step("a study of what is left", next_commands.study(again))]
    if options.html is not None:
        from study.cli import inspection_page

        with prepare.progress(console, "drawing pictures", _no_check) as advance:
            page = inspection_page.page(
                options.data.resolve().name, seen, size, next_commands.pattern(seen, trial), steps, advance
            )
        files.put(options.html, page.encode())
        write(f"wrote {_short(options.html)}")
    for step in steps:
        write(f"{step.what}: {step.command}")
    return Findings(seen, left)


def refuse(findings: Findings, options: InspectOptions) -> None:
    """Raise an error if a study would not take the images, or not what mending left.

    Raises:
        UserError: with all problems.
    """
    left = findings.left.items()
    lines = [
        f"{options.mend}: {len(found):,} {problem}: {', '.join(map(_quoted, found[:5]))}" for problem, found in left
    ]
    try:
        findings.seen.refuse()
    except UserError as error:
        raise UserError("\n  ".join([str(error), *lines])) from None
    if lines:
        raise UserError("; ".join(lines))


def _mend(
    options: InspectOptions, seen: "Inspection", trial: Config, console: "Console"
) -> "tuple[Inspection, Problems, InspectOptions]":
    """Mend the data set, write it where a list can hold it, and inspect what is left as a study would.

    Returns:
        The inspection, with all images looked at; what would still make results wrong; and how the list is read.
    """
    from study.cli import mended_csv
    from study.data.mending import changes

    assert options.mend is not None
    assert options.changes is not None
    seen = _looked_at(seen, trial, console)
    while True:
        mended = changes.mend(seen, _ties(seen, trial))
        if odd := mended_csv.unwritable(mended.dataset):
            return seen, odd, options
        layout = mended_csv.write(mended, seen.dataset, options.mend, options.changes)
        again, left = _of_list(options, layout), mended.lost
        if left:
            break
        ((rest, _),) = prepare.inspections(inspect_options.of_study(again), again.data, _no_check, console, seed=0)
        left = rest.problems
        if not (missed := changes.missed(seen, rest) if seen.joined else []):
            break
        seen = seen._replace(near=[*seen.near, *missed])
    for file, what in (
        (options.mend, "; ".join(mended_csv.summary(mended, seen.dataset))),
        (options.changes, "the changes, each with its reason"),
    ):
        console.print(f"wrote {_short(file)}: {what}", soft_wrap=True)
    return seen, left, again


def _looked_at(seen: "Inspection", trial: Config, console: "Console") -> "Inspection":
    """Scan the images and find copies where a class without an image ended the inspection before."""
    from study.data import own_images
    from study.data.copies import finding
    from study.data.scan import scan

    if seen.looks:
        return seen
    with prepare.progress(console, "looking at the images", _no_check) as advance:
        looks = scan(seen.dataset.paths, advance)
        found = finding.find(seen.dataset, looks, advance)
    proposal = found.proposal if own_images.group_names(seen.dataset, trial.group_pattern) is None else None
    return seen._replace(looks=looks.facts, near=found.near, proposal=proposal, joined=trial.copies == "stop")


def _of_list(options: InspectOptions, layout: str | None) -> InspectOptions:
    """Give the options that a mended list is read with: it has groups, and a layout of its own."""
    assert options.mend is not None
    others = [item for item in options.set if item.partition("=")[0] not in ("group_pattern", "layout")]
    return InspectOptions(data=options.mend, set=[*others, *([] if layout is None else [f"layout={layout}"])])


def _ties(seen: "Inspection", trial: Config) -> "Ties":
    from study.data import own_images
    from study.data.mending import ties

    pattern = next_commands.pattern(seen, trial)
    return ties.ties(seen, own_images.group_names(seen.dataset, pattern), pattern, seen.joined)


def _quoted(name: str) -> str:
    """Quote a name with blanks at its ends, which nobody would see."""
    return name if name == name.strip() else repr(name)


def _short(file: Path) -> str:
    return messages.short(file.absolute())


def _no_check() -> None:
    """Let the inspection go on; Ctrl-C ends it."""
