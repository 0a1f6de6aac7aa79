"""Reads a CSV file of one's own images: `path,label[,group][,split]`, or `labels` where an image may have several.
Knows nothing of folders of classes or of what is cut from what, and does not open the images."""

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
_BETWEEN = "|"  # labels of one image


class _Row(NamedTuple):
    number: int
    path: str
    labels: list[str]
    group: str
    split: str


def several(file: Path) -> bool:
    """Say whether images may have any number of labels: the column is called `labels` then."""
    return "labels" in _header(file)[0]


def found(file: Path) -> OwnDataset:
    """List the images of a CSV file.

    Args:
        file: UTF-8, with a header; columns are parted by commas, semicolons or tabs. A path is told from the file's
            own folder, or absolute; `labels` are parted by |, and may be none; `split` is train, val or test, and
            where that column is missing all is train.

    Raises:
        UserError: it is no such file, with a list of what is wrong, by line.
    """
    names, delimiter = _header(file)
    rows, problems = _rows(file, names, delimiter)
    paths = {row.path for row in rows}
    missing = {path for path in paths if not (file.parent / path).is_file()}
    problems += [f"line {row.number}: no file {row.path}" for row in rows if row.path in missing]
    refuse(f"things are wrong in {file}", problems)
    classes = tuple(sorted({label for row in rows for label in row.labels}))
    there = [split for split in SPLITS if any(row.split == split for row in rows)]
    if "train" not in there:
        raise UserError(f"{file}: no row has the split train")
    parts = {split: _part([row for row in rows if row.split == split], file, names, classes) for split in there}
    return OwnDataset(file.name, file.parent, classes, parts, Counter())


def _part(rows: list[_Row], file: Path, names: list[str], classes: tuple[str, ...]) -> Part:
    number = {name: position for position, name in enumerate(classes)}
    if "labels" in names:
        targets = np.zeros((len(rows), len(classes)), np.int64)
        for position, row in enumerate(rows):
            targets[position, [number[label] for label in row.labels]] = 1
    else:
        targets = np.array([number[row.labels[0]] for row in rows], np.int64)
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
    """Give the names of the columns, and what parts them."""
    if file.suffix.lower() != ".csv":
        raise UserError(f"{file} is no folder and no .csv file")
    line = next(_lines(file), "").strip()
    delimiter = next((each for each in ",;\t" if each in line), ",")
    names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    if not names:
        raise UserError(f"{file} is empty; its first line should be {_FORM}")
    if odd := [name for name in names if name not in _COLUMNS]:
        told = ", ".join(_COLUMNS)
        raise UserError(f"{file}: unknown column {odd[0]!r} in line 1; the columns are {told}")
    if len(set(names)) < len(names) or "path" not in names or ("label" in names) == ("labels" in names):
        raise UserError(f"{file}: line 1 is {', '.join(names)}; it should be {_FORM}")
    return names, delimiter


def _rows(file: Path, names: list[str], delimiter: str) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    try:
        next(reader)
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            row = _row(reader.line_num, values, names)
            if isinstance(row, str):
                problems.append(f"line {reader.line_num}: {row}")
            elif row.path in seen:
                problems.append(f"line {row.number}: {row.path} is in line {seen[row.path]} already")
            else:
                seen[row.path] = row.number
                rows.append(row)
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    if not rows and not problems:
        raise UserError(f"{file} lists no image")
    return rows, problems


def _row(number: int, values: list[str], names: list[str]) -> _Row | str:
    """Read a line; gives what is wrong with it otherwise."""
    if len(values) != len(names):
        return f"{len(values)} values, and {len(names)} columns ({', '.join(names)})"
    said = {name: value.strip() for name, value in zip(names, values, strict=True)}
    split, text = said.get("split", "train"), said.get("labels", said.get("label", ""))
    labels = [label.strip() for label in text.split(_BETWEEN)] if text else []
    if not said["path"]:
        return "the path is empty"
    if "label" in said and (problem := _one_label(text)):
        return problem
    if not all(labels) or len(set(labels)) < len(labels):
        return f"labels {text!r}: one is empty, or there twice"
    if split not in SPLITS:
        return f"split {split!r} is none of {', '.join(SPLITS)}"
    if said.get("group") == "":
        return "the group is empty"
    return _Row(number, os.path.normpath(said["path"]), labels, said.get("group", ""), split)


def _one_label(text: str) -> str | None:
    if _BETWEEN in text:
        return f"label {text!r} has a {_BETWEEN}: call the column labels where an image may have several"
    return None if text else "the label is empty"
