"""Decides how folders of images are to be read: which are splits and which are classes. What could be read in two ways
is refused, with both ways, unless the user's `layout` decides. Opens no image."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from study.data.layouts.folder_tree import has_images, images, loose, subfolders
from study.data.layouts.names import SPLITS, is_data, is_part, like_splits, split_of, splits_of
from study.errors import UserError

LAYOUTS = ("splits", "classes", "inner-classes")
WANTED = (
    "a folder a class, or train/<class>/… (and val/<class>/…, test/<class>/… where you have them); images and XML "
    "annotations as in Pascal VOC; or a .csv file with the columns path and label"
)
_NAMED = 4  # folders that a message names
_LISTS = {".csv", ".json", ".tsv", ".txt"}

Folders = dict[str, dict[str, list[Path]]]
"""By split and class: the folders whose images these are."""


class Plan(NamedTuple):
    """How a folder is read."""

    layout: str
    """For people."""
    folders: Folders
    reading: list[str]
    """Lines for people: what is read as what, and what is not read."""


def plan(place: Path, layout: str | None) -> Plan:
    """Decide how a folder is read.

    Args:
        place: the data set's folder.
        layout: one of `LAYOUTS`, where the user decided; None for the only way in which it can be read.

    Raises:
        UserError: it can be read in no way, or in more than one; the text names them.
    """
    root = place
    place, reading = _unpacked(place)
    names = subfolders(place)
    filled = [name for name in names if has_images(place / name)]
    if not filled:
        raise UserError(_no_classes(place, names, place))
    read = _decided(place, filled, layout)
    if layout is None:
        _refuse_parts(place, read)
    used = {folder for classes in read.folders.values() for folders in classes.values() for folder in folders}
    reading += read.reading
    reading += _not_read(place, names, used)
    reading += _lists(root, place)
    return read._replace(reading=reading)


def _decided(place: Path, filled: list[str], layout: str | None) -> Plan:
    splits = splits_of(filled)
    others = [name for name in filled if name not in splits]
    if layout == "splits" and not splits:
        raise UserError(f"layout 'splits': none of the folders {_few(filled)} in {place} is named train, val or test")
    if layout is None:
        _refuse_two_ways(place, filled, splits)
    if layout == "splits" or (layout is None and splits):
        return _of_splits(place, splits)
    if len(splits) > 1:
        raise UserError(f"layout {layout!r}: {_few(list(splits))} in {place} are names of splits, and never classes")
    if layout == "inner-classes":
        return _inner_classes(place, filled)
    if not splits and (inside := _splits_inside(place, others, layout)):
        return inside
    return _classes(place, filled)


def _unpacked(place: Path) -> tuple[Path, list[str]]:
    """Go down where all images lie in one folder in the folder, as archives are often packed."""
    reading: list[str] = []
    root = place
    while not loose(place):
        filled = [name for name in subfolders(place) if has_images(place / name)]
        if len(filled) != 1 or (split_of(filled[0]) and _has_classes(place / filled[0])):
            break
        if not [name for name in subfolders(place / filled[0]) if has_images(place / filled[0] / name)]:
            break
        place = place / filled[0]
        reading = [f"read: {place.relative_to(root).as_posix()}/, in which all images are"]
    return place, reading


def _has_classes(place: Path) -> bool:
    return bool(subfolders(place))


def _refuse_two_ways(place: Path, filled: list[str], splits: dict[str, str]) -> None:
    """Refuse a folder that can be read in two ways.

    Raises:
        UserError: names both, and the option that decides.
    """
    others = [name for name in filled if name not in splits]
    for split in SPLITS:
        if len(same := [name for name, each in splits.items() if each == split]) > 1:
            which = f"{place} has two folders for {split}, {' and '.join(same)}"
            raise UserError(f"{which}; rename or move one of them, or list the images in a .csv file")
    if len(splits) == 1 and others:
        _refuse_one_split(place, next(iter(splits)), others)
    if splits:
        return
    if len(filled) > 1 and like_splits(filled):
        message = f"{place}: {_few(filled)} are named like splits, of different things"
        raise UserError(f"{message}; call them train, val and test, or --data one of them")
    inner = {name: _filled(_through(place / name)) for name in filled}
    for name, below in inner.items():
        if len(both := [each for each in below if each in filled and each != name]) > 1:
            way = f"{name}/ is a copy of the set (--data {place / name}, or move it away)"
            raise _two_ways(place, f"{name}/ is a class like {_few(both)} (--layout classes)", way)
    shared = _shared(inner)
    if len(filled) > 1 and len(shared) > 1 and not all(name in splits_of(shared) for name in shared):
        outer = f"{_few(filled)} are the classes (--layout classes)"
        raise _two_ways(place, outer, f"{_few(shared)} inside each are (--layout inner-classes; or one as --data)")


def _refuse_one_split(place: Path, name: str, others: list[str]) -> None:
    """Refuse one folder that is named like a split beside folders that are not, where both can be classes."""
    below = _filled(place / name)
    if len(below) > 1 and (split_of(name) == "train") and not set(below).isdisjoint(others):
        return  # the others are named like classes of the training folder: they are reported as not read
    kind = split_of(name)
    classes = f"{name} is a class like {_few(others)} (--layout classes)"
    if kind == "train" and len(below) > 1:
        raise _two_ways(place, f"{name}/ holds the classes {_few(below)} (--layout splits)", classes)
    if kind != "train" and below:
        split = f"{name}/ is the {kind} set of the classes {_few(others)}: move these into train/"
        raise _two_ways(place, split, classes)
    which = "training" if kind == "train" else kind
    raise _two_ways(place, f"{name}/ is the {which} set, and has no folders of classes", classes)


def _two_ways(place: Path, first: str, second: str) -> UserError:
    return UserError(f"{place} can be read in two ways: {first}, or {second}; say which")


def _of_splits(place: Path, splits: dict[str, str]) -> Plan:
    """Read folders named like splits, each with folders of classes."""
    names = {split: name for name, split in splits.items()}
    if "train" not in names:
        message = f"{place} has {_few(list(splits))} and no folder for training"
        raise UserError(f"{message}; it needs {WANTED}")
    tops = {split: _without_wrapper(place / names[split]) for split in SPLITS if split in names}
    train = subfolders(tops["train"])
    if not _filled(tops["train"]):
        raise UserError(_no_classes(tops["train"], train, place))
    folders: Folders = {}
    renamed: list[str] = []
    reading: list[str] = []
    for split, top in tops.items():
        path, below = top.relative_to(place).as_posix(), _filled(top)
        if {name.casefold() for name in below}.isdisjoint(name.casefold() for name in train):
            reading += [f"not read: {path}/ ({sum(1 for _ in images(top)):,} images, in no folder of a class of train)"]
            continue
        folders[split] = {name: [top / name] for name in (train if split == "train" else below)}
        renamed += [] if path == split else [f"{path}/ as {split}"]
        reading += _loose_line(top, place)
    first = [f"read: {', '.join(renamed)}"] if renamed else []
    return Plan("image folders", folders, [*first, *reading])


def _without_wrapper(folder: Path) -> Path:
    """Go down where a split's folder has nothing but a folder that is named like a split too, or "images"."""
    below = _filled(folder)
    again = len(below) == 1 and (split_of(below[0]) or below[0] == folder.name or is_part(below[0]))
    return folder / below[0] if again and not loose(folder) and _filled(folder / below[0]) else folder


