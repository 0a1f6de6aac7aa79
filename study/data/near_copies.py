"""Finds images that are copies though their pixels differ: resized, saved again, cropped, turned, mirrored, relit.

Only signatures are compared, by their details. A first comparison of a few numbers each, in all orientations, picks
pairs that may be copies. Each of these is then laid on each other. Knows nothing of files, splits or labels.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from study.data import registration
from study.data.registration import Band, Registered
from study.data.signatures import SIDE, Signatures
from study.storage import store

_FILE = "pairs.json"

LIKE = 0.9
"""Correlation of details from which two images may be copies."""
SURE = 5.5
"""What the correlation, made normal by Fisher's transformation, must be times the root of the number of details."""
RICH = 4.0
"""Details of an image at least, see `registration.richness`; chequerboards and stripes have fewer."""
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
_PAIRS = 64
"""Pairs that are laid on each other at a time."""
_WAITING = 64
"""Batches of pairs that may wait."""
_CONTRAST = 3.0
"""Of 255. An image whose details deviate less shows nothing that its copies could be known by."""
_OVERLAP = 0.4
"""Share of an image, without its borders, that its copy has too."""
_SCALES = (0.55, 1.8)
_CHANGED = 0.05
"""Change of a size or place, as a share of the image's half, that is worth a word."""
_RELIT = 10
"""Of 255. Change of the mean that is worth a word."""
_ORIENTATIONS = ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1))
"""Whether an image is transposed, then mirrored left to right, then upside down."""
_WORDS = {
    (0, 1, 0): "mirrored",
    (0, 0, 1): "mirrored upside down",
    (0, 1, 1): "turned by 180°",
    (1, 1, 0): "turned by 90°",
    (1, 0, 1): "turned by 90°",
    (1, 0, 0): "mirrored and turned by 90°",
    (1, 1, 1): "mirrored and turned by 90°",
}


class NearCopy(NamedTuple):
    """Two images of which one was made from the other, or both from a third."""

    first: int
    """Position among `OwnDataset.paths`; likewise `second`, which is larger."""
    second: int
    likeness: float
    """Correlation of their details, in [0, 1]."""
    change: str
    """What was done to one of them, for people."""


class _Candidates(NamedTuple):
    """Pairs that may be copies."""

    first: np.ndarray
    second: np.ndarray
    orientation: np.ndarray
    """Index in `_ORIENTATIONS`: of the first image, as it fits on the second."""


