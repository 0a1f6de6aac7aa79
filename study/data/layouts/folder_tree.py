"""Looks into folders of images: which folders are there, and which images lie below them. Does not open the images."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from study.data.layouts.names import is_data, is_system
from study.errors import UserError

SUFFIXES = {".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def images(folder: Path) -> Iterator[str]:
    """Yield the paths of all images in a folder, at any depth; none if the folder is missing."""
    for _, paths in walk(folder) if folder.is_dir() else ():
        yield from paths


def walk(folder: Path, ignored: Counter[str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield a folder and every folder below it, each with the paths of the images that lie directly in it.

    Links to folders are not followed, so that none can loop; the folder itself may be one.

    Args:
        folder: of a class.
        ignored: counts ignored files and folders, by their kind.
    """
    for place, folders, files in os.walk(folder, onerror=_refuse, followlinks=False):
        if ignored is not None:
            ignored.update("link to a folder" for name in folders if os.path.islink(os.path.join(place, name)))
            _count(folders, files, ignored)
        folders[:] = [name for name in folders if is_data(name)]
        yield place, [os.path.join(place, name) for name in files if is_data(name) and is_image(name)]


def count_ignored(place: Path, ignored: Counter[str]) -> None:
    """Count what is ignored directly in a folder, by its kind."""
    _, folders, files = next(os.walk(place, onerror=_refuse))
    _count(folders, files, ignored)


def _count(folders: list[str], files: list[str], ignored: Counter[str]) -> None:
    ignored.update(kind for name in (*folders, *files) if (kind := _kind_by_name(name)))
    ignored.update(_kind(name) for name in files if is_data(name) and not is_image(name))


def subfolders(place: Path) -> list[str]:
    """Name the folders in a folder, sorted; links to folders are among them, what is hidden or a system's is not."""
    return sorted(name for name in entries(place) if (place / name).is_dir())


def entries(place: Path) -> list[str]:
    """Name what is in a folder, but for what is hidden or a system's.

    Raises:
        UserError: the folder cannot be read.
    """
    try:
        return [name for name in os.listdir(place) if is_data(name)]
    except OSError as error:
        _refuse(error)
        raise


def has_images(folder: Path) -> bool:
    """Whether an image lies in a folder, at any depth."""
    return next(images(folder), None) is not None


def loose(place: Path) -> list[str]:
    """Name the images that lie directly in a folder."""
    return [name for name in entries(place) if is_image(name) and (place / name).is_file()]


def is_image(name: str) -> bool:
    """Whether a file is an image by its suffix."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def _kind_by_name(name: str) -> str | None:
    if is_system(name):
        return f"{name} (of a system)"
    return None if is_data(name) else "hidden"


def _kind(name: str) -> str:
    return os.path.splitext(name)[1].lower() or "file without a suffix"


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read ({error.strerror})") from error
