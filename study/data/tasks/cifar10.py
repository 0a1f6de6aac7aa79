"""CIFAR-10: ten classes of things and animals at 32 px, as its own files, as an image folder, or as a drawn stand-in.
Knows nothing of stores or splits.

Source: Krizhevsky 2009, Learning multiple layers of features from tiny images, https://www.cs.toronto.edu/~kriz/cifar.html.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from study.data.layouts import image_folder
from study.data.tasks import _unpickled
from study.data.tasks._drawing import draw
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._scenes import daylight
from study.data.types import Archive, Arrays, Listing, Source
from study.errors import UserError
from study.seeds import stream
from study.storage import regular_files

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
METRIC = "accuracy"
ALSO = ("f1", "precision", "recall")
AUGMENT = {"rotate": 0.0, "scale": 0.1, "shift": 0.125, "brightness": 0.2, "contrast": 0.2, "flip": 1.0}
CROPS = ("whole",)
PLACE = "cifar-10-batches-py"
ARCHIVES = (  # as torchvision.datasets.CIFAR10 has them
    Archive("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", PLACE),
)
_BATCHES = {  # file → its MD5, as torchvision has them
    "train": {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    "test": {"test_batch": "40351d587109b95175f43aff81a1287e"},
}
_OBJECTS = {"train": 75, "test": 40}  # images per class of the stand-in


def read(folder: Path, crop: str) -> Source[Listing] | Source[Arrays]:
    """Read CIFAR-10 in torchvision's layout, or list an image folder with its ten classes.

    Args:
        folder: contains `cifar-10-batches-py`, is that folder, or has `train/<class>/…` and `test/<class>/…`.
        crop: "whole".

    Returns:
        The data set, each image its own group.

    Raises:
        UserError: the folder has neither layout, its files are not CIFAR-10's, or it has other classes.
    """
    for place in (folder, folder / PLACE):
        if (place / "data_batch_1").is_file():
            return _batches(place)
    if not image_folder.is_image_folder(folder):
        wanted = f"neither {PLACE}/data_batch_1 nor train/<class>/… and test/<class>/…"
        raise UserError(f"no CIFAR-10 in {folder}: it has {wanted}")
    classes, splits = image_folder.listing(folder)
    if classes != CLASSES:
        raise UserError(f"{folder} has the classes {', '.join(classes)}; CIFAR-10 has {', '.join(CLASSES)}")
    suffixes = sorted({Path(path).suffix.lower() for listing in splits.values() for path in listing.paths})
    counts = " + ".join(f"{len(listing.paths):,} {split}" for split, listing in splits.items())
    return Source(f"CIFAR-10 as {', '.join(suffixes)} files: {counts} images", CLASSES, splits)


def stand_in(size: int, crop: str) -> Source[Arrays]:
    """Draw ten kinds of objects from parts, each object with its own colours and proportions.

    Args:
        size: side of the images in pixels.
        crop: "whole".

    Returns:
        The stand-in, rendered lazily; each object is its own group.
    """
    splits = {split: _drawn(count, size, split) for split, count in _OBJECTS.items()}
    train, test = (len(arrays.targets) for arrays in splits.values())
    return Source(f"stand-in: ten kinds of drawn objects, {train:,} train + {test:,} test images", CLASSES, splits)


def _drawn(count: int, size: int, split: str) -> Arrays:
    targets = np.repeat(np.arange(len(CLASSES)), count)
    return Arrays(_Objects(count, size, split), targets, np.arange(len(targets)))


class _Objects:
    """The images of a split of the stand-in, drawn again in each pass."""

    def __init__(self, count: int, size: int, split: str) -> None:
        self.plan = count, size, split

    def __iter__(self) -> Iterator[np.ndarray]:
        count, size, split = self.plan
        for name in CLASSES:
            for number in range(count):
                rng = np.random.default_rng(stream(0, "object", split, name, number))
                yield daylight(draw(OBJECTS[name](rng), 384), size, rng)


def _batches(place: Path) -> Source[Arrays]:
    """Read torchvision's files. Only files with a known checksum are unpickled."""
    splits = {}
    for split, files in _BATCHES.items():
        parts = [_unpickled.arrays(_checked(place / name, md5)) for name, md5 in files.items()]
        images = np.concatenate([images for images, _ in parts])
        targets = np.concatenate([targets for _, targets in parts])
        splits[split] = Arrays(images, targets, np.arange(len(targets)))
    counts = " + ".join(f"{len(arrays.targets):,} {split}" for split, arrays in splits.items())
    return Source(f"CIFAR-10: {counts} images", CLASSES, splits)


def _checked(path: Path, md5: str) -> bytes:
    try:
        content = regular_files.content(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise UserError(f"{path} is not CIFAR-10's file (its MD5 is not {md5}); --download fetches it anew")
    return content
