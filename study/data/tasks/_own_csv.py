"""Reads a CSV file of the user's own images: `path,label[,group][,split]`, or `labels` if an image may have several.
Knows nothing of folders of classes or of how missing splits are made, and does not open the images."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.own_images import SPLITS, OwnDataset, Part
from study.data.types import refuse
from study.errors import UserError
from study.storage import regular_files

_COLUMNS = ("path", "label", "labels", "group", "split")
_FORM = "path,label or path,labels, then group and split where you have them"
_BETWEEN = "|"  # separates the labels of one image


class _Row(NamedTuple):
    number: int
    path: str
    labels: list[str]
    group: str
    split: str


def several(file: Path) -> bool:
    """Whether images may have any number of labels; their column is called `labels` then."""
    return "labels" in _header(file)[0]


def dataset(file: Path) -> OwnDataset:
    """List the images of a CSV file.

    Args:
        file: UTF-8, with a header. Columns are separated by commas, semicolons or tabs. A path is relative to the
            file's own folder, or absolute. `labels` are separated by | and may be empty. `split` is train, val or
            test; without that column all images are for training.

    Raises:
        UserError: it is no such file, with a list of problems by line.
    """
    names, delimiter = _header(file)
    rows, problems = _rows(file, names, delimiter)
    paths = {row.path for row in rows}
    missing = {path for path in paths if not (file.parent / path).is_file()}
    problems += [f"line {row.number}: no file {row.path}" for row in rows if row.path in missing]
    refuse(f"things are wrong in {file}", problems)
    classes = tuple(sorted({label for row in rows for label in row.labels}))
    splits = [split for split in SPLITS if any(row.split == split for row in rows)]
    if "train" not in splits:
        raise UserError(f"{file}: no row has the split train")
    parts = {split: _part([row for row in rows if row.split == split], file, names, classes) for split in splits}
    return OwnDataset(file.name, file.parent, classes, parts, Counter())


def _part(rows: list[_Row], file: Path, names: list[str], classes: tuple[str, ...]) -> Part:
    index = {name: position for position, name in enumerate(classes)}
    if "labels" in names:
        targets = np.zeros((len(rows), len(classes)), np.int64)
        for position, row in enumerate(rows):
            targets[position, [index[label] for label in row.labels]] = 1
    else:
        targets = np.array([index[row.labels[0]] for row in rows], np.int64)
    groups = [row.group for row in rows] if "group" in names else None
    return Part([str(file.parent / row.path) for row in rows], targets, groups)


def _lines(file: Path) -> Iterator[str]:
    try:
        yield from io.StringIO(regular_files.text(file), newline="")
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}); save it as CSV UTF-8") from error
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror})") from error


def _header(file: Path) -> tuple[list[str], str]:
    """Return the names of the columns, and the delimiter."""
    if file.suffix.lower() != ".csv":
        raise UserError(f"{file} is no folder and no .csv file")
    line = next(_lines(file), "").strip()
    delimiter = next((character for character in ",;\t" if character in line), ",")
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not names:
        raise UserError(f"{file} is empty; its first line should be {_FORM}")
    if odd := [name for name in names if name not in _COLUMNS]:
        raise UserError(f"{file}: unknown column {odd[0]!r} in line 1; the columns are {', '.join(_COLUMNS)}")
    if len(set(names)) < len(names) or "path" not in names or ("label" in names) == ("labels" in names):
        raise UserError(f"{file}: line 1 is {', '.join(names)}; it should be {_FORM}")
    return names, delimiter


def _rows(file: Path, names: list[str], delimiter: str) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    problems: list[str] = []
    line_of: dict[str, int] = {}
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    try:
        next(reader)
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            row = _row(reader.line_num, values, names)
            if isinstance(row, str):
                problems.append(f"line {reader.line_num}: {row}")
            elif row.path in line_of:
                problems.append(f"line {row.number}: {row.path} is in line {line_of[row.path]} already")
            else:
                line_of[row.path] = row.number
                rows.append(row)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not rows and not problems:
        raise UserError(f"{file} lists no image")
    return rows, problems


def _row(number: int, values: list[str], names: list[str]) -> _Row | str:
    """Read a line; returns its problem if it has one."""
    if len(values) != len(names):
        return f"{len(values)} values, and {len(names)} columns ({', '.join(names)})"
    fields = {name: value.strip() for name, value in zip(names, values, strict=True)}
    split, text = fields.get("split", "train"), fields.get("labels", fields.get("label", ""))
    labels = [label.strip() for label in text.split(_BETWEEN)] if text else []
    if not fields["path"]:
        return "the path is empty"
    if "label" in fields and (problem := _label_problem(text)):
        return problem
    if not all(labels) or len(set(labels)) < len(labels):
        return f"labels {text!r}: one is empty, or there twice"
    if split not in SPLITS:
        return f"split {split!r} is none of {', '.join(SPLITS)}"
    if fields.get("group") == "":
        return "the group is empty"
    return _Row(number, os.path.normpath(fields["path"]), labels, fields.get("group", ""), split)


def _label_problem(text: str) -> str | None:
    if _BETWEEN in text:
        return f"label {text!r} has a {_BETWEEN}: call the column labels where an image may have several"
    return None if text else "the label is empty"
