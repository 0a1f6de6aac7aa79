"""Finds out what the columns of a CSV file of images are: paths, labels, groups, splits. Opens no file.

Columns may have other common names, an index may be in front, and labels may be columns of 0 and 1 of their own.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from study.data.layouts.names import split_of
from study.errors import UserError

FORM = "path,label or path,labels, then group and split where you have them"
_NAMES = {
    "path": ("path", "file", "filename", "fname", "filepath", "image", "imagepath", "imagefile", "imagename",
             "imageindex", "img", "imgpath", "imageid", "idcode", "id", "name"),
    "label": ("label", "class", "target", "category", "classname", "labelname", "classid", "species", "breed",
              "diagnosis", "dx", "y"),
    "labels": ("labels", "tags", "classes", "targets", "categories", "findinglabels"),
    "group": ("group",),
    "split": ("split", "subset", "set", "partition", "phase", "usage", "dataset", "datasettype"),
}  # fmt: skip
"""Names of columns in letters and digits alone, the project's own first, which is taken even if there are others."""
SPLIT_BITS = {"isvalid": "val", "isval": "val", "istest": "test"}
"""Columns of 0 and 1 that name a split: fastai has is_valid."""
_NO_LABELS = {"fold", "kfold", "index", "unnamed0", "level0", "istrain", "isduplicate"}
_PEOPLE = {"patient", "subject", "person", "lesion", "video", "series", "animal", "slide", "study"}
_BITS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "-1": -1, "-1.0": -1}
"""Values of a column that is a label of its own: absent, present, unknown."""


class Columns(NamedTuple):
    """Which column is what, by number."""

    path: int
    label: int | None
    """Of one label an image."""
    labels: int | None
    """Of any number of labels in a cell."""
    bits: dict[str, int]
    """Label → its column of 0 and 1, where labels have columns of their own."""
    minus: int
    """What -1 means in these: -1 (unknown), or 0 (absent) where no cell is 0."""
    group: int | None
    split: int | None
    reading: list[str]
    """Lines for people: what is read as what, and what is not read."""


def find(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]], leads: Callable[[str], int]) -> Columns:
    """Find out what the columns are.

    Args:
        file: for errors.
        header: names of the columns.
        rows: all lines after the header.
        leads: how well a text leads to a file: 2 as it is written, 1 in another way, 0 not at all.

    Raises:
        UserError: a column is missing, or two columns can be what one is looked for; the text names them.
    """
    names = [name.strip() for name in header]
    folded = [name.casefold() for name in names]
    lower = [_plain(name) for name in names]
    if doubled := next((name for name in names if name and folded.count(name.casefold()) > 1), None):
        raise UserError(f"{file}: line 1 is {', '.join(names)}; it has {doubled} twice; it should be {FORM}")
    found = {what: _named(lower, what) for what in _NAMES}
    path = _one(file, names, "path", _that_lead(found["path"], rows, leads))
    if path is None:
        raise UserError(f"{file}: line 1 is {', '.join(names)}; it should be {FORM}")
    split = [at for at in found["split"] if folded[at] == "split" or _has_splits(rows, at)]
    split += [] if split else [at for at, name in enumerate(lower) if name in SPLIT_BITS]
    taken = {path, *split, *found["group"]}
    label = _one(file, names, "label", [at for at in found["label"] if at not in taken])
    labels = _one(file, names, "labels", [at for at in found["labels"] if at not in taken])
    if label is not None and labels is not None:
        label, labels = _single(file, names, label, labels)
    bits = {} if (label, labels) != (None, None) else _bits(names, lower, rows, taken)
    if label is None and labels is None and not bits:
        raise UserError(f"{file}: line 1 is {', '.join(names)}; it should be {FORM}")
    minus = _minus(rows, bits)
    group = found["group"][0] if found["group"] else None
    used = {path, label, labels, group, split[0] if split else None, *bits.values()}
    split = split[:1]
    columns = {"path": path, "label": label, "labels": labels, "split": split[0] if split else None}
    reading = _reading(names, columns, bits)
    reading += ["read: -1 as absent, since no cell is 0"] if minus == 0 else []
    reading += _unread(names, rows, used, group)
    return Columns(path, label, labels, bits, minus, group, split[0] if split else None, reading)


