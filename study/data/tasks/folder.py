"""The user's own images: folders of classes, Pascal VOC's layout or a CSV file, inspected before they are used.
Knows nothing of stores.

The task `folder` is to predict one class per image, `folder/several` to predict any number. The data decide between
the two. Images are not mirrored, since classes may depend on the side, as a left turn and a right turn do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from study.data import own_images
from study.data.copies.finding import find, in_two_splits
from study.data.copies.finding import groups as numbered_groups
from study.data.copies.finding import remarks as copy_remarks
from study.data.inspection import Inspection, class_problems, group_problems, image_problems, split_problems
from study.data.layouts import recognition
from study.data.own_images import AS_IT_IS, SourceOptions
from study.data.quality import remarks
from study.data.scan import scan
from study.data.tasks import animals, voc
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.space.config import Config

METRIC = "balanced_accuracy"
"""Equal to accuracy if classes are balanced. If not, accuracy would reward a network that ignores rare classes."""
ALSO = ("accuracy", "f1")
AUGMENT = {"rotate": 10.0, "scale": 0.15, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 0.0}
CROPS = ("centre", "whole")
LABELS_PER_IMAGE = "one"
_SEVERAL = "several"


@dataclass(frozen=True)
class Level:
    """The task of data with one label per image, or with several; the module itself is the former."""

    LABELS_PER_IMAGE: str
    METRIC: str
    ALSO: tuple[str, ...]
    CROPS: tuple[str, ...]
    __file__: str = __file__
    AUGMENT: dict[str, float] = field(default_factory=lambda: dict(AUGMENT))

    def read(self, folder: Path, crop: str, options: SourceOptions = AS_IT_IS) -> Source[Listing]:
        """List a data set's images.

        Args:
            folder: or a CSV file; see `study.data.layouts`.
            crop: "centre" (the largest square in the middle) or "whole" (the whole image, squeezed into a square).
            options: how it is read. Without a pattern, a CSV file's column group names groups, or else each image is
                a group of its own.

        Returns:
            The data set. Copies of an image are in one group, unless they are only noted. If it has no test, a fifth
            of each class's groups is split off as the test.

        Raises:
            UserError: it is no such data set, or it has problems that would make results wrong, with a list of these.
        """
        if (name := choose(folder, options.layout)) != self._name():
            raise UserError(f"{folder} is data for task {name}, not for {self._name()}")
        inspection = inspect(folder, options)
        inspection.refuse()
        dataset = inspection.dataset
        listings = {split: listing._replace(square=crop == "centre") for split, listing in inspection.cut.items()}
        counts = " + ".join(f"{int(number):,} {split}" for split, number in _images(listings).items())
        how = "centre squares" if crop == "centre" else "whole pictures"
        labels = f"{len(dataset.classes)} {'labels' if self.LABELS_PER_IMAGE == _SEVERAL else 'classes'}"
        line = f"{folder.name}: {dataset.layout}, {counts} images, {labels}, {how}"
        return Source(line, dataset.classes, listings)

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Draw a stand-in for the user's images: animals of two kinds, or scenes of several objects."""
        module = voc if self.LABELS_PER_IMAGE == _SEVERAL else animals.at("animal")
        return module.stand_in(size, crop)

    def choose(self, folder: Path, layout: str = Config.layout) -> str:
        """Name the task that fits a data set."""
        return f"folder/{_SEVERAL}" if recognition.several(folder, layout) else "folder"

    def inspect(
        self,
        folder: Path,
        options: SourceOptions = AS_IT_IS,
        size: int = 32,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Inspection:
        """Inspect a data set.

        Args:
            folder: or a CSV file.
            options: as in `read`.
            size: side of the images that networks get, pixels.
            progress: called with the number of images done and the total, during the scan and again for near copies.

        Returns:
            The inspection, which may list problems.

        Raises:
            UserError: it is no data set, or its groups cannot be named.
        """
        dataset = recognition.dataset(folder, options.layout)
        names = own_images.group_names(dataset, options.group_pattern)
        if problems := class_problems(dataset):
            return Inspection(dataset, [], 0, {}, problems, [*remarks(dataset, [], {}, size)])
        looks = scan(dataset.paths, progress)
        found = find(dataset, looks, progress)
        straddling, stops = in_two_splits(dataset, found), options.copies == "stop"
        notes = copy_remarks(dataset, found, {} if stops else straddling)
        seen = Inspection(dataset, looks.facts, 0, {}, {}, notes, found.near, None if names else found.proposal, stops)
        early = seen._replace(remarks=[*notes, *remarks(dataset, looks.facts, {}, size)])
        if problems := image_problems(dataset, looks.facts, names) | (straddling if stops else {}):
            return early._replace(problems=problems)
        groups = numbered_groups(dataset, names, found if stops else None)
        seen, early = (each._replace(groups=len(np.unique(groups))) for each in (seen, early))
        if problems := group_problems(dataset, groups):
            return early._replace(problems=problems)
        listings = own_images.train_and_test(dataset, groups)
        notes += remarks(dataset, looks.facts, listings, size)
        return seen._replace(cut=listings, problems=split_problems(dataset, listings))

    def _name(self) -> str:
        return "folder" if self.LABELS_PER_IMAGE == "one" else f"folder/{_SEVERAL}"


_ONE = Level("one", METRIC, ALSO, CROPS)
read, stand_in, choose, inspect = _ONE.read, _ONE.stand_in, _ONE.choose, _ONE.inspect


def at(path: str) -> Level:
    """Return the task of data with several labels per image.

    Raises:
        UserError: any other level is named.
    """
    if path != _SEVERAL:
        raise UserError(f"unknown task 'folder/{path}'; one of folder, folder/{_SEVERAL}")
    return Level(_SEVERAL, voc.METRIC, voc.ALSO, voc.CROPS)


def _images(listings: dict[str, Listing]) -> dict[str, int]:
    train, test = listings["train"], listings["test"]
    held = 0 if train.held is None else int(train.held.sum())
    counts = {"train": len(train.paths) - held, "val": held, "test": len(test.paths)}
    return {split: count for split, count in counts.items() if count}
