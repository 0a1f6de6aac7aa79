"""Looks at image files once, all of each: can it be read, how large is it, which other one is it equal to?
Knows nothing of classes or splits."""

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from json import dumps, loads
from pathlib import Path
from typing import Any, NamedTuple

import PIL

from study.data import images, pixels
from study.storage import store

_FILE = "looks.json"
_STEP = 64  # images from one report of progress to the next


class ImageFacts(NamedTuple):
    """What was seen of a file."""

    same: str
    """Equal for images of equal pixels, whatever the files' formats; empty where the file cannot be read."""
    width: int
    """Pixels, as a person sees the image; so is the height."""
    height: int
    spread: int
    """Between the darkest and the brightest value of any channel, of 255."""
    problem: str
    """Why it cannot be read, else empty."""
    notes: Sequence[str] = ()
    """What is odd about it."""


def look(paths: list[str], progress: Callable[[int, int], None]) -> list[ImageFacts]:
    """Look at files; what was seen is kept in the store until one of them changes, if all can be read.

    Args:
        paths: of the files.
        progress: called with the images done and the images in all.
    """
    code = store.checksum_of(b"".join(Path(file).read_bytes() for file in (*images.FILES, __file__)))
    key = {
        "files": store.checksum_of(dumps([(path, images.stamp(path)) for path in paths]).encode()),
        "code": code,
        "pillow": PIL.__version__,
    }

    def make(folder: Path) -> dict[str, Any]:
        (folder / _FILE).write_text(dumps(_all(paths, progress)), encoding="utf-8")
        return {"images": len(paths)}

    entry = store.make_once("looks", key, make, verified=True)
    found = [ImageFacts(*each) for each in loads((entry.path / _FILE).read_text(encoding="utf-8"))]
    if any(each.problem for each in found):
        shutil.rmtree(entry.path)  # a right to read that is given later changes neither size nor time
    return found


def _all(paths: list[str], progress: Callable[[int, int], None]) -> list[ImageFacts]:
    found: list[ImageFacts] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoding and hashing leave the interpreter's lock
        try:
            for each in pool.map(_look, paths):
                found.append(each)
                if len(found) % _STEP == 0 or len(found) == len(paths):
                    progress(len(found), len(paths))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _look(path: str) -> ImageFacts:
    try:
        with images.picture(path) as seen:
            low, high = zip(*seen.image.getextrema(), strict=True)
            spread = int(max(high)) - int(min(low))  # type: ignore[type-var]
            return ImageFacts(_digest(seen), seen.width, seen.height, spread, "", seen.notes)
    except images.Unreadable as error:
        return ImageFacts("", 0, 0, 0, str(error).removeprefix(f"{path}: "))


def _digest(seen: images.Picture) -> str:
    """Hash the pixels some rows at a time: bytes of a large picture at once would take as much memory as it."""
    digest = blake2b(f"{seen.width} {seen.height} ".encode(), digest_size=16)
    for _, band in pixels.bands(seen.image):
        digest.update(band.tobytes())
    return digest.hexdigest()
