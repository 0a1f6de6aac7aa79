"""Mends a data set: leaves out or groups what would make results wrong, and gives a reason for each change.

Of two splits the one that scores rest on less yields: training to validation, both to the test. Knows nothing of files.
"""

import os
from collections import Counter
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from study.data import own_images
from study.data.copies.near_copies import NearCopy
from study.data.inspection import Inspection, Problems
from study.data.mending import joined_groups
from study.data.mending.ties import OTHER_LABEL, STRADDLING, UNREADABLE, UNWRITABLE, Reason, Ties, by_pixels, copy_among
from study.data.own_images import OwnDataset, Part
from study.text import encodes

LEFT_OUT, GROUPED = "left out", "grouped"
_ORDER = ("test", "val", "train")


class Change(NamedTuple):
    """What is otherwise for an image."""

    image: int
    """Position among `OwnDataset.paths`."""
    change: str
    """`LEFT_OUT` or `GROUPED`."""
    reason: Reason


class Mended(NamedTuple):
    """What is left of a data set, and what was changed."""

    dataset: OwnDataset
    """Its classes are those that have an image."""
    changes: list[Change]
    """By image."""
    lost: Problems
    """The splits and classes that have no image any more."""


def mend(seen: Inspection, tied: Ties) -> Mended:
    """Mend a data set.

    Unreadable files are left out. Copies and groups in two splits leave training, or validation if the other is the
    test. Equal images with different labels leave their split. Copies within a split become one group.

    Args:
        seen: the data set's inspection, in which each image has been looked at.
        tied: its ties.
    """
    left = _unusable(seen)
    left |= _yielding(tied, left)
    images = [image for image in range(len(tied.paths)) if image not in left]
    groups = joined_groups.names(tied, images)
    changes = [Change(image, LEFT_OUT, reason) for image, reason in left.items()]
    changes += [Change(image, GROUPED, why) for image, why in joined_groups.reasons(tied, images, groups).items()]
    dataset = _dataset(seen.dataset, images, groups)
    return Mended(dataset, sorted(changes), _lost(seen.dataset, dataset))


def _unusable(seen: Inspection) -> dict[int, Reason]:
    """Give the images that no study can read from a list, with the reason."""
    reasons = {}
    for image, (path, facts) in enumerate(zip(seen.dataset.paths, seen.looks, strict=True)):
        if facts.problem:
            reasons[image] = Reason(UNREADABLE, f"cannot be read: {facts.problem}")
        elif not encodes(path):
            reasons[image] = Reason(UNWRITABLE, "has a name that is not UTF-8, as a CSV file must be")
    return reasons


def _yielding(tied: Ties, unusable: Container[int]) -> dict[int, Reason]:
    """Give the images that leave their split, with the reason."""
    left: dict[int, Reason] = {}
    pixels: dict[str, int] = {}  # of the splits that have been gone through, as their groups
    groups: dict[str, int] = {}
    for name in _ORDER:
        images = [image for image, own in enumerate(tied.split) if own == name and image not in unusable]
        reasons = {image: reason for image in images if (reason := _tied_to(tied, image, pixels, groups))}
        reasons |= _contradictory(tied, [image for image in images if image not in reasons])
        left |= reasons
        for image in (image for image in images if image not in reasons):
            pixels.setdefault(tied.pixels[image], image)
            if tied.groups:
                groups.setdefault(tied.groups[image], image)
    return left


def _tied_to(tied: Ties, image: int, pixels: dict[str, int], groups: dict[str, int]) -> Reason | None:
    """Give the reason why an image cannot stay beside those of other splits; None if it can."""
    if (copy := copy_among(tied, image, pixels)) is not None:
        other, reason = copy
        return reason._replace(text=f"{reason.text}, which is in {tied.split[other]}")
    if tied.groups and (name := tied.groups[image]) in groups:
        other = groups[name]
        return Reason(STRADDLING, f"is in group {name}, as {tied.paths[other]}, which is in {tied.split[other]}")
    return None


def _contradictory(tied: Ties, images: Sequence[int]) -> dict[int, Reason]:
    """Give the images of a split that are equal to one with another label, with the reason."""
    reasons = {}
    for equal in by_pixels(tied, images).values():
        for image in equal:
            if others := [other for other in equal if tied.labels[other] != tied.labels[image]]:
                reasons[image] = Reason(OTHER_LABEL, f"is a copy of {tied.paths[others[0]]}, which has another label")
    return reasons


def _dataset(data: OwnDataset, images: Sequence[int], groups: Sequence[str]) -> OwnDataset:
    """Give a data set of some images, with the classes that they have."""
    targets, split, paths = data.targets[[*images]], np.array(data.split)[[*images]], data.paths
    present = np.flatnonzero(own_images.class_counts(targets, data.classes))
    parts = {}
    for name in own_images.SPLITS:
        rows = np.flatnonzero(split == name).tolist()
        if rows or (name == "train" and not images):
            own = targets[rows]
            own = own[:, present] if own.ndim == 2 else np.searchsorted(present, own)
            parts[name] = Part([paths[images[row]] for row in rows], own, [groups[row] for row in rows])
    return data._replace(classes=tuple(data.classes[label] for label in present), splits=parts, passed=Counter())


def _lost(before: OwnDataset, after: OwnDataset) -> Problems:
    """List the splits that have no image, and the classes that have none any more."""
    splits = [name for name in before.splits if name not in after.splits]
    counts = own_images.class_counts(before.targets, before.classes)
    classes = [name for name, count in zip(before.classes, counts, strict=True) if count and name not in after.classes]
    problems = {"splits have no image": splits, "classes have no image left": classes}
    return {problem: examples for problem, examples in problems.items() if examples}


def missed(seen: Inspection, again: Inspection) -> list[NearCopy]:
    """Give the near copies in two splits that were found only once others were gone.

    Args:
        seen: the data set's inspection.
        again: of what mending left of it.

    Returns:
        The pairs, by their positions in the data set itself.
    """
    place = {os.path.abspath(path): image for image, path in enumerate(seen.dataset.paths)}
    images, split = [place[os.path.abspath(path)] for path in again.dataset.paths], again.dataset.split
    pairs = []
    for pair in again.near:
        if split[pair.first] != split[pair.second]:
            first, second = sorted((images[pair.first], images[pair.second]))
            pairs.append(pair._replace(first=first, second=second))
    return pairs
