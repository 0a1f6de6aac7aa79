"""Writes a mended data set as a CSV file that a study takes, and beside it what was changed and why."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from analysis.report.pages import defused
from analysis.shell import files
from analysis.shell.text import printable
from study.data.inspection import Problems
from study.data.layouts import csv_file
from study.data.mending.changes import LEFT_OUT, Mended
from study.data.own_images import OwnDataset
from study.errors import UserError

_BETWEEN = "|"  # of the labels of one image
_NAMED = 5  # classes that are named


def unwritable(data: OwnDataset) -> Problems:
    """List the classes whose names a CSV file would change."""
    several = data.targets.ndim == 2
    odd = [name for name in data.classes if name != name.strip() or (several and _BETWEEN in name)]
    return {f"classes have blanks at their ends or a {_BETWEEN}, which no list holds; rename them": odd} if odd else {}


def write(mended: Mended, original: OwnDataset, file: Path, changes: Path) -> str | None:
    """Write both files, each as a whole.

    Args:
        mended: of the data set; none of its classes is `unwritable`.
        original: the data set, whose images the changes name.
        file: for the images, `path,label,group,split`, or `labels` where an image may have several. A path below the
            file's folder is relative to it, any other absolute.
        changes: for the changes, `path,change,reason`.

    Returns:
        The value of `layout` that the list must be read with; None if it can be read in one way only.

    Raises:
        UserError: the list is read as something else.
    """
    data = mended.dataset
    label = "labels" if data.targets.ndim == 2 else "label"
    folder = Path(os.path.abspath(file)).parent
    files.put(file, _text(("path", label, "group", "split"), _rows(data, folder)))
    paths = [original.relative(path) for path in original.paths]
    listed = [[paths[each.image], each.change, each.reason.text] for each in mended.changes]
    listed += [[name, LEFT_OUT, "is a class without an image"] for name in _absent(mended, original)]
    files.put(changes, _text(("path", "change", "reason"), ([_cell(text) for text in row] for row in listed)))
    return _layout(file, data) if data.paths else None


def summary(mended: Mended, original: OwnDataset) -> Iterator[str]:
    """Say what is left, and how many images were changed for which cause."""
    data = mended.dataset
    counts = " + ".join(f"{len(part.paths):,} {name}" for name, part in data.splits.items())
    groups = {name for part in data.splits.values() for name in part.groups or ()}
    yield f"{counts or 'no'} images in {len(groups):,} groups"
    if unknown := int((data.targets == -1).sum()):
        yield f"{unknown:,} labels that are marked as difficult or unknown are absent in a list"
    for change in dict.fromkeys(each.change for each in mended.changes):
        causes = Counter(each.reason.cause for each in mended.changes if each.change == change)
        listed = ", ".join(f"{count:,} {cause}" for cause, count in causes.most_common())
        yield f"{change}: {listed}"
    if absent := _absent(mended, original):
        more = f" and {len(absent) - _NAMED:,} more" if len(absent) > _NAMED else ""
        yield f"no class {', '.join(absent[:_NAMED])}{more}, of which there is no image"


def _absent(mended: Mended, original: OwnDataset) -> list[str]:
    """Name the classes that no image has any more."""
    return [name for name in original.classes if name not in mended.dataset.classes]


def _layout(file: Path, data: OwnDataset) -> str | None:
    """Give the `layout` that a list must be read with, which is none if it can be read in one way only.

    Raises:
        UserError: in no way is it read as the data set that was written.
    """
    problem = "other labels"
    for layout in (None, "labels-by-bar" if data.targets.ndim == 2 else "one-label"):
        try:
            again = csv_file.dataset(file, layout)
        except UserError as error:
            problem = str(error)
            continue
        if again.classes == data.classes and np.array_equal(again.targets == 1, data.targets == 1):
            return layout
    raise UserError(f"{file} was written and is read as something else: {problem}")


def _rows(data: OwnDataset, folder: Path) -> Iterator[list[str]]:
    for split, part in data.splits.items():
        for path, target, group in zip(part.paths, part.targets, part.groups or (), strict=True):
            labels = np.flatnonzero(target == 1) if part.targets.ndim == 2 else [target]
            written = _BETWEEN.join(data.classes[label] for label in labels)
            yield [_relative(path, folder), written, group, split]


def _relative(path: str, folder: Path) -> str:
    """Write a path as the CSV file's folder sees it; no spreadsheet takes one for a formula, and no blank is lost."""
    whole = Path(os.path.abspath(path))
    if not whole.is_relative_to(folder):
        return str(whole)
    text = whole.relative_to(folder).as_posix()
    return f"./{text}" if text != text.strip() or defused(text) != text else text


def _text(head: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    table.writerows(rows)
    return text.getvalue().encode()


def _cell(text: str) -> str:
    return defused(printable(text, allowed="\n\t"))
