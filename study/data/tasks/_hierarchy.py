"""Lists a hierarchy of classes, and the task at one of its levels: the classes directly below a place in the tree.
Does not open the images.

The hierarchy is that of the folders below `train` and `test`. Or there is one folder per class, and `classes.csv`
beside `train` names the parent of each class.
"""

import os
from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from study.data.layouts import folder_tree, image_folder
from study.data.tasks import _class_table
from study.data.tasks._class_table import Place
from study.data.types import Images, Listing
from study.errors import UserError

TABLE = "classes.csv"
_WANTED = f"train/<class>/<class>/… and test/<class>/<class>/…, or train/<class>/…, test/<class>/… and {TABLE}"


def trees(folder: Path) -> dict[str, dict[Place, Listing]]:
    """List the images of a hierarchy.

    Files and links are ignored as in `image_folder.listing`. With a table, each class's folder may be a link.

    Args:
        folder: has `train` and `test` in it, each with folders of classes; either `classes.csv` or nested folders.

    Returns:
        By split and place: the images that lie directly there, sorted, each its own group. A place with classes below
        may have none.

    Raises:
        UserError: it is no such folder, or the table and the folders do not match, with a list of problems.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    if not image_folder.is_image_folder(folder):
        raise UserError(f"no hierarchy of images in {folder}: it has neither {_WANTED}")
    classes = {split: image_folder.classes(folder / split) for split in image_folder.SPLITS}
    table = folder / TABLE
    if not table.exists():
        return {split: _nested(folder / split, names) for split, names in classes.items()}
    places = _class_table.read(table, {name for names in classes.values() for name in names})
    return {split: {places[name]: _flat(folder / split / name) for name in places} for split in classes}


def _nested(root: Path, names: list[str]) -> dict[Place, Listing]:
    folders = (pair for name in names for pair in folder_tree.walk(root / name))
    return {Path(os.path.relpath(place, root)).parts: _listing(images) for place, images in folders}


def _flat(folder: Path) -> Listing:
    return _listing(folder_tree.images(folder))


def _listing(paths: Iterable[str]) -> Listing:
    ordered = sorted(paths)
    return Listing(ordered, np.zeros(len(ordered), np.int64), np.arange(len(ordered)), None)


def level(trees: dict[str, dict[Place, Images]], path: Place, task: str) -> tuple[tuple[str, ...], dict[str, Images]]:
    """Return the classes directly below a place, with all samples at or below each class.

    Groups are numbered over the whole tree, and a sample's stratum is the number of its place in the tree. Both are
    equal at all levels, so a sample that one level holds out for validation is held out at every level (`splits.rows`).

    Args:
        trees: by split and place, the samples that lie directly there, their groups numbered from 0 at each place.
        path: of the level; () is the root.
        task: the root's name, for errors.

    Returns:
        The classes, sorted, and the samples of each split, sorted by place. Samples at `path` itself are left out,
        since they have no class there.

    Raises:
        UserError: an unknown path, fewer than two classes, classes that differ between the splits, or an empty class.
    """
    counts = {split: _counts_below(tree, path) for split, tree in trees.items()}
    names = {name for classes in counts.values() for name in classes}
    _check_path(trees, path, names, task)
    if odd := sorted(name for name in names if not all(name in classes for classes in counts.values())):
        rule = f"{_name(task, path)}: train and test must have the same classes"
        raise UserError(f"{rule}, but {', '.join(odd)} is in only one of them")
    for split, classes in counts.items():
        if empty := sorted(name for name, count in classes.items() if not count):
            raise UserError(f"{_name(task, path)}: {split} has no image of class {empty[0]}")
    return tuple(sorted(names)), {split: _joined(tree, path, sorted(names)) for split, tree in trees.items()}


def _counts_below(tree: dict[Place, Images], path: Place) -> dict[str, int]:
    """Count the samples of the classes directly below a place."""
    counts: dict[str, int] = {}
    for place, part in tree.items():
        if place[: len(path)] == path and place != path:
            name = place[len(path)]
            counts[name] = counts.get(name, 0) + len(part.groups)
    return counts


def _check_path(trees: dict[str, dict[Place, Images]], path: Place, names: set[str], task: str) -> None:
    """Refuse a path that does not exist, or has fewer than two classes below it."""
    if len(names) > 1:
        return
    places = {place[:depth] for tree in trees.values() for place in tree for depth in range(len(place) + 1)}
    levels = [_name(task, place) for place in sorted(places) if len(_counts_below(trees["train"], place)) > 1]
    choices = f"one of {', '.join(levels)}" if levels else "there is no level with two classes"
    if path not in places:
        raise UserError(f"unknown task {_name(task, path)!r}; {choices}")
    classes = f"one class below it ({min(names)})" if names else "no classes below it"
    raise UserError(f"task {_name(task, path)!r} has {classes}, and at least two are needed; {choices}")


def _name(task: str, path: Place) -> str:
    return "/".join((task, *path))


def _joined(tree: dict[Place, Images], path: Place, classes: list[str]) -> Images:
    places = sorted(tree)
    counts = [int(tree[place].groups.max(initial=-1)) + 1 for place in places]
    parts = []
    for number, (place, offset) in enumerate(zip(places, accumulate(counts, initial=0), strict=False)):
        if place[: len(path)] == path and place != path:
            part, label = tree[place], classes.index(place[len(path)])
            targets, strata = (np.full(len(part.groups), value, np.int64) for value in (label, number))
            parts.append(part._replace(targets=targets, groups=part.groups + offset, strata=strata))
    return _concatenated(parts)


def _concatenated(parts: list[Images]) -> Images:
    names = ("targets", "groups", "strata")
    whole: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    if isinstance(parts[0], Listing):
        whole["paths"] = [path for part in parts for path in part.paths]
    else:
        whole["images"] = _Chained([part.images for part in parts])
    return parts[0]._replace(**whole)


class _Chained:
    """The images of several parts, rendered again in each pass."""

    def __init__(self, parts: list[Iterable[np.ndarray]]) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[np.ndarray]:
        for part in self.parts:
            yield from part