def _splits_inside(place: Path, filled: list[str], layout: str | None) -> Plan | None:
    """Read folders of classes that have folders named like splits in them; None where there are none."""
    below = {name: _filled(place / name) for name in filled}
    kinds = {name: {inner: splits_of(inside).get(inner) for inner in inside} for name, inside in below.items()}
    divided = [name for name, inner in kinds.items() if "train" in inner.values() or len(set(inner.values())) > 1]
    divided = [name for name in divided if None not in kinds[name].values()]
    if layout == "classes" and not divided:
        return None
    if any(None not in inner.values() and inner for inner in kinds.values()) and len(divided) < len(filled):
        plain = [name for name in filled if name not in divided]
        some = f"{_few([name for name in filled if name not in plain] or filled)} have folders named like splits"
        raise UserError(f"{place}: {some}, and {_few(plain)} not; give each class the same, or list them in a .csv")
    if not divided:
        return None
    deeper = {name: _filled(place / name / next(iter(below[name]))) for name in filled}
    if layout is None and len(filled) > 1 and len(shared := _shared(deeper)) > 1:
        outer = f"{_few(filled)} are the classes (--layout classes)"
        raise _two_ways(place, outer, f"each is a set of the classes {_few(shared)} (--data {place / filled[0]})")
    folders: Folders = {}
    for name in filled:
        for split in SPLITS:
            if inside := [place / name / inner for inner, kind in kinds[name].items() if kind == split]:
                folders.setdefault(split, {})[name] = inside
    if "train" not in folders:
        raise UserError(f"{place}: no class has a folder for training; it needs {WANTED}")
    reading = [line for name in filled for line in _loose_line(place / name, place)]
    how = f"read: each folder as a class, with {', '.join(f'{split}/' for split in folders)} inside"
    ordered = {split: folders[split] for split in SPLITS if split in folders}
    return Plan("folders of classes with splits inside", ordered, [how, *reading])


