"""Reads the labels in the cells of a CSV file: one a cell, or several with a separator, which all cells must share."""

from collections.abc import Sequence
from pathlib import Path

from study.errors import UserError

SEPARATORS = {"labels-by-bar": "|", "labels-by-semicolon": ";", "labels-by-comma": ",", "labels-by-blank": " "}
LAYOUTS = ("one-label", *SEPARATORS)
"""Values of the hyperparameter `layout` for CSV files."""
_MOST = 0.5
"""Share of the distinct labels from which on a separator in them is no part of a name."""


def separator(file: Path, cells: Sequence[str], layout: str | None) -> str:
    """Find the separator of several labels in a cell.

    Args:
        file: for errors.
        cells: of all images.
        layout: one of `LAYOUTS`, where the user decided.

    Raises:
        UserError: there may be two; the text names them and the option that decides.
    """
    if layout in SEPARATORS:
        return SEPARATORS[layout]
    found = [mark for mark in ("|", ";", ",") if any(mark in cell for cell in cells)]
    if len(found) > 1:
        options = " or ".join(f"--layout {name}" for name, mark in SEPARATORS.items() if mark in found)
        raise UserError(f"{file}: labels may be parted by {' or by '.join(found)}; say which with {options}")
    if found:
        return found[0]
    spaced = [cell for cell in cells if " " in cell.strip()]
    if not spaced:
        return "|"
    if _words_stand_alone(cells):
        return " "
    way = f"labels {spaced[0]!r} can be one name or several"
    raise UserError(f"{file}: {way}; say which with --layout labels-by-bar or --layout labels-by-blank")


def _words_stand_alone(cells: Sequence[str]) -> bool:
    """Whether each word of the cells with blanks is a cell of its own too, so that blanks part labels."""
    alone = {cell.strip() for cell in cells if cell.strip() and " " not in cell.strip()}
    return all(word in alone for cell in cells if " " in cell.strip() for word in cell.split())


def split(cell: str, mark: str) -> list[str]:
    """Split a cell into labels; it has none if it is empty."""
    if not cell.strip():
        return []
    return cell.split() if mark == " " else [label.strip() for label in cell.split(mark)]


def refuse_several(file: Path, column: str, labels: Sequence[str], layout: str | None) -> None:
    """Refuse a column of one label whose labels look like several.

    Raises:
        UserError: most of the distinct labels have a separator in them; the text names both ways.
    """
    if layout == "one-label":
        return
    distinct = sorted(set(labels))
    for name, mark in SEPARATORS.items():
        having = [label for label in distinct if mark in label]
        parts = {part.strip() for label in having for part in label.split(mark)}
        again = not parts.isdisjoint(label for label in distinct if mark not in label)
        likely = len(having) > _MOST * len(distinct) or again or mark == "|"
        if mark == " ":
            likely = _words_stand_alone(distinct) or all(part.isdigit() for label in distinct for part in label.split())
        if having and likely:
            what = f"{file}: label {having[0]!r} has a {'blank' if mark == ' ' else mark}: several labels of an image"
            part = "a part of the name (--layout one-label)"
            raise UserError(f"{what} (call the column labels, or --layout {name}), or {part}")
