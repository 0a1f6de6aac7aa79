"""Images of one's own: folders of classes, Pascal VOC's layout or a CSV file, looked at before they are used.
Knows nothing of stores, or of how one or several labels are trained.

`folder` is the task of telling one class an image, `folder/several` that of telling any number; the data say which of
the two they are. Images are not mirrored: it is not known what classes mean, and a turn left is no turn right.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from study.data import own_images
from study.data.inspection import Inspection, wrong_classes, wrong_cut, wrong_groups, wrong_images
from study.data.quality import remarks
from study.data.scan import look
from study.data.tasks import _own_layouts, animals, voc
from study.data.types import Arrays, Listing, Source
from study.errors import UserError

METRIC = "balanced_accuracy"
"""Selects: where classes are even it is accuracy, and where they are not accuracy rewards to forget the rare ones."""
ALSO = ("accuracy", "f1")
AUGMENT = {"rotate": 10.0, "scale": 0.15, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 0.0}
CROPS = ("centre", "whole")
LABELS_PER_IMAGE = "one"
_SEVERAL = "several"


@dataclass(frozen=True)
class Level:
    """The task of data with one label an image, or with several; the module itself is the first."""

    LABELS_PER_IMAGE: str
    METRIC: str
    ALSO: tuple[str, ...]
    CROPS: tuple[str, ...]
    __file__: str = __file__
    AUGMENT: dict[str, float] = field(default_factory=lambda: dict(AUGMENT))

    def read(self, folder: Path, crop: str, group_pattern: str | None = None) -> Source[Listing]:
        """List a data set's images.

        Args:
            folder: or a CSV file; see `_own_layouts`.
            crop: "centre" (the largest square in the middle) or "whole" (the whole picture, squeezed into a square).
            group_pattern: see `Config`; None: the CSV file's column group, else each image is a group.

        Returns:
            What was found; copies of an image are in one group. Without a test a fifth of each class's groups is it.

        Raises:
            UserError: it is no such data set, or something in it would make results wrong, with a list of that.
        """
        if (name := choose(folder)) != self._name():
            raise UserError(f"{folder} is data for task {name}, not for {self._name()}")
        seen = inspect(folder, group_pattern)
        seen.refuse()
        kept = {split: each._replace(square=crop == "centre") for split, each in seen.cut.items()}
        counts = " + ".join(f"{int(number):,} {split}" for split, number in _images(seen).items())
        how = "centre squares" if crop == "centre" else "whole pictures"
        about = f"{len(seen.found.classes)} {'labels' if self.LABELS_PER_IMAGE == _SEVERAL else 'classes'}, {how}"
        return Source(f"{folder.name}: {seen.found.layout}, {counts} images, {about}", seen.found.classes, kept)

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Draw what stands in for one's own images: animals of two kinds, or scenes of several objects."""
        module = voc if self.LABELS_PER_IMAGE == _SEVERAL else animals.at("animal")
        return module.stand_in(size, crop)

    def choose(self, folder: Path) -> str:
        """Name the task that a data set is for."""
        return f"folder/{_SEVERAL}" if _own_layouts.several(folder) else "folder"

    def inspect(
        self,
        folder: Path,
        group_pattern: str | None = None,
        size: int = 32,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Inspection:
        """Look at a data set.

        Args:
            folder: or a CSV file.
            group_pattern: as of `read`.
            size: side of the images that networks get, pixels.
            progress: called with the images looked at and the images in all.

        Returns:
            What was seen; something may be wrong with it.

        Raises:
            UserError: it is no data set, or its groups cannot be told.
        """
        found = _own_layouts.found(folder)
        names = own_images.group_names(found, group_pattern)
        if wrong := wrong_classes(found):
            return Inspection(found, [], 0, {}, wrong, [])
        looks = look(found.paths, progress)
        if wrong := wrong_images(found, looks, names):
            return Inspection(found, looks, 0, {}, wrong, [])
        groups = own_images.united(names or found.paths, [each.same for each in looks])
        if wrong := wrong_groups(found, groups):
            return Inspection(found, looks, len(np.unique(groups)), {}, wrong, [])
        cut = own_images.cut(found, groups)
        wrong, said = wrong_cut(found, cut), [*remarks(found, looks, cut, size)]
        return Inspection(found, looks, len(np.unique(groups)), cut, wrong, said)

    def _name(self) -> str:
        return "folder" if self.LABELS_PER_IMAGE == "one" else f"folder/{_SEVERAL}"


_ONE = Level("one", METRIC, ALSO, CROPS)
read, stand_in, choose, inspect = _ONE.read, _ONE.stand_in, _ONE.choose, _ONE.inspect


def at(path: str) -> Level:
    """Give the task of data with several labels an image.

    Raises:
        UserError: there is no other level than this one.
    """
    if path != _SEVERAL:
        raise UserError(f"unknown task 'folder/{path}'; one of folder, folder/{_SEVERAL}")
    return Level(_SEVERAL, voc.METRIC, voc.ALSO, voc.CROPS)


def _images(seen: Inspection) -> dict[str, int]:
    train, test = seen.cut["train"], seen.cut["test"]
    held = 0 if train.held is None else int(train.held.sum())
    counts = {"train": len(train.paths) - held, "val": held, "test": len(test.paths)}
    return {split: count for split, count in counts.items() if count}
