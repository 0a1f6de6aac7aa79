"""Decodes image files: each becomes 8-bit RGB as a person would see it, of the size that is asked for.
Knows nothing of stores, splits, formats or which data set it is."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from study.data import file_kinds, image_files, pixels, stripped_images, types
from study.data.decoder_warnings import noted
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.storage import regular_files

LONG = 20
"""Times a side may be as long as the other; of a longer one hardly anything is in the middle."""
SMALL = 8
"""Pixels of a side from which on there is something to see: the smallest size that networks get."""


FILES = (*(str(each.__file__) for each in (image_files, stripped_images, regular_files, pixels)), __file__)
"""What decoded pixels depend on, besides the libraries."""


class Unreadable(UserError):
    """A file that is no whole image, or of whose numbers it is not known which is white; the text names it."""


class Picture(NamedTuple):
    """An image as a person would see it."""

    image: Image.Image
    """RGB of 8 bits; of a very large JPEG file it is reduced."""
    width: int
    """Pixels in the file, turned as a person sees it; so is the height."""
    height: int
    notes: tuple[str, ...]
    """What is odd about the file."""


def read_rgb(path: str | Path) -> np.ndarray:
    """Read an image file as a person would see it.

    It is turned as its EXIF data say; what is transparent lies on white; CMYK is converted, a palette looked up.
    Numbers of 16 bits are scaled by their whole range (65,535 is white), not by what one image makes of it, and so are
    floats, whose whole range is 0 to 1. Of several frames or pages the first is taken.

    Args:
        path: of a file of one of `picture_files.FORMATS`.

    Returns:
        (height, width, 3) uint8.

    Raises:
        Unreadable: it is no such file, it is cut off or too large, or its numbers have another range.
    """
    with picture(path) as seen:
        return np.asarray(seen.image)


def stamp(path: str) -> tuple[int, int] | None:
    """Give a file's size and time of change; None of one that reading will list with all others that cannot be read."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


@contextmanager
def picture(path: str | Path) -> Iterator[Picture]:
    """Read an image as `read_rgb` does, and hold it: other threads read no more than there is memory for.

    Raises:
        Unreadable: as of `read_rgb`.
    """
    with ExitStack() as held:
        yield _picture(path, held)


def _picture(path: str | Path, held: ExitStack) -> Picture:
    with noted() as notes:
        try:
            image, size = image_files.load(path, held)
            upright = pixels.upright(pixels.rgb(image), _turn(image))
            wide, high = size if upright.size == image.size else size[::-1]
            return Picture(upright, wide, high, (*notes, *_shape(wide, high)))
        except Exception as error:  # what a broken file makes a decoder raise may be anything
            raise Unreadable(f"{path}: {_why(path, error)}") from error


def _turn(image: Image.Image) -> object:
    """Give the number by which EXIF data say how a picture was taken; there may be none, or anything."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception as error:  # what damaged data make Pillow raise may be anything, and the pixels are whole
        warnings.warn(f"its EXIF data cannot be read, so it is not turned ({error})", stacklevel=1)
        return None


def _shape(wide: int, high: int) -> Iterator[str]:
    """Say of a picture's shape what leaves little of it to be seen."""
    told = f"{wide:,} × {high:,} pixels"
    if max(wide, high) > LONG * min(wide, high):
        yield f"has {told}: a square in its middle is {min(wide, high) / max(wide, high):.2%} of it"
    elif min(wide, high) < SMALL:
        yield f"has only {told}"


def _why(path: str | Path, error: Exception) -> str:
    """Say what is wrong with a file that is refused."""
    if isinstance(error, UnidentifiedImageError):
        return file_kinds.instead(path)
    if isinstance(error, MemoryError):
        return "is too large for the memory that there is"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def decoded(found: Source[Listing] | Source[Arrays], size: int, notes: list[str] | None = None) -> Source[Arrays]:
    """Turn listings into arrays whose images are decoded as they are asked for; resize images that are there.

    Args:
        found: the data set.
        size: side of the images, pixels.
        notes: gets a line for what is odd about a file, when it is decoded.
    """
    notes = [] if notes is None else notes
    splits = {}
    for name, each in found.splits.items():
        images = _resized(each.images, size) if isinstance(each, Arrays) else _decode_all(each, size, notes)
        splits[name] = Arrays(images, each.targets, each.groups, each.strata, each.held)
    return Source(found.line, found.classes, splits)


def _resized(images: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    for image in images:
        whole = Image.fromarray(image)
        yield image if whole.size == (size, size) else np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC))


def _decode_all(listing: Listing, size: int, notes: list[str]) -> Iterator[np.ndarray]:
    """Decode in order, on one core: two threads were slower on GTSRB's small pictures (5,100 a second, not 11,400).

    Raises:
        UserError: at the end, with a list of all images that cannot be read.
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
    """Cut out the box, or the square in its middle, and resize it; returns what is wrong with an unreadable file."""
    try:
        with picture(path) as seen:
            for each in seen.notes:
                note(f"{path}: {each}")
            return _cut(seen.image, box, square, size)
    except Unreadable as error:
        return str(error)


def _cut(image: Image.Image, box: list[float] | None, square: bool, size: int) -> np.ndarray:
    wide, high = image.size
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    cut = (left * wide, top * high, right * wide, bottom * high)
    cut = _middle(*cut) if square else cut
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, cut))


def _middle(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the largest square in the middle of a box, in pixels; rounding must not carry it out of the picture."""
    across, down, half = (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) / 2
    return max(across - half, left), max(down - half, top), min(across + half, right), min(down + half, bottom)


def decode(path: str, square: bool, size: int, note: Callable[[str], object] = lambda text: None) -> np.ndarray | str:
    """Read a file of which nothing else is known as a training's images are read.

    Args:
        path: of the file.
        square: cuts the largest square out of its middle; else the whole picture is squeezed into one.
        size: side of the square that is given, pixels.
        note: called with the path and what is odd about the file.

    Returns:
        (size, size, 3) uint8; or the path and what is wrong with the file.
    """
    return _decode(path, None, square, size, note)
