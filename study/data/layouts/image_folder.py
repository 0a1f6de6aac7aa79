"""Lists an image folder: `train/<class>/…` and `test/<class>/…`, one folder per class, with images at any depth.
Does not open the images."""

from pathlib import Path

import numpy as np

from study.data.layouts.folder_tree import SUFFIXES, images, subfolders
from study.data.types import Listing
from study.errors import UserError

SPLITS = ("train", "test")
_WANTED = "an image folder has train/<class>/… and test/<class>/…, one folder a class"


def is_image_folder(folder: Path) -> bool:
    """Whether a folder looks like an image folder, with `train` or `test` in it."""
    return any((folder / split).is_dir() for split in SPLITS)


def listing(folder: Path) -> tuple[tuple[str, ...], dict[str, Listing]]:
    """List the images of an image folder; each is its own group.

    Hidden files and folders, those of systems (`__MACOSX`, `@eaDir`) and files without an image's suffix are ignored.
    `train`, `test` and a class's folder may be symbolic links. Links to folders inside a class are not followed, so
    that none can loop.

    Args:
        folder: has `train` and `test` in it.

    Returns:
        The classes, sorted; the listings of "train" and "test", sorted by class and path.

    Raises:
        UserError: `train` or `test` is missing, their classes differ or are fewer than two, or a class has no image.
    """
    train, test = (classes(folder / split) for split in SPLITS)
    if train != test:
        odd = ", ".join(sorted(set(train) ^ set(test)))
        raise UserError(f"{folder}: train and test must have the same classes, but {odd} is in only one of them")
    if len(train) < 2:
        raise UserError(f"{folder / 'train'} has one class ({train[0]}); at least two are needed: {_WANTED}")
    return tuple(train), {split: _listing(folder / split, train) for split in SPLITS}


def classes(place: Path) -> list[str]:
    """Name the folders in a split's folder, sorted.

    Raises:
        UserError: there are none, or the split's folder is missing.
    """
    if not place.is_dir():
        raise UserError(f"no folder {place}: {_WANTED}")
    if not (names := subfolders(place)):
        raise UserError(f"{place} has no class folders: {_WANTED}")
    return names


def _listing(place: Path, names: list[str]) -> Listing:
    paths_by_class = [sorted(images(place / name)) for name in names]
    for name, paths in zip(names, paths_by_class, strict=True):
        if not paths:
            raise UserError(f"{place / name} has no image ({', '.join(sorted(SUFFIXES))}): {_WANTED}")
    counts = [len(paths) for paths in paths_by_class]
    targets = np.repeat(np.arange(len(names)), counts)
    return Listing([path for paths in paths_by_class for path in paths], targets, np.arange(sum(counts)), None)
