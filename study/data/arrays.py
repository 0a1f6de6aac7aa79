"""Writes a data set's images and targets as arrays, one image after the other, so that it need not fit in memory.
Knows nothing of files of images, splits or which data set it is."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from study.data.types import Arrays, Source

_STEP = 256  # images from one report of progress to the next


def write(source: Callable[[], Source[Arrays]], progress: Callable[[int, int], None], folder: Path) -> dict[str, Any]:
    """Write the arrays of all splits to a folder.

    Args:
        source: gives the data set.
        progress: called with the images done and the images in all.
        folder: gets `<split>-images.npy`, `-targets.npy`, `-groups.npy` and, of data that have them, `-strata.npy` and
            `-held.npy`: a sealed test needs files of its own.

    Returns:
        The source's line and classes and the number of images in each split, to be remembered.
    """
    line, classes, arrays = source()
    counts = {name: len(split.targets) for name, split in arrays.items()}
    before = 0
    for name, split in arrays.items():
        np.save(folder / f"{name}-targets.npy", split.targets.astype(np.int64))
        np.save(folder / f"{name}-groups.npy", split.groups.astype(np.int64))
        for part, marks in (("strata", split.strata), ("held", split.held)):
            if marks is not None:
                np.save(folder / f"{name}-{part}.npy", marks.astype(np.int64))
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
