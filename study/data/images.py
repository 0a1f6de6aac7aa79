"""Decodes image files to 8-bit RGB as a person would see them, and resizes them.
Knows nothing of stores, splits or file formats."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from study.data import file_kinds, image_files, jpeg_holes, pixels, stripped_images, types
from study.data.decoder_warnings import collect_notes
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.storage import regular_files

LONG = 20
"""Ratio of the sides above which the middle square has hardly anything of the image."""
SMALL = 8
"""Pixels of a side below which there is nothing to see: the smallest image size of networks."""


_CODE = (image_files, jpeg_holes, stripped_images, regular_files, pixels)
FILES = (*(str(module.__file__) for module in _CODE), __file__)
"""The code that decoded pixels depend on, besides the libraries."""


class Unreadable(UserError):
    """A file is not a whole image, or it is unknown which of its numbers is white; the text names the file."""


class Picture(NamedTuple):
    """An image as a person would see it."""

    image: Image.Image
    """8-bit RGB; reduced if the file is a very large JPEG."""
    width: int
    """Pixels in the file, after turning it upright; likewise the height."""
    height: int
    notes: tuple[str, ...]
    """What is odd about the file."""


def read_rgb(path: str | Path) -> np.ndarray:
    """Read an image file as a person would see it.

    The image is turned upright by its EXIF data. Transparent pixels lie on white. CMYK and palettes are converted.
    16-bit numbers are scaled by their whole range (65,535 is white), not by the range of the one image. So are floats,
    whose whole range is 0 to 1. Of several frames or pages the first is read.

    Args:
        path: of a file in one of `image_files.FORMATS`.

    Returns:
        (height, width, 3) uint8.

    Raises:
        Unreadable: the file has another format, is truncated or too large, or its numbers have another range.
    """
    with picture(path) as opened:
        return np.asarray(opened.image)


def stamp(path: str) -> tuple[int, int] | None:
    """Return a file's size and time of change; None if it is inaccessible, which is reported when images are read."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@contextmanager
def picture(path: str | Path) -> Iterator[Picture]:
    """Read an image as `read_rgb` does. Until the context ends its memory counts towards the limit of all threads.

    Raises:
        Unreadable: as in `read_rgb`.
    """
    with ExitStack() as budget:
        yield _picture(path, budget)


def _picture(path: str | Path, budget: ExitStack) -> Picture:
    with collect_notes() as notes:
        try:
            image, size = image_files.load(path, budget)
            upright = pixels.upright(pixels.rgb(image), _orientation(image))
            wide, high = size if upright.size == image.size else size[::-1]
            return Picture(upright, wide, high, (*notes, *_shape_notes(wide, high)))
        except Exception as error:  # a broken file can make a decoder raise anything
            raise Unreadable(f"{path}: {_reason(path, error)}") from error


def _orientation(image: Image.Image) -> object:
    """Return EXIF's orientation of an image: a number, None or, in damaged data, anything."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception as error:  # damaged data can make Pillow raise anything, though the pixels are intact
        warnings.warn(f"its EXIF data cannot be read, so it is not turned ({error})", stacklevel=1)
        return None


def _shape_notes(wide: int, high: int) -> Iterator[str]:
    """Note a shape of which little is left to see."""
    size = f"{wide:,} × {high:,} pixels"
    if max(wide, high) > LONG * min(wide, high):
        yield f"has {size}: a square in its middle is {min(wide, high) / max(wide, high):.2%} of it"
    elif min(wide, high) < SMALL:
        yield f"has only {size}"


def _reason(path: str | Path, error: Exception) -> str:
    """Explain why a file is unreadable."""
    if isinstance(error, UnidentifiedImageError):
        return file_kinds.describe(path)
    if isinstance(error, MemoryError):
        return "is too large for the memory that there is"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def decoded(source: Source[Listing] | Source[Arrays], size: int, notes: list[str] | None = None) -> Source[Arrays]:
    """Turn listings into arrays whose images are decoded lazily; images that are arrays already are resized.

    Args:
        source: the data set.
        size: side of the images, pixels.
        notes: gets a line for each oddity of a file, when the file is decoded.
    """
    notes = [] if notes is None else notes
    splits = {}
    for name, split in source.splits.items():
        images = _resized(split.images, size) if isinstance(split, Arrays) else _decode_all(split, size, notes)
        splits[name] = Arrays(images, split.targets, split.groups, split.strata, split.held)
    return Source(source.line, source.classes, splits)


def _resized(images: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    for array in images:
        image = Image.fromarray(array)
        yield array if image.size == (size, size) else np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


def _decode_all(listing: Listing, size: int, notes: list[str]) -> Iterator[np.ndarray]:
    """Decode in order, on one core. On GTSRB's small images two threads were slower: 5,100 a second, not 11,400.

    Raises:
        UserError: after the last image, with a list of all that cannot be read.
    """
    boxes = repeat(None) if listing.boxes is None else listing.boxes.tolist()
    problems: list[str] = []
    for path, box in zip(listing.paths, boxes, strict=False):
        image = _decode(path, box, listing.square, size, notes.append)
        if isinstance(image, str):
            problems.append(image)
        else:
            yield image
    types.refuse("images cannot be decoded", problems)


def _decode(
    path: str, box: list[float] | None, square: bool, size: int, note: Callable[[str], object]
) -> np.ndarray | str:
    """Crop the box, or the square in its middle, and resize it. Returns the reason if the file is unreadable."""
    try:
        with picture(path) as opened:
            for text in opened.notes:
                note(f"{path}: {text}")
            return _crop(opened.image, box, square, size)
    except Unreadable as error:
        return str(error)


def _crop(image: Image.Image, box: list[float] | None, square: bool, size: int) -> np.ndarray:
    wide, high = image.size
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    crop = (left * wide, top * high, right * wide, bottom * high)
    crop = _middle(*crop) if square else crop
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, crop))


def _middle(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the largest square in the middle of a box, in pixels. Rounding must not move it out of the image."""
    across, down, half = (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) / 2
    return max(across - half, left), max(down - half, top), min(across + half, right), min(down + half, bottom)


def decode(path: str, square: bool, size: int, note: Callable[[str], object] = lambda text: None) -> np.ndarray | str:
    """Read a single image file in the way that training images are read.

    Args:
        path: of the file.
        square: crops the largest square from the middle; otherwise the whole image is squeezed into a square.
        size: side of the returned square, pixels.
        note: called with a line, which begins with the path, for each oddity of the file.

    Returns:
        (size, size, 3) uint8; or, if the file is unreadable, a line with its path and the reason.
    """
    return _decode(path, None, square, size, note)
