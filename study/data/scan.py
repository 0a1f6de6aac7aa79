"""Scans image files once, each as a whole: can it be read, how large is it, and which images are equal?
Knows nothing of classes or splits."""

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from json import dumps, loads
from pathlib import Path
from typing import NamedTuple

import PIL

from study.data import images, pixels
from study.storage import store

_FILE = "looks.json"
_STEP = 64  # images between reports of progress


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


def scan(paths: list[str], progress: Callable[[int, int], None]) -> list[ImageFacts]:
    """Scan files. If all can be read, the result is stored and reused until one of the files changes.

    Args:
        paths: of the files.
        progress: called with the number of images done and the total.
    """
    code = store.checksum_of(b"".join(Path(file).read_bytes() for file in (*images.FILES, __file__)))
    key = {
        "files": store.checksum_of(dumps([(path, images.stamp(path)) for path in paths]).encode()),
        "code": code,
        "pillow": PIL.__version__,
    }

    def make(folder: Path) -> dict[str, int]:
        (folder / _FILE).write_text(dumps(_scan_all(paths, progress)), encoding="utf-8")
        return {"images": len(paths)}

    entry = store.make_once("looks", key, make, verified=True)
    facts = [ImageFacts(*fields) for fields in loads((entry.path / _FILE).read_text(encoding="utf-8"))]
    if any(image.problem for image in facts):
        shutil.rmtree(entry.path)  # granting the right to read a file later changes neither its size nor its time
    return facts


def _scan_all(paths: list[str], progress: Callable[[int, int], None]) -> list[ImageFacts]:
    facts: list[ImageFacts] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and hashing release the interpreter's lock
        try:
            for image in pool.map(_scan, paths):
                facts.append(image)
                if len(facts) % _STEP == 0 or len(facts) == len(paths):
                    progress(len(facts), len(paths))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return facts


def _scan(path: str) -> ImageFacts:
    try:
        with images.picture(path) as picture:
            low, high = zip(*picture.image.getextrema(), strict=True)
            spread = int(max(high)) - int(min(low))  # type: ignore[type-var]
            return ImageFacts(_digest(picture), picture.width, picture.height, spread, "", picture.notes)
    except images.Unreadable as error:
        return ImageFacts("", 0, 0, 0, str(error).removeprefix(f"{path}: "))


def _digest(picture: images.Picture) -> str:
    """Hash the pixels in bands of rows. The bytes of a whole image would take as much memory as the image."""
    digest = blake2b(f"{picture.width} {picture.height} ".encode(), digest_size=16)
    for _, band in pixels.bands(picture.image):
        digest.update(band.tobytes())
    return digest.hexdigest()
