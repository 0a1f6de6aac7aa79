"""Decodes image files and writes images as arrays, one after the other, so that a data set need not fit in memory.
Knows nothing of stores, splits or which data set it is."""

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from study import tasks
from study.tasks import Arrays, Listing, Source

_STEP = 256  # images from one report of progress to the next


def write(source: Callable[[], Source[Arrays]], progress: Callable[[int, int], None], folder: Path) -> dict[str, Any]:
    """Write the arrays of all splits to a folder.

    Args:
        source: gives the data set.
        progress: called with the images done and the images in all.
        folder: gets `<split>-images.npy`, `-targets.npy`, `-groups.npy` and, of data that have them, `-strata.npy`: a
            sealed test needs files of its own.

    Returns:
        The source's line and classes and the number of images in each split, to be remembered.
    """
    line, classes, arrays = source()
    counts = {name: len(split.targets) for name, split in arrays.items()}
    before = 0
    for name, split in arrays.items():
        np.save(folder / f"{name}-targets.npy", split.targets.astype(np.int64))
        np.save(folder / f"{name}-groups.npy", split.groups.astype(np.int64))
        if split.strata is not None:
            np.save(folder / f"{name}-strata.npy", split.strata.astype(np.int64))
        images = _counted(split.images, before, sum(counts.values()), progress)
        _save_images(folder / f"{name}-images.npy", images, counts[name])
        before += counts[name]
    return {"source": line, "classes": list(classes), "counts": counts}


def _save_images(file: Path, images: Iterator[np.ndarray], count: int) -> None:
    """Write one image after the other: a full disk is then an error here, where a mapped file would be a bus error."""
    with file.open("wb") as opened:
        for number, image in enumerate(images):
            if number == 0:
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, *image.shape)}
                np.lib.format.write_array_header_1_0(opened, header)
            opened.write(image.tobytes())


def _counted(
    images: Iterable[np.ndarray], before: int, total: int, progress: Callable[[int, int], None]
) -> Iterator[np.ndarray]:
    for done, image in enumerate(images, before + 1):
        yield image
        if done % _STEP == 0 or done == total:
            progress(done, total)


def decoded(found: Source[Listing] | Source[Arrays], size: int) -> Source[Arrays]:
    """Turn listings into arrays whose images are decoded as they are asked for; resize images that are there."""
    splits = {}
    for name, each in found.splits.items():
        images = _resized(each.images, size) if isinstance(each, Arrays) else _decode_all(each, size)
        splits[name] = Arrays(images, each.targets, each.groups, each.strata)
    return Source(found.line, found.classes, splits)


def _resized(images: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    for image in images:
        whole = Image.fromarray(image)
        yield image if whole.size == (size, size) else np.asarray(whole.resize((size, size), Image.Resampling.BICUBIC))


def _decode_all(listing: Listing, size: int) -> Iterator[np.ndarray]:
    """Decode in order, on one core: two threads were slower on GTSRB's small pictures (5,100 a second, not 11,400).

    Raises:
        UserError: at the end, with a list of all images that PIL refused.
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
    """Cut out the box, or the square in its middle, and resize it; returns what is wrong where PIL refuses."""
    try:
        with Image.open(path) as image:
            wide, high = image.size
            left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
            cut = (left * wide, top * high, right * wide, bottom * high)
            cut = _middle(*cut) if square else cut
            return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC, cut))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{path}: {error}"


def _middle(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    """Return the largest square in the middle of a box, in pixels; rounding must not carry it out of the picture."""
    across, down, half = (left + right) / 2, (top + bottom) / 2, min(right - left, bottom - top) / 2
    return max(across - half, left), max(down - half, top), min(across + half, right), min(down + half, bottom)