def bit(text: str, minus: int = -1) -> int | None:
    """Read a value of a label's own column: 1, 0 or -1 (or what that means); None if it is something else."""
    value = _BITS.get(text.strip().casefold())
    return minus if value == -1 else value


def _minus(rows: Sequence[Sequence[str]], bits: dict[str, int]) -> int:
    values = {bit(row[at]) for row in rows for at in bits.values()}
    return 0 if values == {-1, 1} else -1


def _plain(name: str) -> str:
    """Give the letters and digits of a name alone, in lower case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _named(lower: Sequence[str], what: str) -> list[int]:
    """Give the columns of a meaning: the one of the project's own name, or all of other common names."""
    own, *others = _NAMES[what]
    if own in lower:
        return [lower.index(own)]
    return [lower.index(name) for name in others if name in lower]


def _that_lead(columns: list[int], rows: Sequence[Sequence[str]], leads: Callable[[str], int]) -> list[int]:
    """Keep the columns whose first value leads best to a file, if there is more than one and any does."""
    if len(columns) < 2 or not rows:
        return columns[:1]
    ranks = {at: leads(rows[0][at].strip()) for at in columns if at < len(rows[0])}
    best = max(ranks.values(), default=0)
    return [at for at, rank in ranks.items() if rank == best] if best else columns[:1]


def _one(file: Path, names: Sequence[str], what: str, columns: list[int]) -> int | None:
    if len(columns) > 1:
        which = " and ".join(names[at] for at in columns[:2])
        raise UserError(f"{file}: columns {which} can both be the {what}; call the one that is meant {what!r}")
    return columns[0] if columns else None


def _single(file: Path, names: Sequence[str], label: int, labels: int) -> tuple[int | None, int | None]:
    """Choose between a column of one label and one of several, if one alone has the project's own name."""
    own = names[label].casefold() == "label", names[labels].casefold() == "labels"
    if own[0] == own[1]:
        which = f"{names[label]} and {names[labels]}"
        raise UserError(f"{file}: line 1 is {', '.join(names)}; columns {which} both name labels; it should be {FORM}")
    return (label, None) if own[0] else (None, labels)


def _has_splits(rows: Sequence[Sequence[str]], at: int) -> bool:
    return any(at < len(row) and split_of(row[at]) for row in rows)


def split_value(column: str, text: str) -> str | None:
    """Read a cell of the column that names splits; of a column such as is_valid, 1 is that split and 0 is training."""
    if (of := SPLIT_BITS.get(_plain(column))) is None:
        return split_of(text)
    return {0: "train", 1: of}.get(bit(text) or 0) if bit(text) is not None else None


def _bits(names: Sequence[str], lower: Sequence[str], rows: Sequence[Sequence[str]], taken: set[int]) -> dict[str, int]:
    """Give the columns with nothing but 0 and 1 (and -1), at least two of them."""
    free = [at for at, name in enumerate(names) if name and at not in taken and lower[at] not in _NO_LABELS]
    binary = [at for at in free if rows and all(at < len(row) and bit(row[at]) is not None for row in rows)]
    return {names[at]: at for at in binary} if len(binary) > 1 else {}


def _reading(names: Sequence[str], columns: dict[str, int | None], bits: dict[str, int]) -> list[str]:
    renamed = [f"{names[at]} as {what}" for what, at in columns.items() if at is not None and names[at] != what]
    lines = [f"read: column {' and column '.join(renamed)}"] if renamed else []
    if bits:
        shown = ", ".join([*bits][:4]) + (f" and {len(bits) - 4} more" if len(bits) > 4 else "")
        lines += [f"read: columns of 0 and 1 as a label each: {shown}"]
    return lines


def _unread(
    names: Sequence[str], rows: Sequence[Sequence[str]], used: Iterable[int | None], group: int | None
) -> list[str]:
    """Report the columns that are not read; one that names people may have to be the group."""
    rest = [at for at in range(len(names)) if at not in set(used)]
    filled = [at for at in rest if names[at] or any(at < len(row) and row[at].strip() for row in rows)]
    listed = ", ".join(names[at] or f"number {at + 1}, which has no name" for at in filled)
    lines = [f"not read: column{'s' * (len(filled) > 1)} {listed}"] if filled else []
    people = next((names[at] for at in filled if _plain(names[at]).removesuffix("id") in _PEOPLE), None)
    if people and group is None:
        lines += [f"column {people} may name images that belong together: call it group, and no cut parts them"]
    return lines
