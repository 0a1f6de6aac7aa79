"""Reads a CSV file of the user's own images: `path,label[,group][,split]`, or `labels` if an image may have several.
Knows nothing of folders of classes or of how missing splits are made, and does not open the images."""

import csv
import io
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.layouts import csv_columns, csv_labels, csv_paths
from study.data.layouts.csv_columns import FORM, Columns
from study.data.layouts.csv_paths import Finder, finder
from study.data.layouts.names import SPLITS
from study.data.own_images import OwnDataset, Part
from study.data.types import refuse
from study.errors import UserError
from study.storage import regular_files

LAYOUTS = csv_labels.LAYOUTS
_SUFFIXES = (".csv", ".tsv")
_SEPARATOR_LINE = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)


class _Line(NamedTuple):
    number: int
    values: list[str]


class _Table(NamedTuple):
    header: list[str]
    lines: list[_Line]
    columns: Columns
    paths: Finder
    problems: list[str]


class _Row(NamedTuple):
    number: int
    path: str
    labels: dict[str, int]
    group: str
    split: str


def several(file: Path, layout: str | None = None) -> bool:
    """Whether images may have any number of labels.

    They may if a column is called `labels`, or if columns of 0 and 1 have other than a single 1 in some line.
    """
    return _several(_table(file), layout)


def _several(table: _Table, layout: str | None) -> bool:
    columns = table.columns
    if columns.bits:
        values = (
            [csv_columns.bit(line.values[at], columns.minus) for at in columns.bits.values()] for line in table.lines
        )
        return any(each.count(1) != 1 or -1 in each for each in values)
    return layout != "one-label" and (columns.labels is not None or layout in csv_labels.SEPARATORS)


def dataset(file: Path, layout: str | None = None) -> OwnDataset:
    """List the images of a CSV file.

    Args:
        file: UTF-8, with a header. Columns are separated by commas, semicolons or tabs. A path is relative to the
            file's own folder, or absolute. `labels` are separated by one of | ; , and blanks, and may be empty. `split`
            is train, val or test; without that column all images are for training.
        layout: one of `LAYOUTS`, where the user decided how labels are read.

    Raises:
        UserError: it is no such file, with a list of problems by line, or it can be read in two ways.
    """
    table = _table(file)
    many = _several(table, layout)
    rows, problems = _rows(file, table, many, layout)
    paths = {row.path for row in rows}
    missing = {path for path in paths if not (file.parent / path).is_file()}
    problems = [*table.problems, *problems]
    problems += [f"line {row.number}: no file {row.path}" for row in rows if row.path in missing]
    refuse(f"things are wrong in {file}", problems)
    classes = tuple(sorted({label for row in rows for label in row.labels}))
    splits = [split for split in SPLITS if any(row.split == split for row in rows)]
    if "train" not in splits:
        raise UserError(f"{file}: no row has the split train")
    grouped = table.columns.group is not None
    parts = {
        split: _part([row for row in rows if row.split == split], file, many, grouped, classes) for split in splits
    }
    reading = (*table.columns.reading, *table.paths.reading)
    return OwnDataset(file.name, file.parent, classes, parts, Counter(), reading)


def _part(rows: list[_Row], file: Path, many: bool, grouped: bool, classes: tuple[str, ...]) -> Part:
    index = {name: position for position, name in enumerate(classes)}
    if many:
        targets = np.zeros((len(rows), len(classes)), np.int64)
        for position, row in enumerate(rows):
            for label, value in row.labels.items():
                targets[position, index[label]] = value
    else:
        targets = np.array([index[next(iter(row.labels))] for row in rows], np.int64)
    return Part(
        [str(file.parent / row.path) for row in rows], targets, [row.group for row in rows] if grouped else None
    )


def _table(file: Path) -> _Table:
    """Read the lines, and find out what the columns are and where the files."""
    header, lines, problems = _lines(file)
    if not lines and not problems:
        raise UserError(f"{file} lists no image")
    rows = [line.values for line in lines]
    columns = csv_columns.find(file, header, rows, partial(csv_paths.leads, file.parent))
    return _Table(header, lines, columns, finder(file.parent, [row[columns.path].strip() for row in rows]), problems)


