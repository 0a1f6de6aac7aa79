"""Scans image files once, each as a whole: can it be read, how large is it, and by what are its copies known?
Knows nothing of classes or splits.

Results are stored some files at a time. Where a run of files ends depends on their names alone, so that a file that is
changed, added or removed has only its own run scanned again, and a scan that is ended early is resumed.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL

from study.data import images, pixels
from study.data.copies import signatures
from study.data.copies.signatures import SIDE, Signature, Signatures
from study.storage import store

_FACTS, _THUMBNAILS, _BOXES = "facts.json", "thumbnails.npy", "boxes.npy"
_STEP = 64  # images between reports of progress
_RUN, _LONGEST = 512, 2048
"""Files that are stored together, in the mean and at most."""
_NO_SIGNATURE = Signature(np.zeros((SIDE, SIDE), np.uint8), np.zeros(4, np.float32))


class ImageFacts(NamedTuple):
    """What an image looks like, as far as a scan of its file can tell."""

    same: str
    """Equal for images of equal pixels, whatever the files' formats; empty if the file cannot be read."""
    width: int
    """Pixels, as a person sees the image; likewise the height."""
    height: int
    spread: int
    """Difference between the darkest and the brightest value of any channel, of 255."""
    problem: str
    """Why the file cannot be read; empty if it can."""
    notes: Sequence[str] = ()
    """What is odd about the file."""


class Scan(NamedTuple):
    """What is known of some files, in their order."""

    facts: list[ImageFacts]
    signatures: Signatures


def scan(paths: list[str], progress: Callable[[int, int], None]) -> Scan:
    """Scan files. The results are stored and reused for files that do not change.

    Args:
        paths: of the files, at least one.
        progress: called with the number of images done and the total.
    """
    code = store.checksum_of(
        b"".join(Path(file).read_bytes() for file in (*images.FILES, signatures.__file__, __file__))
    )
    parts: list[Scan] = []
    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and hashing release the interpreter's lock
        for run in _runs(paths):
            parts.append(_stored(run, code, pool, partial(_report, progress, done, len(paths))))
            done += len(run)
            progress(done, len(paths))
    return _joined(parts)


def _report(progress: Callable[[int, int], None], before: int, total: int, count: int) -> None:
    progress(before + count, total)


def _runs(paths: list[str]) -> Iterator[list[str]]:
    """Cut a list after about one of `_RUN` names, which their hashes choose."""
    start = 0
    for number, path in enumerate(paths, 1):
        chosen = int.from_bytes(blake2b(os.fsencode(path), digest_size=4).digest(), "big") % _RUN == 0
        if chosen or number == len(paths) or number - start == _LONGEST:
            yield paths[start:number]
            start = number


def _stored(paths: list[str], code: str, pool: ThreadPoolExecutor, progress: Callable[[int], None]) -> Scan:
    """Read what is stored of some files, or scan them first. What could not be read is always scanned again."""
    stamps = store.checksum_of(dumps([(path, images.stamp(path)) for path in paths]).encode())
    key = {"files": stamps, "code": code, "pillow": PIL.__version__}

    def make(folder: Path) -> dict[str, int]:
        _write(_scan_all(paths, pool, progress), folder)
        return {"images": len(paths)}

    known = _read(store.make_once("looks", key, make, verified=True).path)
    again = [number for number, image in enumerate(known.facts) if image.problem]
    if not again:  # granting the right to read a file later changes neither its size nor its time
        return known
    facts, thumbnails, boxes = [*known.facts], known.signatures.thumbnails.copy(), known.signatures.boxes.copy()
    for number, (image, found) in zip(again, map(_scan, (paths[number] for number in again)), strict=True):
        facts[number], thumbnails[number], boxes[number] = image, found.thumbnail, found.box
    return Scan(facts, Signatures(thumbnails, boxes))


def _write(scan: Scan, folder: Path) -> None:
    (folder / _FACTS).write_text(dumps(scan.facts), encoding="utf-8")
    np.save(folder / _THUMBNAILS, scan.signatures.thumbnails)
    np.save(folder / _BOXES, scan.signatures.boxes)


def _read(folder: Path) -> Scan:
    facts = [ImageFacts(*fields) for fields in loads((folder / _FACTS).read_text(encoding="utf-8"))]
    thumbnails = np.load(folder / _THUMBNAILS, mmap_mode="r")
    return Scan(facts, Signatures(thumbnails, np.load(folder / _BOXES)))


def _joined(parts: list[Scan]) -> Scan:
    facts = [image for part in parts for image in part.facts]
    thumbnails = np.concatenate([part.signatures.thumbnails for part in parts])
    return Scan(facts, Signatures(thumbnails, np.concatenate([part.signatures.boxes for part in parts])))


def _scan_all(paths: list[str], pool: ThreadPoolExecutor, progress: Callable[[int], None]) -> Scan:
    facts: list[ImageFacts] = []
    found: list[Signature] = []
    waiting = pool.map(_scan, paths)
    try:
        for image, signature in waiting:
            facts.append(image)
            found.append(signature)
            if len(facts) % _STEP == 0:
                progress(len(facts))
    finally:
        waiting.close()  # type: ignore[attr-defined]  # cancels what has not begun
    return Scan(facts, signatures.stacked(found))


def _scan(path: str) -> tuple[ImageFacts, Signature]:
    try:
        with images.picture(path) as picture:
            low, high = zip(*picture.image.getextrema(), strict=True)
            spread = int(max(high)) - int(min(low))  # type: ignore[type-var]
            facts = ImageFacts(_digest(picture), picture.width, picture.height, spread, "", picture.notes)
            return facts, signatures.signature(picture.image)
    except images.Unreadable as error:
        return ImageFacts("", 0, 0, 0, str(error).removeprefix(f"{path}: ")), _NO_SIGNATURE


def _digest(picture: images.Picture) -> str:
    """Hash the pixels in bands of rows. The bytes of a whole image would take as much memory as the image."""
    digest = blake2b(f"{picture.width} {picture.height} ".encode(), digest_size=16)
    for _, band in pixels.bands(picture.image):
        digest.update(band.tobytes())
    return digest.hexdigest()
