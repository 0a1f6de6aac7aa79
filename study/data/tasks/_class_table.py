"""Reads a table `class,parent`, which defines a hierarchy of classes. Knows nothing of images."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from study.data.types import refuse
from study.errors import UserError
from study.storage import regular_files

Place = tuple[str, ...]
"""A position in a hierarchy: names of classes, the most general first; () is the root."""


class _Line(NamedTuple):
    number: int
    name: str
    parent: str
    """Empty if the class has none."""


def read(file: Path, folders: set[str]) -> dict[str, Place]:
    """Read a table of classes and compare it with the classes' folders.

    Args:
        file: CSV with the header `class,parent` and one line per class. The parent may be empty, or have a line too.
        folders: names of the classes' folders.

    Returns:
        The place of each class, parents included.

    Raises:
        UserError: with a list of problems, by line: a line is not a class and its parent, a class has two lines, is its
            own ancestor, or has neither a folder nor children, or a folder has no line.
    """
    problems: list[str] = []
    lines = {line.name: line for line in _lines(file, problems)}
    known = {name for line in lines.values() for name in (line.name, line.parent) if name}
    parents = {line.parent for line in lines.values()}
    for line in lines.values():
        if line.name not in folders and line.name not in parents:
            problems.append(f"line {line.number}: class {line.name!r} has no folder, and no class has it as its parent")
    problems += [f"no line for class {name!r}, which has a folder" for name in sorted(folders - known)]
    places = {name: _place(name, lines, problems) for name in sorted(known)}
    refuse(f"things are wrong with {file}", problems)
    return places


def _lines(file: Path, problems: list[str]) -> Iterator[_Line]:
    try:
        reader = csv.reader(io.StringIO(regular_files.text(file), newline=""))
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    if not rows or [part.strip() for part in rows[0][1]] != ["class", "parent"]:
        raise UserError(f"{file}, line 1: {','.join(rows[0][1]) if rows else ''!r} is not the header class,parent")
    line_of: dict[str, int] = {}
    for number, row in rows[1:]:
        fields = [part.strip() for part in row]
        if not any(fields):
            continue
        if len(fields) != 2 or not fields[0] or any("/" in part for part in fields):
            problems.append(f"line {number}: {','.join(row)!r} is not a class and its parent")
        elif (first := line_of.setdefault(fields[0], number)) != number:
            problems.append(f"line {number}: class {fields[0]!r} is in line {first} already")
        else:
            yield _Line(number, *fields)


def _place(name: str, lines: dict[str, _Line], problems: list[str]) -> Place:
    """Follow a class's parents upwards; a circle is reported once, at its first line."""
    place = [name]
    while place[0] in lines and (parent := lines[place[0]].parent):
        if parent in place:
            circle = [*reversed(place[: place.index(parent) + 1]), parent]
            first = min(lines[member].number for member in circle)
            problem = f"line {first}: class {parent!r} is its own ancestor: {' of '.join(circle)}"
            problems += [problem] if lines[parent].number == first and name == parent else []
            break
        place.insert(0, parent)
    return tuple(place)