def _lines(file: Path) -> tuple[list[str], list[_Line], list[str]]:
    """Give the header, the lines that have as many values, and the problems of the others."""
    text = _text(file)
    first, _, rest = text.partition("\n")
    mark = _SEPARATOR_LINE.fullmatch(first)
    head = (rest if mark else text).partition("\n")[0]
    delimiter = mark[1] if mark else next((character for character in ",;\t" if character in head), ",")
    reader = csv.reader(io.StringIO(rest if mark else text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    lines: list[_Line] = []
    problems: list[str] = []
    try:
        for values in reader:
            number = reader.line_num + bool(mark)
            if not any(value.strip() for value in values):
                continue
            if not header:
                header = _trimmed(values, 0)
            elif len(fitting := _trimmed(values, len(header))) == len(header):
                lines.append(_Line(number, fitting))
            else:
                problems.append(
                    f"line {number}: {len(fitting)} values, and {len(header)} columns ({', '.join(header)})"
                )
    except csv.Error as error:
        problems.append(f"line {reader.line_num + bool(mark)}: {error}")
    if not header:
        raise UserError(f"{file} is empty; its first line should be {FORM}")
    return header, lines, problems


def _trimmed(values: list[str], least: int) -> list[str]:
    """Leave out empty values at the end."""
    end = len(values)
    while end > least and not values[end - 1].strip():
        end -= 1
    return values[:end]


def _text(file: Path) -> str:
    if file.suffix.lower() not in _SUFFIXES:
        raise UserError(f"{file} is no folder and no .csv file")
    try:
        return regular_files.text(file)
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 ({error.reason} at byte {error.start}); save it as CSV UTF-8") from error
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror})") from error


def _rows(file: Path, table: _Table, many: bool, layout: str | None) -> tuple[list[_Row], list[str]]:
    columns = table.columns
    cell = columns.label if columns.label is not None else columns.labels
    cells = [line.values[cell].strip() for line in table.lines] if cell is not None else []
    mark = None
    if many and cell is not None:
        mark = csv_labels.separator(file, cells, layout)
    elif cell is not None:
        csv_labels.refuse_several(file, table.header[cell], cells, layout)
    rows: list[_Row] = []
    problems: list[str] = []
    line_of: dict[str, int] = {}
    for line in table.lines:
        row = _row(line, table, mark)
        if isinstance(row, str):
            problems.append(f"line {line.number}: {row}")
        elif row.path in line_of:
            problems.append(f"line {row.number}: {row.path} is in line {line_of[row.path]} already")
        else:
            line_of[row.path] = row.number
            rows.append(row)
    return rows, problems


def _row(line: _Line, table: _Table, mark: str | None) -> _Row | str:
    """Read a line; returns its problem if it has one."""
    columns, values = table.columns, [value.strip() for value in line.values]
    if not values[columns.path]:
        return "the path is empty"
    labels = _labels(values, columns, mark)
    if isinstance(labels, str):
        return labels
    written = values[columns.split] if columns.split is not None else "train"
    column = table.header[columns.split] if columns.split is not None else "split"
    if (split := csv_columns.split_value(column, written)) is None:
        return f"split {written!r} is none of {', '.join(SPLITS)}"
    group = values[columns.group] if columns.group is not None else ""
    if columns.group is not None and not group:
        return "the group is empty"
    return _Row(line.number, table.paths(values[columns.path]), labels, group, split)


def _labels(values: list[str], columns: Columns, mark: str | None) -> dict[str, int] | str:
    """Give the labels of a line, each 1 (present) or -1 (unknown), or what is wrong with them."""
    if columns.bits:
        bits = {label: csv_columns.bit(values[at], columns.minus) for label, at in columns.bits.items()}
        return {label: value for label, value in bits.items() if value}
    text = values[columns.label if columns.label is not None else columns.labels or 0]
    if mark is None:
        return {text: 1} if text else "the label is empty"
    labels = csv_labels.split(text, mark)
    if not all(labels) or len(set(labels)) < len(labels):
        return f"labels {text!r}: one is empty, or there twice"
    return dict.fromkeys(labels, 1)
