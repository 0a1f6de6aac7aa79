"""A data set as a task returns it: the files or arrays of its splits, its classes, and the archives to download."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from study.errors import UserError


class Listing(NamedTuple):
    """The image files of a split, before they are read."""

    paths: list[str]
    targets: np.ndarray
    """(n,) int64; or (n, classes), see `LABELS_PER_IMAGE` in `tasks`."""
    groups: np.ndarray
    """(n,) int64; samples of one group never straddle a split."""
    boxes: np.ndarray | None
    """(n, 4) float: the crop's left, top, right, bottom as shares of width and height; None for whole images."""
    square: bool = False
    """Crop the largest centred square from that, without distortion; otherwise it is squeezed into a square."""
    strata: np.ndarray | None = None
    """(n,) int64: parts of the classes; validation is held out from each separately. None means the classes."""
    held: np.ndarray | None = None
    """(n,) int64: 1 for the data set's own validation images, else 0; None if validation is to be held out."""


class Arrays(NamedTuple):
    """The images of a split, rendered lazily, so that a large stand-in need not fit in memory."""

    images: Iterable[np.ndarray]
    """n images of (size, size, 3) uint8."""
    targets: np.ndarray
    groups: np.ndarray
    strata: np.ndarray | None = None
    held: np.ndarray | None = None
    """Both as in `Listing`."""


Images = TypeVar("Images", Listing, Arrays)


class Source(NamedTuple, Generic[Images]):
    """A data set as a task returns it."""

    line: str
    """Where the images come from, for people; contains "stand-in" if they are rendered."""
    classes: tuple[str, ...]
    """Targets are indices of these."""
    splits: dict[str, Images]
    """By the names "train" and "test"."""


class Archive(NamedTuple):
    """A zip or tar file with a part of the data set, and the one path in it that is extracted."""

    url: str
    md5: str
    provides: str
    """The path to which it is extracted, below the data folder."""
    inside: str | None = None
    """Its path in the archive; None if it is `provides`."""


def refuse(what: str, problems: list[str], max_listed: int = 10) -> None:
    """Raise an error that lists the problems, if there are any.

    Args:
        what: a phrase that follows the number of problems, such as "images cannot be decoded".
        problems: one line each.
        max_listed: problems that are listed; of the others only the number is reported.

    Raises:
        UserError: there are problems.
    """
    if problems:
        rest = [f"… and {len(problems) - max_listed:,} more"] if len(problems) > max_listed else []
        raise UserError("\n  ".join([f"{len(problems):,} {what}:", *problems[:max_listed], *rest]))
