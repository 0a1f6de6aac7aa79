"""Lays one small grey image on another, by an affine map that is fitted to both, and measures how alike they are.

Light plays no part: images are compared by their details, which are the differences from the surroundings relative
to the contrast there. Knows nothing of files or of what is a copy.

Source: Baker & Matthews 2004, "Lucas-Kanade 20 Years On", the inverse compositional algorithm.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

_NOISE = 1.5
"""Grey values of detail that are taken for noise."""
_FLAT = 0.3
"""Contrast relative to that of the whole image, below which a place counts as plain rather than as detailed."""
_DAMPING = 1e-2
_STEP = 0.4
"""Most that a step changes in a map. Below a half, no step can turn an image inside out."""


class Band(NamedTuple):
    """A range of sizes of details, by the blur that removes smaller ones and the blur that removes larger ones."""

    fine: float
    """Standard deviation, as a share of the side."""
    coarse: float


class Registered(NamedTuple):
    """Pairs of images that were laid on each other."""

    maps: np.ndarray
    """(n, 2, 3) float32: from places of the first image to places of the second, both in [-1, 1]."""
    likeness: np.ndarray
    """(n,) float32: correlation of the finest details where both are, in [-1, 1]; if low, of coarser ones."""
    overlap: np.ndarray
    """(n,) float32: share of the first image onto which the second one falls."""


class _Level(NamedTuple):
    """Of a registration from coarse to fine."""

    band: Band
    reduced: int
    """By which the side is divided."""
    every: int
    """Of the rows and columns, the one that is looked at."""
    steps: int


_LEVELS = (_Level(Band(0.05, 0.2), 3, 1, 10), _Level(Band(0.025, 0.14), 2, 1, 5), _Level(Band(0.014, 0.1), 1, 2, 5))
_FINE = Band(0.01, 0.05)
"""The details that copies share and images that are merely alike do not, as two chest X-rays."""
_CORNER = 0.06
"""Blur of the structure tensor."""
_UNLIKE = 0.5
"""Correlation at the coarsest level below which a pair is not looked at any further."""


@cache
def _blur(side: int, sigma: float) -> np.ndarray:
    """Return the (side, side) matrix that blurs columns; beyond an edge nothing is counted."""
    places = np.arange(side)
    weights = np.exp(-0.5 * ((places[:, None] - places) / (sigma * side)) ** 2)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (n, side, side) float32 images by a Gaussian whose deviation is a share of the side."""
    count, side, _ = images.shape
    matrix = _blur(side, sigma)
    across = images.reshape(-1, side) @ matrix.T  # one product of large matrices is faster than many of small ones
    down = np.ascontiguousarray(across.reshape(count, side, side).transpose(0, 2, 1)).reshape(-1, side) @ matrix.T
    return np.asarray(down.reshape(count, side, side).transpose(0, 2, 1))


def details(images: np.ndarray, band: Band) -> np.ndarray:
    """Return the details of (n, side, side) images, normalized by the contrast around each."""
    images = images.astype(np.float32)
    fine = blurred(images, band.fine) - blurred(images, band.coarse)
    power = fine**2
    whole = power.mean((1, 2), keepdims=True)
    return fine / np.sqrt(blurred(power, band.coarse) + _FLAT**2 * whole + _NOISE**2)


def register(first: np.ndarray, second: np.ndarray) -> Registered:
    """Lay each second image on its first.

    Args:
        first: (n, side, side) uint8.
        second: likewise.
    """
    maps, likeness, overlap = _start(len(first))
    at = np.arange(len(first))
    for level in _LEVELS:
        still, moving = (details(_reduced(images[at], level.reduced), level.band) for images in (first, second))
        maps[at] = _fitted(still, moving, maps[at], level)
        likeness[at], overlap[at] = _likeness(still, moving, maps[at])
        at = at[likeness[at] >= _UNLIKE]
        if not len(at):
            return Registered(maps, likeness, overlap)
    likeness[at], overlap[at] = _likeness(details(first[at], _FINE), details(second[at], _FINE), maps[at])
    return Registered(maps, likeness, overlap)


