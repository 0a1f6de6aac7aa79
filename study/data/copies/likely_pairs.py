"""Picks pairs of images that may be copies, by a few numbers of each, in all eight orientations.

These are the lowest cosines of the images' details. Pairs that are merely alike are among those that are picked.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from study.data.copies import registration
from study.data.copies.registration import Band
from study.data.copies.signatures import SIDE

_BAND = Band(0.05, 0.3)
_WAVES = 8
"""Cosines along each side that images are first compared by."""
_MAYBE = 0.3
"""Correlation of these cosines from which a pair is looked at, if images have few such pairs."""
_MOST = 8
"""Pairs that are looked at of each image and those after it, the most alike."""
_SHRUNK = 0.5
"""Of the mean variance of the cosines, which is added to each: the less, the less crops of an image are alike."""
_SAMPLE = 256
"""Images by which it is estimated how alike an image's most alike ones are."""
_PRODUCTS = 8 * 10**6
"""Correlations that are held at a time."""
_BATCH = 64
"""Thumbnails that are looked at at a time."""
_CONTRAST = 3.0
"""Of 255. An image whose details deviate less shows nothing that its copies could be known by."""
ORIENTATIONS = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1))
"""Whether an image is transposed, then mirrored left to right, then upside down."""


class LikelyPairs(NamedTuple):
    """Pairs that may be copies."""

    first: np.ndarray
    second: np.ndarray
    orientation: np.ndarray
    """Index in `ORIENTATIONS`: of the first image, as it fits on the second."""


def worth_comparing(thumbnails: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return the positions, of some, of the images that show something."""
    contrasts = [_contrasts(thumbnails[part]) for part in _batches(numbers)]
    return numbers[np.concatenate(contrasts) >= _CONTRAST] if contrasts else numbers


def _batches(numbers: np.ndarray) -> Iterator[np.ndarray]:
    """Cut positions into batches, so that no more than one batch of thumbnails is copied at a time."""
    for start in range(0, len(numbers), _BATCH):
        yield numbers[start : start + _BATCH]


def _contrasts(thumbnails: np.ndarray) -> np.ndarray:
    images = thumbnails.astype(np.float32)
    fine, coarse = _BAND
    return np.asarray((registration.blurred(images, fine) - registration.blurred(images, coarse)).std((1, 2)))


@cache
def _cosines() -> np.ndarray:
    """Return (_WAVES, SIDE) float32, the first rows of the discrete cosine transform."""
    places = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    return np.cos(np.arange(_WAVES)[:, None] * places).astype(np.float32)


def _spectra(thumbnails: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return (n, _WAVES, _WAVES) float32: the cosines of the details, of equal length for all images."""
    parts = [_cosines() @ registration.details(thumbnails[part], _BAND) @ _cosines().T for part in _batches(numbers)]
    spectra = np.concatenate(parts)
    spectra[:, 0, 0] = 0
    return spectra / np.sqrt((spectra**2).sum((1, 2), keepdims=True) + 1e-6)


def _oriented(spectra: np.ndarray, orientation: tuple[int, int, int]) -> np.ndarray:
    """Orient images by their cosines: mirroring changes the sign of every second one."""
    transposed, across, down = orientation
    signs = (-1.0) ** np.arange(_WAVES, dtype=np.float32)
    spectra = spectra.transpose(0, 2, 1) if transposed else spectra
    return spectra * (signs if across else 1) * (signs[:, None] if down else 1)


def likely_pairs(thumbnails: np.ndarray, numbers: np.ndarray) -> Iterator[tuple[int, LikelyPairs]]:
    """Yield, for some images at a time, how many are done, and pairs of these with later ones that may be copies.

    Args:
        thumbnails: of all images.
        numbers: positions of those that are compared; pairs are of positions among these.
    """
    count = len(numbers)
    if count < 2:
        return
    spectra = _spectra(thumbnails, numbers)
    whiten = _whitening(spectra)
    columns = whiten(spectra)
    rows = max(1, _PRODUCTS // (len(ORIENTATIONS) * count))
    least = _least(columns)
    for start in range(0, count - 1, rows):
        block = spectra[start : start + rows]
        turned = np.concatenate([whiten(_oriented(block, each)) for each in ORIENTATIONS])
        yield min(start + rows, count), _best(turned @ columns[start:].T, start, len(block), least)


def _least(spectra: np.ndarray) -> float:
    """Return the likeness that about `_MOST` images exceed that are no copies of an image, `_MAYBE` at least.

    The deviation is that of the middle two thirds, since copies are among the rest.
    """
    step = max(1, len(spectra) // _SAMPLE)
    low, high = np.quantile(spectra[::step] @ spectra.T, (1 / 6, 5 / 6))
    share = min(0.5, _MOST / len(spectra) / len(ORIENTATIONS))
    return max(_MAYBE, float(norm.isf(share) * (high - low) / (norm.ppf(5 / 6) - norm.ppf(1 / 6))))


def _whitening(spectra: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that makes spectra comparable: what all images of a set share counts little.

    It subtracts the mean, and divides by the deviations along the principal axes. Where there are few images, the mean
    is shrunk towards 0 and the deviations towards their mean.
    """
    flat = spectra.reshape(len(spectra), -1)
    share = len(flat) / (len(flat) + 4 * flat.shape[1])
    mean = share * flat.mean(0)
    variances, axes = np.linalg.eigh(np.cov(flat, rowvar=False))
    deviations = np.sqrt(share * variances.clip(0) + (1 - share + _SHRUNK) * variances.mean() + 1e-6)
    matrix = (axes / deviations).astype(np.float32)

    def whiten(some: np.ndarray) -> np.ndarray:
        moved = (some.reshape(len(some), -1) - mean) @ matrix
        return np.asarray(moved / np.sqrt((moved**2).sum(1, keepdims=True) + 1e-6))

    return whiten


def _best(likeness: np.ndarray, start: int, rows: int, least: float) -> LikelyPairs:
    """Pick the pairs that are alike enough, of each row the best.

    Args:
        likeness: (orientations × rows, columns).
        start: number of the first row and column.
        rows: number of rows.
        least: likeness of a pair that is picked.
    """
    which, second = np.nonzero(likeness > least)
    value, row = likeness[which, second], which % rows
    later = second > row
    value, which, second, row = value[later], which[later], second[later], row[later]
    order = np.lexsort((-value, row))
    rank = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    kept = order[rank < _MOST]
    return LikelyPairs(start + row[kept], start + second[kept], which[kept] // rows)
