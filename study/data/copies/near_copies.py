"""Finds images that are copies though their pixels differ: resized, saved again, cropped, turned, mirrored, relit.

Only signatures are compared, by their details. A first comparison of a few numbers each, in all orientations, picks
pairs that may be copies. Each of these is then laid on each other. Knows nothing of files, splits or labels.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.copies import likely_pairs, registration
from study.data.copies.likely_pairs import ORIENTATIONS, LikelyPairs
from study.data.copies.registration import Registered
from study.data.copies.signatures import SIDE, Signatures
from study.storage import store

_FILE = "pairs.json"

LIKE = 0.93
"""Correlation of details from which two images may be copies."""
SURE = 6.6
"""What the correlation, made normal by Fisher's transformation, must be times the root of the number of details."""
RICH = 4.0
"""Details of an image at least, see `registration.richness`; chequerboards and stripes have fewer."""
_PAIRS = 64
"""Pairs that are laid on each other at a time."""
_WAITING = 64
"""Batches of pairs that may wait."""
_OVERLAP = 0.4
"""Share of an image, without its borders, that its copy has too."""
_SCALES = (0.55, 1.8)
_CHANGED = 0.05
"""Change of a size or place, as a share of the image's half, that is worth a word."""
_RELIT = 10
"""Of 255. Change of the mean that is worth a word."""
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
        for done, pairs in likely_pairs.likely_pairs(signatures.thumbnails, numbers):
            pairs = pairs._replace(first=numbers[pairs.first], second=numbers[pairs.second])
            for start in range(0, len(pairs.first), _PAIRS):
                batch = LikelyPairs(*(part[start : start + _PAIRS] for part in pairs))
                waiting.append(pool.submit(_verified, signatures, batch))
            while len(waiting) > _WAITING:
                found += waiting.popleft().result()
            progress(done, len(numbers))
        found += [copy for batch in waiting for copy in batch.result()]
    surest = {(pair.first, pair.second): pair for pair in sorted(found, key=lambda pair: pair.likeness)}
    return sorted(surest.values())  # of a symmetric image several orientations fit


def stored(
    signatures: Signatures, same: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
) -> list[NearCopy]:
    """Find near copies as `near_copies` does, and store what was found for the next time."""
    files = (__file__, likely_pairs.__file__, registration.__file__)
    key = {
        "signatures": [store.checksum_of(np.ascontiguousarray(part).data) for part in signatures],  # type: ignore[arg-type]
        "images": store.checksum_of(dumps([*same]).encode()),
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
    return likely_pairs.worth_comparing(signatures.thumbnails, numbers)


def _verified(signatures: Signatures, pairs: LikelyPairs) -> list[NearCopy]:
    """Lay the pairs on each other, and return those that are copies."""
    first = np.stack([
        _turned(signatures.thumbnails[number], ORIENTATIONS[turn])
        for number, turn in zip(pairs.first, pairs.orientation, strict=True)
    ])  # fmt: skip
    second = signatures.thumbnails[pairs.second]
    registered = registration.register(second, first)
    copies = []
    for number in _copies(first, second, registered):
        a, b, likeness = int(pairs.first[number]), int(pairs.second[number]), float(registered.likeness[number])
        turn = ORIENTATIONS[pairs.orientation[number]]
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
