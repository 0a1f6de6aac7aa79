"""A data set as a task gives it: the files or arrays of its splits, its classes, and what is downloaded for it."""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from study.errors import UserError


class Listing(NamedTuple):
    """The image files of a split, not yet read."""

    paths: list[str]
    targets: np.ndarray
    """(n,) int64; or (n, classes), see `LABELS_PER_IMAGE` in `tasks`."""
    groups: np.ndarray
    """(n,) int64; samples of one group never straddle a split."""
    boxes: np.ndarray | None
    """(n, 4) float, left, top, right, bottom as shares of width and height: what to cut; None for whole pictures."""
    square: bool = False
    """Cut the largest centred square out of that, so that nothing is distorted; else it is squeezed into a square."""
    strata: np.ndarray | None = None
    """(n,) int64, parts of the classes that validation is held out from, each by itself; None: the classes."""
    held: np.ndarray | None = None
    """(n,) int64, 1 for what the data set itself says is its validation, else 0; None: validation is cut off."""


class Arrays(NamedTuple):
    """The images of a split, rendered as they are asked for: a large stand-in need not fit in memory."""

    images: Iterable[np.ndarray]
    """n images of (size, size, 3) uint8."""
    targets: np.ndarray
    groups: np.ndarray
    strata: np.ndarray | None = None
    held: np.ndarray | None = None
    """Both as in `Listing`."""


Images = TypeVar("Images", Listing, Arrays)


class Source(NamedTuple, Generic[Images]):
    """A data set as a task gives it."""

    line: str
    """Where the images come from, for people; contains "stand-in" where they are rendered."""
    classes: tuple[str, ...]
    """A target is a number of these."""
    splits: dict[str, Images]
    """Of "train" and "test"."""


class Archive(NamedTuple):
    """A zip or tar file that holds a part of the data set, and the one path in it that is wanted."""

    url: str
    md5: str
    provides: str
    """Where it is kept, below the data folder."""
    inside: str | None = None
    """Its path in the archive; None is the same as `provides`."""


def refuse(what: str, problems: list[str], shown: int = 10) -> None:
    """End with a list of problems, if there are any.

    Args:
        what: a phrase that follows the number, say "images cannot be decoded".
        problems: one line each.
        shown: how many are listed.

    Raises:
        UserError: there are problems.
    """
    if problems:
        more = [f"… and {len(problems) - shown:,} more"] if len(problems) > shown else []
        raise UserError("\n  ".join([f"{len(problems):,} {what}:", *problems[:shown], *more]))
