"""Decodes image files: any that PIL reads becomes 8-bit RGB as a person would see it, of the size that is asked for.
Knows nothing of stores, splits or which data set it is."""

import os
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from study import tasks
from study.errors import UserError
from study.tasks import Arrays, Listing, Source

_WITH_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}
_BITS_PER_SAMPLE = 258  # a tag of TIFF


class Unreadable(UserError):
    """A file that is no whole image, or of whose numbers it is not known which is white; the text names it."""


def read_rgb(path: str | Path) -> np.ndarray:
    """Read an image file as a person would see it.

    It is turned as its EXIF data say; what is transparent lies on white; CMYK is converted, a palette looked up.
    Numbers of 16 bits are scaled by their whole range (65,535 is white), not by what one image makes of it, and so are
    floats, whose whole range is 0 to 1. Of several frames or pages the first is taken.

    Args:
        path: of a file of any format that PIL reads.

    Returns:
        (height, width, 3) uint8.

    Raises:
        Unreadable: it is no such file, it is cut off, or its numbers have another range.
    """
    return np.asarray(_picture(path))


def stamp(path: str) -> tuple[int, int] | None:
    """Give a file's size and time of change; None of one that reading will list with all others that cannot be read."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _picture(path: str | Path) -> Image.Image:
    """Read an image as `read_rgb` does."""
    if os.path.exists(path) and not os.path.isfile(path):  # who opens a pipe waits for ever
        raise Unreadable(f"{path}: is no file")
    try:
        with Image.open(path) as image:
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _rgb(image)
    except Exception as error:  # what a broken file makes a decoder raise may be anything
        raise Unreadable(f"{path}: {_why(path, error)}") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F" or image.mode[0] == "I":
        return Image.fromarray(_scaled(image)).convert("RGB")
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB")


def _scaled(image: Image.Image) -> np.ndarray:
    """Give an image of more than 8 bits as 8 bits.

    Raises:
        ValueError: what is white in it is not known, or a number lies beyond that.
    """
    numbers, white = np.asarray(image).astype(np.float64), _white(image)
    low, high = numbers.min(), numbers.max()
    if not 0 <= low <= high <= white:  # nor NaN
        raise ValueError(f"its numbers are {low:g} to {high:g}, and 0 (black) to {white} (white) is what is read")
    if (hidden := image.info.get("transparency")) is not None:
        numbers[numbers == hidden] = white
    return np.rint(numbers * (255 / white)).astype(np.uint8)


def _white(image: Image.Image) -> int:
    if image.mode == "F":
        return 1
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (32,))[0]
    if image.mode.startswith("I;16") or image.format in ("PNG", "PPM") or bits == 16:  # PIL may give these as 32 bits
        return 65_535
    raise ValueError(f"whole numbers of {bits} bits, of which none is known to be white; save it with 8 or 16")


def _why(path: str | Path, error: Exception) -> str:
    """Say what is wrong with a file that PIL refuses."""
    if isinstance(error, UnidentifiedImageError):
        with open(path, "rb") as opened:
            begin = opened.read(40)
        if not begin:
            return "is empty (0 bytes)"
        page = begin.lstrip().lower().startswith((b"<!doctype", b"<html"))
        return "is a web page, no image" if page else f"is no image that can be read; it begins with {begin[:16]!r}"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def decoded(found: Source[Listing] | Source[Arrays], size: int) -> Source[Arrays]:
    """Turn listings into arrays whose images are decoded as they are asked for; resize images that are there."""
    splits = {}
    for name, each in found.splits.items():
        images = _resized(each.images, size) if isinstance(each, Arrays) else _decode_all(each, size)
        splits[name] = Arrays(images, each.targets, each.groups, each.strata, each.held)
    return Source(found.line, found.classes, splits)


def _resized(images: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    for image in images:
        whole = Image.fromarray(image)
        yield image if whole.size == (size, size) else np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC))


def _decode_all(listing: Listing, size: int) -> Iterator[np.ndarray]:
    """Decode in order, on one core: two threads were slower on GTSRB's small pictures (5,100 a second, not 11,400).

    Raises:
        UserError: at the end, with a list of all images that cannot be read.
    """
    boxes = repeat(None) if listing.boxes is None else listing.boxes.tolist()
    problems: list[str] = []
    for path, box in zip(listing.paths, boxes, strict=False):
        image = _decode(path, box, listing.square, size)
        if isinstance(image, str):
            problems.append(image)
        else:
            yield image
    tasks.refuse("images cannot be decoded", problems)


def _decode(path: str, box: list[float] | None, square: bool, size: int) -> np.ndarray | str:
    """Cut out the box, or the square in its middle, and resize it; returns what is wrong with an unreadable file."""
    try:
        image = _picture(path)
    except Unreadable as error:
        return str(error)
    wide, high = image.size
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    cut = (left * wide, top * high, right * wide, bottom * high)
    cut = _middle(*cut) if square else cut
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC, cut))


def _middle(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the largest square in the middle of a box, in pixels; rounding must not carry it out of the picture."""
    across, down, half = (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) / 2
    return max(across - half, left), max(down - half, top), min(across + half, right), min(down + half, bottom)


def decode(path: str, square: bool, size: int) -> np.ndarray | str:
    """Read a file of which nothing else is known as a training's images are read.

    Args:
        path: of the file.
        square: cuts the largest square out of its middle; else the whole picture is squeezed into one.
        size: side of the square that is given, pixels.

    Returns:
        (size, size, 3) uint8; or the path and what is wrong with the file.
    """
    return _decode(path, None, square, size)
