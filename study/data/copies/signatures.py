"""Makes a small signature of an image, by which copies are found: a grey thumbnail without the image's plain borders.
Knows nothing of files, and does not compare signatures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 48
"""Pixels of a thumbnail's side."""
_AT = 256
"""Pixels of the longer side at which borders are searched; larger images are reduced first."""
_TOLERANCE = 12
"""Of 255. What differs less from a border's middle value belongs to it, since JPEG leaves noise there."""
_STRAY = 0.01
"""Share of a line's pixels that may differ more."""
_LEAST = 8
"""Pixels of a side inside of the borders, below which none are trimmed."""


class Signature(NamedTuple):
    """What is left of an image to find its copies by."""

    thumbnail: np.ndarray
    """(SIDE, SIDE) uint8, grey: what is inside of the borders, squeezed into a square."""
    box: np.ndarray
    """(4,) float32: left, top, right and bottom of what is inside, as shares of the image's width and height."""


class Signatures(NamedTuple):
    """Signatures of many images."""

    thumbnails: np.ndarray
    """(n, SIDE, SIDE) uint8."""
    boxes: np.ndarray
    """(n, 4) float32."""


def stacked(signatures: Sequence[Signature]) -> Signatures:
    """Stack the signatures of at least one image."""
    return Signatures(*(np.stack(parts) for parts in zip(*signatures, strict=True)))


def signature(image: Image.Image) -> Signature:
    """Make an image's signature.

    Args:
        image: 8-bit RGB, of any size.
    """
    step = max(1, max(image.size) // _AT)
    grey = (image.reduce(step) if step > 1 else image).convert("L")
    box = _inside(np.asarray(grey, np.int16))
    thumbnail = grey.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box)
    return Signature(np.asarray(thumbnail), (np.array(box) / np.array(grey.size * 2)).astype(np.float32))


def _inside(grey: np.ndarray) -> tuple[int, int, int, int]:
    """Return the box inside of plain borders: left, top, right, bottom in pixels."""
    high, wide = grey.shape
    top, bottom = _span(grey)
    left, right = _span(grey[top:bottom].T)
    return (left, top, right, bottom) if min(right - left, bottom - top) >= _LEAST else (0, 0, wide, high)


def _span(lines: np.ndarray) -> tuple[int, int]:
    """Return the first line that is no border, and the one after the last; all lines if borders are all there is."""
    before, after = _plain(lines), len(lines) - _plain(lines[::-1])
    return (before, after) if before < after else (0, len(lines))


def _plain(lines: np.ndarray) -> int:
    """Count the lines before the first that differs from the middle value of the first line."""
    differs = np.abs(lines - np.median(lines[0])) > _TOLERANCE
    other = differs.mean(1) > _STRAY
    return int(other.argmax()) if other.any() else len(lines)
