"""A hierarchy of tasks: animals against other images, canines against felines among animals, breeds of canines…
Nested folders, folders with a table of classes, or drawn images. Knows nothing of stores or splits.

`animals` is the task at the root of the hierarchy, `animals/animal` the task one level below, `animals/animal/canines`
the task below that. A level's classes are those directly below it, sorted by name. Sensitivity is that of the first.

Source: the ModNet seed, https://github.com/Linardos/ModNet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from study.data.tasks import _hierarchy
from study.data.tasks._animals_drawn import KINDS
from study.data.tasks._class_table import Place
from study.data.tasks._drawing import draw
from study.data.tasks._scenes import daylight
from study.data.types import Arrays, Listing, Source
from study.seeds import stream

METRIC = "accuracy"
ALSO = ("sensitivity", "specificity")
AUGMENT = {"rotate": 10.0, "scale": 0.15, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 1.0}
CROPS = ("centre", "whole")
_NAME = "animals"
_PER_KIND = {"train": 70, "test": 42}  # images of the stand-in


@dataclass(frozen=True)
class Level:
    """The task at a level of the hierarchy; the module itself is the task at the root."""

    path: Place
    __file__: str = __file__
    METRIC: str = METRIC
    ALSO: tuple[str, ...] = ALSO
    CROPS: tuple[str, ...] = CROPS
    AUGMENT: dict[str, float] = field(default_factory=lambda: dict(AUGMENT))

    def read(self, folder: Path, crop: str) -> Source[Listing]:
        """List the level's images in a hierarchy of folders.

        Args:
            folder: has `train` and `test` in it, see `_hierarchy.trees`.
            crop: "centre" (the largest square in the middle) or "whole" (the whole image, squeezed into a square).

        Returns:
            The data set, each image its own group; an image's group and stratum are equal at all levels.

        Raises:
            UserError: it is no such folder, or has no such level; lists the levels that it has.
        """
        classes, listings = _hierarchy.level(_hierarchy.trees(folder), self.path, _NAME)
        splits = {split: listing._replace(square=crop == "centre") for split, listing in listings.items()}
        counts = " + ".join(f"{len(listing.paths):,} {split}" for split, listing in splits.items())
        how = "centre squares" if crop == "centre" else "whole pictures"
        by_class = " and ".join(_by_class(listing, classes) for listing in splits.values())
        return Source(f"image folders, {self._name()}: {counts} images, {by_class}, {how}", classes, splits)

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Draw animals and other things, each with its own colours and proportions.

        Args:
            size: side of the images in pixels.
            crop: either; the images are square.

        Returns:
            The stand-in, rendered lazily; each image is its own group.

        Raises:
            UserError: it has no such level; lists the levels that it has.
        """
        trees = {
            split: {place: _drawn(place, count, size, split) for place in KINDS} for split, count in _PER_KIND.items()
        }
        classes, splits = _hierarchy.level(trees, self.path, _NAME)
        train, test = (len(arrays.targets) for arrays in splits.values())
        line = f"stand-in: drawn animals and other things, {self._name()}: {train:,} train + {test:,} test images"
        return Source(line, classes, splits)

    def _name(self) -> str:
        return "/".join((_NAME, *self.path))


def at(path: str) -> Level:
    """Return the task at a level, such as "animal/canines"; whether the level exists depends on the data."""
    return Level(tuple(path.split("/")))


read, stand_in = Level(()).read, Level(()).stand_in


def _by_class(listing: Listing, classes: tuple[str, ...]) -> str:
    counts = np.bincount(listing.targets)
    return " + ".join(f"{count:,} {name}" for name, count in zip(classes, counts, strict=True))


def _drawn(place: Place, count: int, size: int, split: str) -> Arrays:
    return Arrays(_Pictures(place, count, size, split), np.zeros(count, np.int64), np.arange(count))


class _Pictures:
    """Images of one kind, drawn again in each pass."""

    def __init__(self, place: Place, count: int, size: int, split: str) -> None:
        self.plan = place, count, size, split

    def __iter__(self) -> Iterator[np.ndarray]:
        place, count, size, split = self.plan
        for number in range(count):
            rng = np.random.default_rng(stream(0, "animals", split, *place, number))
            yield daylight(draw(KINDS[place](rng), 384), size, rng)