def richness(images: np.ndarray) -> np.ndarray:
    """Estimate how many independent details images have, by which they could be told from all others.

    It is the number of frequencies that share an image's power, times how much of it lies in corners rather than in
    straight edges: a chequerboard has few frequencies, a disc or a digit few corners.

    Args:
        images: (n, side, side) uint8.

    Returns:
        (n,) float32.

    Source: corners by the structure tensor's smaller eigenvalue, Shi & Tomasi 1994, "Good features to track".
    """
    fine = details(images, _FINE)
    power = (np.abs(np.fft.fft2(fine)) ** 2).reshape(len(fine), -1)
    frequencies = power.sum(1) ** 2 / ((power**2).sum(1) + 1e-6)
    down, across = np.gradient(fine, axis=(1, 2))
    xx, yy, xy = (blurred(part, _CORNER) for part in (across**2, down**2, across * down))
    corners = (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy**2)) / 2
    return np.asarray(frequencies * corners.mean((1, 2)) / ((xx + yy).mean((1, 2)) + 1e-6))


def _start(count: int) -> Registered:
    """Return pairs that are not yet moved."""
    maps = np.tile(np.eye(2, 3, dtype=np.float32), (count, 1, 1))
    return Registered(maps, np.zeros(count, np.float32), np.zeros(count, np.float32))


def _reduced(images: np.ndarray, by: int) -> np.ndarray:
    count, side, _ = images.shape
    return images.reshape(count, side // by, by, side // by, by).mean((2, 4), dtype=np.float32)


@cache
def _places(side: int, every: int = 1) -> np.ndarray:
    """Return (3, places) homogeneous places x, y, 1 of the pixels of every so many rows and columns, in [-1, 1]."""
    line = (np.arange(side, dtype=np.float32)[::every] + 0.5) / side * 2 - 1
    y, x = np.meshgrid(line, line, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.ones(x.size, np.float32)])


def _fitted(first: np.ndarray, second: np.ndarray, maps: np.ndarray, level: _Level) -> np.ndarray:
    """Improve maps by steps of Gauss and Newton."""
    count, side, _ = first.shape
    places = _places(side, level.every)
    template, down, across = (
        image[:, :: level.every, :: level.every].reshape(count, -1)
        for image in (first, *np.gradient(first, 2 / side, axis=(1, 2)))
    )
    slopes = np.concatenate([across[:, None] * places, down[:, None] * places], 1)  # (n, 6, places)
    ridge = (_DAMPING * (slopes**2).sum((1, 2), keepdims=True) / 6 + 1e-6) * np.eye(6, dtype=np.float32)
    for _ in range(level.steps):
        moved, inside = _sampled(second, maps, places)
        weighted = slopes * inside[:, None]
        error = (weighted @ (moved - template)[..., None])[..., 0]
        change = np.linalg.solve(weighted @ slopes.transpose(0, 2, 1) + ridge, error[..., None])
        maps = _composed(maps, np.nan_to_num(change).clip(-_STEP, _STEP).reshape(-1, 2, 3))
    return maps


def _composed(maps: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Put the inverse of a small change before each map."""
    square = np.zeros((len(maps), 3, 3), np.float32)
    square[:, :2] = change + np.eye(2, 3, dtype=np.float32)
    square[:, 2, 2] = 1
    return maps @ np.linalg.inv(square)


def _sampled(images: np.ndarray, maps: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Interpolate images at mapped places.

    Returns:
        (n, places) float32 values, and (n, places) float32 that are 1 where the place is inside of the image.
    """
    count, side, _ = images.shape
    x, y = ((maps @ places + 1) * (side / 2) - 0.5).transpose(1, 0, 2)
    inside = (np.abs(x - (side - 1) / 2) <= side / 2) & (np.abs(y - (side - 1) / 2) <= side / 2)
    x, y = x.clip(0, side - 1.001), y.clip(0, side - 1.001)
    left, top = x.astype(np.int32), y.astype(np.int32)
    right_share, low_share = x - left, y - top
    flat, start = images.reshape(-1), top * side + left + (np.arange(count, dtype=np.int32) * side * side)[:, None]
    upper = flat[start] * (1 - right_share) + flat[start + 1] * right_share
    lower = flat[start + side] * (1 - right_share) + flat[start + side + 1] * right_share
    return upper * (1 - low_share) + lower * low_share, inside.astype(np.float32)


def _likeness(first: np.ndarray, second: np.ndarray, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlate where both images are; return that and the share of the first image where both are."""
    moved, inside = _sampled(second, maps, _places(second.shape[1]))
    still = first.reshape(len(first), -1)
    area = inside.sum(1) + 1e-6
    centred = [(each - ((each * inside).sum(1) / area)[:, None]) * inside for each in (still, moved)]
    product = (centred[0] * centred[1]).sum(1)
    return product / np.sqrt((centred[0] ** 2).sum(1) * (centred[1] ** 2).sum(1) + 1e-6), area / inside.shape[1]
