"""What ties the images of a data set together: equal pixels, near copies, groups. Knows nothing of what follows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from study.data.inspection import Inspection


class Reason(NamedTuple):
    """Why something is changed for an image."""

    cause: str
    """One of the words below, which follow a number."""
    text: str
    """For people; it follows the image's name."""


UNREADABLE, UNWRITABLE = "unreadable", "not called in UTF-8"
COPY, NEAR_COPY, OTHER_LABEL = "copies", "near copies", "copies with other labels"
STRADDLING, PATTERN = "of groups in two splits", "by group_pattern"


class Ties(NamedTuple):
    """What ties images together; each list has an entry an image, in the order of `OwnDataset.paths`."""

    paths: list[str]
    """For people."""
    split: list[str]
    labels: list[bytes]
    """Equal for images with equal labels."""
    pixels: list[str]
    """As `ImageFacts.same`."""
    near: Mapping[str, list[tuple[str, str]]]
    """Pixels → those of each near copy, and the change between them."""
    groups: Sequence[str] | None
    """None if each image is its own group."""
    pattern: str | None
    """The pattern that found the groups in the paths; None if the data set names them, or has none."""
    copies: bool
    """Whether copies belong together, whatever their labels."""


def ties(inspection: Inspection, groups: Sequence[str] | None, pattern: str | None, copies: bool) -> Ties:
    """Collect the ties of a data set whose images have been looked at; the arguments are fields of `Ties`."""
    data, pixels = inspection.dataset, [facts.same for facts in inspection.looks]
    near: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for first, second, _, change in inspection.near if copies else ():
        near[pixels[first]].append((pixels[second], change))
        near[pixels[second]].append((pixels[first], change))
    paths = [data.relative(path) for path in data.paths]
    targets = data.targets.astype(np.int8) if data.targets.ndim == 2 else data.targets
    return Ties(
        paths, data.split, [target.tobytes() for target in targets], pixels, dict(near), groups, pattern, copies
    )


def copy_among(tied: Ties, image: int, others: Mapping[str, int]) -> tuple[int, Reason] | None:
    """Find a copy of an image.

    Args:
        tied: the ties of the data set.
        image: its position.
        others: pixels → an image that has them.

    Returns:
        The copy's position, and what the image is to it; None if there is none.
    """
    equal = others.get(tied.pixels[image])
    if equal is not None and (tied.copies or tied.labels[equal] != tied.labels[image]):
        return equal, Reason(COPY, f"is a copy of {tied.paths[equal]}")
    near = ((others[same], change) for same, change in tied.near.get(tied.pixels[image], ()) if same in others)
    return next(((other, near_copy(tied, other, change)) for other, change in near), None)


def near_copy(tied: Ties, other: int, change: str) -> Reason:
    """Say of what an image is a near copy."""
    return Reason(NEAR_COPY, f"is a near copy ({change}) of {tied.paths[other]}")


def by_pixels(tied: Ties, images: Sequence[int]) -> dict[str, list[int]]:
    """Collect images by their pixels."""
    found: dict[str, list[int]] = defaultdict(list)
    for image in images:
        found[tied.pixels[image]].append(image)
    return dict(found)
