"""Lists a hierarchy of classes, and what a task at one of its levels has: the classes directly below a place in it.
Knows nothing of what images show, and does not open them.

The hierarchy is that of the folders below `train` and `test`; or there is one folder a class, and `classes.csv` beside
`train` says of which class each is a kind.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from study.data.tasks import _class_table, _folders
from study.data.tasks._class_table import Place
from study.data.types import Images, Listing
from study.errors import UserError

TABLE = "classes.csv"
_WANTED = f"train/<class>/<class>/… and test/<class>/<class>/…, or train/<class>/…, test/<class>/… and {TABLE}"


def trees(folder: Path) -> dict[str, dict[Place, Listing]]:
    """List the images of a hierarchy.

    What is passed over is told in `_folders.listing`, and that links to folders inside a class are not followed; with a
    table, each class's folder may be a link.

    Args:
        folder: has `train` and `test` in it, each with a folder a class; and `classes.csv` or folders in folders.

    Returns:
        By split and place: the images that lie just there, sorted, each a group; none where a place has classes below.

    Raises:
        UserError: it is no such folder, or the table and the folders do not fit, with a list of what is wrong.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    if not _folders.is_image_folder(folder):
        raise UserError(f"no hierarchy of images in {folder}: it has neither {_WANTED}")
    classes = {split: _folders.classes(folder / split) for split in _folders.SPLITS}
    table = folder / TABLE
    if not table.exists():
        return {split: _nested(folder / split, names) for split, names in classes.items()}
    places = _class_table.read(table, {name for names in classes.values() for name in names})
    return {split: {places[name]: _flat(folder / split / name) for name in places} for split in classes}


def _nested(root: Path, names: list[str]) -> dict[Place, Listing]:
    found = (pair for name in names for pair in _folders.walk(root / name))
    return {Path(os.path.relpath(place, root)).parts: _listing(images) for place, images in found}


def _flat(folder: Path) -> Listing:
    return _listing(_folders.images(folder))


def _listing(paths: Iterable[str]) -> Listing:
    ordered = sorted(paths)
    return Listing(ordered, np.zeros(len(ordered), np.int64), np.arange(len(ordered)), None)


def level(trees: dict[str, dict[Place, Images]], path: Place, task: str) -> tuple[tuple[str, ...], dict[str, Images]]:
    """Give the classes directly below a place, and all samples at or below each.

    A group's number is one in the whole tree, and a sample's stratum is its place's number there: both are the same at
    every level, so that what is held out for validation at one level is held out at all (`splits.rows`).

    Args:
        trees: by split and place, the samples that lie just there, their groups numbered from 0 at each place.
        path: of the level; () is the root.
        task: the root's name, for errors.

    Returns:
        The classes, sorted, and the samples of each split, sorted by place. Those at `path` itself have no class there.

    Raises:
        UserError: an unknown path, fewer than two classes, classes that differ between the splits, or an empty one.
    """
    found = {split: _below(tree, path) for split, tree in trees.items()}
    names = {name for classes in found.values() for name in classes}
    _check_path(trees, path, names, task)
    if odd := sorted(name for name in names if not all(name in classes for classes in found.values())):
        told = f"{_name(task, path)}: train and test must have the same classes"
        raise UserError(f"{told}, but {', '.join(odd)} is in only one of them")
    for split, classes in found.items():
        if empty := sorted(name for name, count in classes.items() if not count):
            raise UserError(f"{_name(task, path)}: {split} has no image of class {empty[0]}")
    return tuple(sorted(names)), {split: _joined(tree, path, sorted(names)) for split, tree in trees.items()}


def _below(tree: dict[Place, Images], path: Place) -> dict[str, int]:
    """Count the samples of the classes directly below a place."""
    found: dict[str, int] = {}
    for place, part in tree.items():
        if place[: len(path)] == path and place != path:
            name = place[len(path)]
            found[name] = found.get(name, 0) + len(part.groups)
    return found


def _check_path(trees: dict[str, dict[Place, Images]], path: Place, names: set[str], task: str) -> None:
    """Refuse a path that is none, or has fewer than two classes below it."""
    if len(names) > 1:
        return
    places = {place[:depth] for tree in trees.values() for place in tree for depth in range(len(place) + 1)}
    levels = [_name(task, each) for each in sorted(places) if len(_below(trees["train"], each)) > 1]
    known = f"one of {', '.join(levels)}" if levels else "there is no level with two classes"
    if path not in places:
        raise UserError(f"unknown task {_name(task, path)!r}; {known}")
    told = f"one class below it ({min(names)})" if names else "no classes below it"
    raise UserError(f"task {_name(task, path)!r} has {told}, and at least two are needed; {known}")


def _name(task: str, path: Place) -> str:
    return "/".join((task, *path))


def _joined(tree: dict[Place, Images], path: Place, classes: list[str]) -> Images:
    places = sorted(tree)
    counts = [int(tree[place].groups.max(initial=-1)) + 1 for place in places]
    parts = []
    for number, (place, before) in enumerate(zip(places, accumulate(counts, initial=0), strict=False)):
        if place[: len(path)] == path and place != path:
            part, label = tree[place], classes.index(place[len(path)])
            targets, strata = (np.full(len(part.groups), value, np.int64) for value in (label, number))
            parts.append(part._replace(targets=targets, groups=part.groups + before, strata=strata))
    return _one(parts)


def _one(parts: list[Images]) -> Images:
    """Put parts one after the other."""
    names = ("targets", "groups", "strata")
    whole: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    if isinstance(parts[0], Listing):
        whole["paths"] = [path for part in parts for path in part.paths]
    else:
        whole["images"] = _Chained([part.images for part in parts])
    return parts[0]._replace(**whole)


class _Chained:
    """The images of several parts, rendered anew at each pass."""

    def __init__(self, parts: list[Iterable[np.ndarray]]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[np.ndarray]:
        for part in self.parts:
            yield from part
