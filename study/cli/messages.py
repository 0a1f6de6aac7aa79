"""What the command prints: the list of spaces, the size of a study, its cells. Knows nothing of how a study runs."""

import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.cli.catalogue import known
from study.space import Space
from study.space.space import Cell

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from study.data.copies.name_patterns import Proposal
    from study.data.inspection import Inspection
    from study.search.study import Study

CLASSES = 12
"""Classes of a data set that are listed; of more, the largest and the smallest."""
WIDEST = 170
"""Columns that the table of cells may take: a terminal wraps what is wider than it, and nothing is cut off."""


def listing() -> str:
    """One line a space."""
    lines = known()
    return "\n".join(f"{name:{max(map(len, lines))}}  {line}" for name, line in lines.items())


def again() -> str:
    """Give the command that goes on with this study."""
    if sent := os.environ.get("STUDY_COMMAND"):  # study.submit's: this process is where it was sent to
        return sent
    return f"python {shlex.join(word for word in sys.orig_argv[1:] if word != '--resume')} --resume"


def short(path: Path) -> str:
    """Write a path relative to the current folder where it lies below it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def opening(study: "Study") -> str:
    """Describe a study as it begins: its name, data, size and folder."""
    data = ", ".join(dict.fromkeys(prepared.source for prepared in study.prepared))
    where = study.mirror.uri if study.mirror else short(study.folder)
    return f"{study.name} ({study.scale}) on {data}\n{plan(study.cells, study.space, study.absent)} → {where}"


def plan(cells: list[Cell], space: Space, absent: Mapping[int, str]) -> str:
    """Say how much a study is, and which of its cells cannot run."""
    if not absent and all(cell.tuned and not cell.as_published for cell in cells):
        each = f"{space.trials} trials × {space.epochs} epochs, then {space.replicates} replicates"
        return f"{_plural(len(cells), 'cell')} × {each}"
    size = f"{_plural(len(cells), 'cell')}, {_plural(_total(cells, space, absent), 'trial')} of {space.epochs} epochs"
    reasons = "; ".join(dict.fromkeys(absent.values()))
    return f"{len(absent)} of {len(cells)} cells cannot run: {reasons}\n{size}" if absent else size


def print_cells(cells: Any, console: "Console") -> None:
    """Print a table of texts, a DataFrame, without lines."""
    from rich.table import Table

    from study.cli.console import Console

    table = Table(*cells.columns, box=None, header_style="bold", pad_edge=False)
    for row in cells.itertuples(index=False):
        table.add_row(*row)
    for column in table.columns:
        column.no_wrap = True
    wide = Console(file=console.file, width=max(console.width, WIDEST))
    wide.print(table)


def print_inspection(seen: "Inspection", size: int, console: "Console") -> None:
    """Print what is in a data set of the user's own, on one screen.

    Args:
        seen: what was seen.
        size: side of the images that networks get, pixels.
        console: to print on.
    """
    from rich.table import Table

    data = seen.dataset
    several = data.targets.ndim == 2
    labels = f"{len(data.classes)} {'labels, any number' if several else 'classes, one'} an image"
    console.print(f"{data.root}: {data.layout}, {labels}", soft_wrap=True)
    table = Table("label" if several else "class", *(seen.counts), box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, *counts in _by_size(data.classes, seen.counts):
        table.add_row(name, *counts)
    console.print(table)
    for line in _seen(seen, size):
        console.print(line, soft_wrap=True)


def _by_size(classes: Sequence[str], counts: "Mapping[str, np.ndarray]") -> Iterator[list[str]]:
    """Give a row a class, the largest first; of many those in the middle are one row."""
    order = sorted(range(len(classes)), key=lambda label: -int(counts["train"][label]))
    left_out = order[CLASSES // 2 : -CLASSES // 2] if len(order) > CLASSES + 1 else []
    for label in order:
        if label not in left_out:
            yield [classes[label], *(f"{int(each[label]):,}" for each in counts.values())]
        elif label == left_out[0]:
            yield [f"… {len(left_out)} more", *(f"{int(each[left_out].sum()):,}" for each in counts.values())]


def _seen(seen: "Inspection", size: int) -> Iterator[str]:
    """Say how the data are cut, how large images are, what was passed over, and what is odd."""
    data, images = seen.dataset, len(seen.dataset.paths)
    if seen.cut:
        test = "as given" if "test" in data.splits else "cut off here, a fifth of each class; it is the same each time"
        val = "as given" if "val" in data.splits else "held out of train"
        each = "each image by itself" if seen.groups + seen.again >= images else "images of one are never parted"
        yield f"test: {test} · validation: {val} · groups: {seen.groups:,}, {each}"
    together = "; copies are in one group" if seen.joined else ""
    sides = sorted((each.width * each.height, each.width, each.height) for each in seen.looks if each.same)
    if sides:
        least, middle, most = (f"{wide} × {high}" for _, wide, high in (sides[0], sides[len(sides) // 2], sides[-1]))
        yield f"sizes: {least} to {most} px, in the middle {middle}; networks get {size} × {size}"
    yield from data.reading
    if data.passed:
        counts = ", ".join(f"{count:,} {what}" for what, count in data.passed.most_common())
        yield f"passed over: {counts}"
    if seen.again:
        yield f"{seen.again:,} images are copies of others{together}"
    if seen.near:
        images = len({number for pair in seen.near for number in (pair.first, pair.second)})
        yield f"{images:,} images are near copies of each other, in {len(seen.near):,} pairs{together}"
    for remark in seen.remarks:
        yield f"note: {remark}"
    if seen.proposal:
        yield f"note: {proposed(seen.proposal)}"


def proposed(proposal: "Proposal") -> str:
    """Name a pattern that images may be grouped by, and why."""
    option = f"--set {shlex.quote(f'group_pattern={proposal.pattern}')}"
    joins = f"joins {proposal.joined:,} images, in {proposal.groups:,} groups in all"
    if not proposal.explained:
        return f"file names look like frames of tracks: {option} {joins}"
    copies = f"{proposal.explained:,} of {proposal.pairs:,} pairs of copies"
    return f"file names explain {copies}: {option} {joins}"


def _total(cells: list[Cell], space: Space, absent: Mapping[int, str]) -> int:
    """Count the trials as the study itself will."""
    from study.search.state import Plan, State

    counts = Plan(space.trials, space.epochs, space.replicates, 0)
    return State(cells, counts, lambda: lambda *_: False, lambda _: None, absent).total()


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