def _inner_classes(place: Path, filled: list[str]) -> Plan:
    """Read the folders inside folders as classes, joined over the outer ones."""
    classes: dict[str, list[Path]] = {}
    for outer in filled:
        for name in _filled(place / outer):
            classes.setdefault(name, []).append(place / outer / name)
    if not classes:
        raise UserError(f"layout 'inner-classes': the folders in {place} have no folders with images in them")
    reading = [line for outer in filled for line in _loose_line(place / outer, place)]
    how = f"read: the folders inside {_few(filled)} as classes, joined"
    return Plan("folders of classes inside folders", {"train": dict(sorted(classes.items()))}, [how, *reading])


def _classes(place: Path, filled: list[str]) -> Plan:
    """Read each folder as a class, with the images at any depth in it."""
    if len(filled) < 2:
        raise UserError(f"{place / filled[0]} is the only folder with images: two classes are needed; {WANTED}")
    deep = [name for name in filled if _filled(place / name)]
    below = [f"read: images in folders inside {_few(deep)} as these classes' images"] if deep else []
    how = f"read: each of {len(filled):,} folders as a class"
    return Plan(
        "folders of classes",
        {"train": {name: [place / name] for name in filled}},
        [how, *below, *_loose_line(place, place)],
    )


def _not_read(place: Path, names: Sequence[str], used: set[Path]) -> Iterator[str]:
    """Report each folder of which nothing is read, but for those of splits, which are reported already."""
    for name in names:
        folder = place / name
        if any(folder == each or folder in each.parents for each in used) or name in splits_of(names):
            continue
        count = sum(1 for _ in images(folder))
        yield f"not read: {name}/ ({f'{count:,} images' if count else 'no image'})"


def _lists(root: Path, place: Path) -> list[str]:
    """Report files that may list splits."""
    files = sorted({path for folder in (root, place) for path in folder.iterdir() if path.suffix.lower() in _LISTS})
    named = [path.name for path in files if is_data(path.name) and split_of(path.stem)]
    return [f"not read: {_few(named)}; a .csv file with the columns path, label and split would be"] if named else []


def _loose_line(folder: Path, place: Path) -> list[str]:
    """Report images that lie beside the folders of classes."""
    count = len(loose(folder))
    where = folder.relative_to(place).as_posix()
    inside = "" if where == "." else f" in {where}/"
    return [f"not read: {count:,} images{inside} beside the folders of classes"] if count else []


def _no_classes(place: Path, names: list[str], root: Path) -> str:
    """Explain why a folder has no classes, with the way out that its contents suggest."""
    found = loose(place)
    tables = sorted({*place.glob("*.csv"), *root.glob("*.csv")})
    if found and not names:
        message = f"{place} has {len(found):,} images and no folders of classes"
    elif names:
        message = f"no data set in {place} (it has the folders {_few(names)}, with no image in a folder of a class)"
    else:
        message = f"no data set in {place}"
    hint = f"; --data {tables[0]} reads the list that is there" if tables else ""
    return f"{message}{hint}: it needs {WANTED}"


def _refuse_parts(place: Path, read: Plan) -> None:
    """Refuse classes that are all named as parts of a data set, such as images and masks."""
    classes = sorted({name for folders in read.folders.values() for name in folders})
    if all(map(is_part, classes)):
        message = f"{place}: {_few(classes)} are named as parts of a data set and no classes"
        option = "splits" if len(read.folders) > 1 else "classes"
        raise UserError(f"{message}; list the images in a .csv file, or --layout {option}")


def _shared(inner: dict[str, list[str]]) -> list[str]:
    """Name the folders that are in all of the outer ones."""
    first, *others = inner.values()
    return [name for name in first if all(name in below for below in others)]


def _through(folder: Path) -> Path:
    """Go down where a folder has nothing but one folder with folders of images in it."""
    below = _filled(folder)
    return folder / below[0] if len(below) == 1 and not loose(folder) and _filled(folder / below[0]) else folder


def _filled(place: Path) -> list[str]:
    return [name for name in subfolders(place) if has_images(place / name)]


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
