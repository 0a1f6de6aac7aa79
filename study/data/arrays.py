"""Writes a data set's images and targets as arrays, one image at a time, so that it need not fit in memory.
Knows nothing of image files or of how the arrays are split later."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np

from study.data.types import Arrays, Source

_STEP = 256  # images between reports of progress


class ArraysMeta(TypedDict):
    """What the store has on a data set besides its arrays."""

    source: str
    """Line that names the images."""
    classes: list[str]
    counts: dict[str, int]
    """Split → number of images."""
    notes: NotRequired[list[str]]
    """What is odd about the files of real images."""


def write(source: Callable[[], Source[Arrays]], progress: Callable[[int, int], None], folder: Path) -> ArraysMeta:
    """Write the arrays of all splits to a folder.

    Args:
        source: returns the data set.
        progress: called with the number of images done and the total.
        folder: gets `<split>-images.npy`, `-targets.npy`, `-groups.npy` and, if the data have them, `-strata.npy` and
            `-held.npy`. Each split has files of its own, since the test may be sealed.

    Returns:
        The source's line, its classes and the number of images in each split, as metadata of the folder.
    """
    line, classes, arrays = source()
    counts = {name: len(split.targets) for name, split in arrays.items()}
    done = 0
    for name, split in arrays.items():
        np.save(folder / f"{name}-targets.npy", split.targets.astype(np.int64))
        np.save(folder / f"{name}-groups.npy", split.groups.astype(np.int64))
        for part, marks in (("strata", split.strata), ("held", split.held)):
            if marks is not None:
                np.save(folder / f"{name}-{part}.npy", marks.astype(np.int64))
        images = _with_progress(split.images, done, sum(counts.values()), progress)
        _save_images(folder / f"{name}-images.npy", images, counts[name])
        done += counts[name]
    return {"source": line, "classes": list(classes), "counts": counts}


def _save_images(file: Path, images: Iterator[np.ndarray], count: int) -> None:
    """Write one image at a time. A full disk is then an error here; with a mapped file it would be a bus error."""
    with file.open("wb") as opened:
        for number, image in enumerate(images):
            if number == 0:
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, *image.shape)}
                np.lib.format.write_array_header_1_0(opened, header)
            opened.write(image.tobytes())


def _with_progress(
    images: Iterable[np.ndarray], first: int, total: int, progress: Callable[[int, int], None]
) -> Iterator[np.ndarray]:
    for done, image in enumerate(images, first + 1):
        yield image
        if done % _STEP == 0 or done == total:
            progress(done, total)
