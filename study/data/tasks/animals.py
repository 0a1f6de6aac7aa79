"""A hierarchy of tasks: animals against other pictures, canines against felines among animals, breeds of canines…
Any folders in folders, folders with a table of classes, or drawn pictures. Knows nothing of stores, splits or training.

`animals` is the task at the root of the hierarchy, `animals/animal` the one a level below, `animals/animal/canines` the
one below that. A level's classes are those directly below it, sorted by name; sensitivity is that of the first.

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
_EACH = {"train": 70, "test": 42}  # of the stand-in: pictures a kind


@dataclass(frozen=True)
class Level:
    """The task at a level of the hierarchy; the module itself is the one at the root."""

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
            crop: "centre" (the largest square in the middle) or "whole" (the whole picture, squeezed into a square).

        Returns:
            What was found, each image a group of its own; its number and its stratum are the same at all levels.

        Raises:
            UserError: it is no such folder, or has no such level; names those that it has.
        """
        classes, found = _hierarchy.level(_hierarchy.trees(folder), self.path, _NAME)
        kept = {split: each._replace(square=crop == "centre") for split, each in found.items()}
        counts = " + ".join(f"{len(each.paths):,} {split}" for split, each in kept.items())
        how = "centre squares" if crop == "centre" else "whole pictures"
        told = " and ".join(_by_class(each, classes) for each in kept.values())
        return Source(f"image folders, {self._name()}: {counts} images, {told}, {how}", classes, kept)

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Draw animals and other things, each in colours and proportions of its own.

        Args:
            size: side of the images in pixels.
            crop: either; the pictures are square.

        Returns:
            The stand-in, rendered as it is asked for; each picture is a group.

        Raises:
            UserError: it has no such level; names those that it has.
        """
        trees = {split: {place: _drawn(place, count, size, split) for place in KINDS} for split, count in _EACH.items()}
        classes, found = _hierarchy.level(trees, self.path, _NAME)
        train, test = (len(each.targets) for each in found.values())
        line = f"stand-in: drawn animals and other things, {self._name()}: {train:,} train + {test:,} test images"
        return Source(line, classes, found)

    def _name(self) -> str:
        return "/".join((_NAME, *self.path))


def at(path: str) -> Level:
    """Give the task at a level, such as "animal/canines"; whether there is one is up to the data."""
    return Level(tuple(path.split("/")))


read, stand_in = Level(()).read, Level(()).stand_in


def _by_class(found: Listing, classes: tuple[str, ...]) -> str:
    counts = np.bincount(found.targets)
    return " + ".join(f"{count:,} {name}" for name, count in zip(classes, counts, strict=True))


def _drawn(place: Place, count: int, size: int, split: str) -> Arrays:
    return Arrays(_Pictures(place, count, size, split), np.zeros(count, np.int64), np.arange(count))


class _Pictures:
    """Pictures of one kind, drawn anew at each pass."""

    def __init__(self, place: Place, count: int, size: int, split: str) -> None:
        self.plan = place, count, size, split

    def __iter__(self) -> Iterator[np.ndarray]:
        place, count, size, split = self.plan
        for number in range(count):
            rng = np.random.default_rng(stream(0, "animals", split, *place, number))
            yield daylight(draw(KINDS[place](rng), 384), size, rng)