def near_copies(
    signatures: Signatures, same: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
) -> list[NearCopy]:
    """Find pairs of images that are copies though their pixels differ.

    Args:
        signatures: of all images.
        same: of each image a text that is equal for equal images; of these only the first is looked at. Images with an
            empty text are left out.
        progress: called with the number of images compared and the total.

    Returns:
        Pairs, sorted. An image that has many copies is in some of the pairs, which join all of them.
    """
    numbers = _worth_comparing(signatures, same)
    found: list[NearCopy] = []
    waiting: deque[Future[list[NearCopy]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # pairs are laid on each other while others are picked
        for done, pairs in _candidates(signatures.thumbnails[numbers]):
            pairs = pairs._replace(first=numbers[pairs.first], second=numbers[pairs.second])
            for start in range(0, len(pairs.first), _PAIRS):
                batch = _Candidates(*(part[start : start + _PAIRS] for part in pairs))
                waiting.append(pool.submit(_verified, signatures, batch))
            while len(waiting) > _WAITING:
                found += waiting.popleft().result()
            progress(done, len(numbers))
        return sorted([*found, *(copy for batch in waiting for copy in batch.result())])


def stored(
    signatures: Signatures, same: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
) -> list[NearCopy]:
    """Find near copies as `near_copies` does, and store what was found for the next time."""
    files = (__file__, registration.__file__)
    names = dumps([*same]).encode()
    key = {
        "signatures": [store.checksum_of(part.tobytes()) for part in signatures],
        "images": store.checksum_of(names),
        "code": store.checksum_of(b"".join(Path(file).read_bytes() for file in files)),
        "numpy": np.__version__,
    }

    def make(folder: Path) -> dict[str, int]:
        found = near_copies(signatures, same, progress)
        (folder / _FILE).write_text(dumps(found), encoding="utf-8")
        return {"pairs": len(found)}

    entry = store.make_once("near_copies", key, make, verified=True)
    return [NearCopy(*fields) for fields in loads((entry.path / _FILE).read_text(encoding="utf-8"))]


def _worth_comparing(signatures: Signatures, same: Sequence[str]) -> np.ndarray:
    """Return the positions of the images that are no exact copies of earlier ones and that show something."""
    firsts = dict.fromkeys(same)
    firsts.pop("", None)
    for number, name in enumerate(same):
        if name and firsts[name] is None:
            firsts[name] = number  # type: ignore[assignment]
    numbers = np.array([*firsts.values()], np.int64)
    return numbers[[_contrast(signatures.thumbnails[number]) >= _CONTRAST for number in numbers]]


def _contrast(thumbnail: np.ndarray) -> float:
    image = thumbnail[None].astype(np.float32)
    fine, coarse = _BAND
    return float((registration.blurred(image, fine) - registration.blurred(image, coarse)).std())


@cache
def _cosines() -> np.ndarray:
    """Return (_WAVES, SIDE) float32, the first rows of the discrete cosine transform."""
    places = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    return np.cos(np.arange(_WAVES)[:, None] * places).astype(np.float32)


def _spectra(thumbnails: np.ndarray) -> np.ndarray:
    """Return (n, _WAVES, _WAVES) float32: the cosines of the details, of equal length for all images."""
    parts = [
        _cosines() @ registration.details(thumbnails[start : start + _PAIRS], _BAND) @ _cosines().T
        for start in range(0, len(thumbnails), _PAIRS)
    ]
    spectra = np.concatenate(parts)
    spectra[:, 0, 0] = 0
    return spectra / np.sqrt((spectra**2).sum((1, 2), keepdims=True) + 1e-6)


def _oriented(spectra: np.ndarray, orientation: tuple[int, int, int]) -> np.ndarray:
    """Orient images by their cosines: mirroring changes the sign of every second one."""
    transposed, across, down = orientation
    signs = (-1.0) ** np.arange(_WAVES, dtype=np.float32)
    spectra = spectra.transpose(0, 2, 1) if transposed else spectra
    return spectra * (signs if across else 1) * (signs[:, None] if down else 1)


def _candidates(thumbnails: np.ndarray) -> Iterator[tuple[int, _Candidates]]:
    """Yield, for some images at a time, how many are done, and pairs of these with later ones that may be copies."""
    count = len(thumbnails)
    if count < 2:
        return
    spectra = _spectra(thumbnails)
    whiten = _whitening(spectra)
    columns = whiten(spectra)
    rows = max(1, _PRODUCTS // (len(_ORIENTATIONS) * count))
    least = _least(columns)
    for start in range(0, count - 1, rows):
        block = spectra[start : start + rows]
        turned = np.concatenate([whiten(_oriented(block, each)) for each in _ORIENTATIONS])
        yield min(start + rows, count), _best(turned @ columns[start:].T, start, len(block), least)


def _least(spectra: np.ndarray) -> float:
    """Return the likeness that about `_MOST` images exceed that are no copies of an image, `_MAYBE` at least.

    The deviation is that of the middle two thirds, since copies are among the rest.
    """
    step = max(1, len(spectra) // _SAMPLE)
    low, high = np.quantile(spectra[::step] @ spectra.T, (1 / 6, 5 / 6))
    share = min(0.5, _MOST / len(spectra) / len(_ORIENTATIONS))
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
    deviations = np.sqrt(share * variances.clip(0) + (1 - share + _SHRUNK) * variances.mean())
    matrix = (axes / deviations).astype(np.float32)

    def whiten(some: np.ndarray) -> np.ndarray:
        moved = (some.reshape(len(some), -1) - mean) @ matrix
        return np.asarray(moved / np.sqrt((moved**2).sum(1, keepdims=True) + 1e-6))

    return whiten


def _best(likeness: np.ndarray, start: int, rows: int, least: float) -> _Candidates:
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
    return _Candidates(start + row[kept], start + second[kept], which[kept] // rows)


def _verified(signatures: Signatures, pairs: _Candidates) -> list[NearCopy]:
    """Lay the pairs on each other, and return those that are copies."""
    first = np.stack([
        _turned(signatures.thumbnails[number], _ORIENTATIONS[turn])
        for number, turn in zip(pairs.first, pairs.orientation, strict=True)
    ])  # fmt: skip
    second = signatures.thumbnails[pairs.second]
    registered = registration.register(second, first)
    copies = []
    for number in _copies(first, second, registered):
        a, b, likeness = int(pairs.first[number]), int(pairs.second[number]), float(registered.likeness[number])
        turn = _ORIENTATIONS[pairs.orientation[number]]
        copies.append(NearCopy(a, b, min(likeness, 1.0), _change(signatures, a, b, turn, registered.maps[number])))
    return copies


def _turned(image: np.ndarray, orientation: tuple[int, int, int]) -> np.ndarray:
    transposed, across, down = orientation
    image = image.T if transposed else image
    return image[:: -1 if down else 1, :: -1 if across else 1]


def _copies(first: np.ndarray, second: np.ndarray, registered: Registered) -> list[int]:
    """Return which pairs are copies: alike in many details where both are, and that is most of each."""
    scales = np.linalg.svd(registered.maps[:, :, :2], compute_uv=False)
    plausible = (scales.min(1) >= _SCALES[0]) & (scales.max(1) <= _SCALES[1]) & (registered.overlap >= _OVERLAP)
    alike = np.flatnonzero(plausible & (registered.likeness >= LIKE))
    if not len(alike):
        return []
    details = np.minimum(registration.richness(first[alike]), registration.richness(second[alike]))
    normal = np.arctanh(registered.likeness[alike].clip(0, 0.9999))
    return [int(number) for number in alike[(details >= RICH) & (normal * np.sqrt(details) >= SURE)]]


def _change(signatures: Signatures, first: int, second: int, turn: tuple[int, int, int], fit: np.ndarray) -> str:
    """Say what was done to one of two copies."""
    thumbnails, boxes = (part[[first, second]].astype(np.float32) for part in signatures)
    middles = thumbnails[:, SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4]  # whose corners are not those of a tilt
    (darker, lighter), contrasts = np.sort(middles.mean((1, 2))), np.sort(middles.std((1, 2)))
    inside = np.sort((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    moved = np.abs(fit - np.eye(2, 3))
    changes = {
        _WORDS.get(turn, ""): True,
        "padded": inside[0] < (1 - _CHANGED) * inside[1],
        "tilted": max(moved[0, 1], moved[1, 0]) > _CHANGED,
        "cropped": max(moved[0, 0], moved[1, 1], *moved[:, 2]) > _CHANGED,
        "lit otherwise": lighter - darker > _RELIT or contrasts[0] < (1 - 3 * _CHANGED) * contrasts[1],
    }
    return ", ".join(word for word, true in changes.items() if word and true) or "resized or saved again"
