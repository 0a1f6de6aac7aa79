"""Lists an image folder: `train/<class>/…` and `test/<class>/…`, one folder per class, with images at any depth.
Does not open the images."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from study.data.types import Listing
from study.errors import UserError

SUFFIXES = {".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
SPLITS = ("train", "test")
_WANTED = "an image folder has train/<class>/… and test/<class>/…, one folder a class"
_NOT_DATA = {"__MACOSX"}  # what macOS adds to archives


def is_image_folder(folder: Path) -> bool:
    """Whether a folder looks like an image folder, with `train` or `test` in it."""
    return any((folder / split).is_dir() for split in SPLITS)


def listing(folder: Path) -> tuple[tuple[str, ...], dict[str, Listing]]:
    """List the images of an image folder; each is its own group.

    Hidden files and folders, `__MACOSX` and files without an image's suffix are ignored. `train`, `test` and a class's
    folder may be symbolic links. Links to folders inside a class are not followed, so that none can loop.

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
    names = sorted(name for name in _names(place) if (place / name).is_dir())
    if not names:
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


def images(folder: Path) -> Iterator[str]:
    """Yield the paths of all images in a class's folder, at any depth; none if the folder is missing."""
    for _, paths in walk(folder) if folder.is_dir() else ():
        yield from paths


def walk(folder: Path, ignored: Counter[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield a class's folder and every folder below it, each with the paths of the images that lie directly in it.

    Args:
        folder: of a class.
        ignored: counts ignored files and folders, by their kind.
    """
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=False):
        if ignored is not None:
            ignored.update("hidden" for name in (*folders, *files) if not is_data(name))
            ignored.update("link to a folder" for name in folders if os.path.islink(os.path.join(place, name)))
            ignored.update(_kind(name) for name in files if is_data(name) and not _has_image_suffix(name))
        folders[:] = [name for name in folders if is_data(name)]
        yield place, [os.path.join(place, name) for name in files if is_data(name) and _has_image_suffix(name)]


def _kind(name: str) -> str:
    return os.path.splitext(name)[1].lower() or "file without a suffix"


def _has_image_suffix(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _names(place: Path) -> list[str]:
    try:
        return [name for name in os.listdir(place) if is_data(name)]
    except OSError as error:
        _refuse(error)
        raise


def is_data(name: str) -> bool:
    """Whether a file or folder is part of a data set, by its name."""
    return not name.startswith(".") and name not in _NOT_DATA


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read ({error.strerror})") from error
