"""A data set of one's own: what is listed of it, which images belong together, and how it is cut where it has no test.
Knows nothing of how it lies on the disk, and does not open the images."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data import splits
from study.data.types import Listing
from study.errors import UserError
from study.seeds import stream
from study.space.config import check_pattern

SPLITS = ("train", "val", "test")
SHARE = 0.2
"""Of each class's groups, what is cut off as the test of data that have none; by a seed that never changes."""


class Part(NamedTuple):
    """The images of one split as they are listed."""

    paths: list[str]
    targets: np.ndarray
    """As in `Listing`."""
    groups: list[str] | None
    """The name of each image's group; None where nothing says it."""


class OwnDataset(NamedTuple):
    """A data set as it lies there; nothing is cut yet."""

    layout: str
    """For people."""
    root: Path
    """The folder that paths are told from."""
    classes: tuple[str, ...]
    splits: dict[str, Part]
    """Of `SPLITS`, those that are there; train always is."""
    passed: Counter[str]
    """How many files and folders are passed over, by what they are."""

    @property
    def paths(self) -> list[str]:
        """Those of all splits, one after the other."""
        return [path for part in self.splits.values() for path in part.paths]

    @property
    def split(self) -> list[str]:
        """The split of each of these images."""
        return [name for name, part in self.splits.items() for _ in part.paths]

    @property
    def targets(self) -> np.ndarray:
        """Those of each of these images."""
        return np.concatenate([part.targets for part in self.splits.values()])

    def told(self, path: str) -> str:
        """Write a path for people, from the root on."""
        return Path(os.path.relpath(path, self.root)).as_posix()


def counted(targets: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Count the images of each class, or with each label."""
    return (targets == 1).sum(0) if targets.ndim == 2 else np.bincount(targets, minlength=len(classes))


def group_names(found: OwnDataset, pattern: str | None) -> list[str] | None:
    """Name the group of each image, of all splits one after the other; None: each image is one by itself.

    Args:
        found: the data set.
        pattern: see `Config.group_pattern`; searched in the path from the root on.

    Raises:
        UserError: the pattern is none, is not found in all paths, or the data set names its groups itself.
    """
    if pattern is None:
        named = [part.groups for part in found.splits.values()]
        return None if None in named else [name for each in named for name in each or ()]
    check_pattern(pattern)
    if any(part.groups for part in found.splits.values()):
        raise UserError(f"group_pattern {pattern!r}: {found.layout} has a column group already; leave one of them out")
    told = [found.told(path) for path in found.paths]
    names = [(match[1] or "") if (match := re.search(pattern, path)) else "" for path in told]
    if without := [path for path, name in zip(told, names, strict=True) if not name]:
        count = f"{len(without):,} of {len(told):,} paths"
        raise UserError(f"group_pattern {pattern!r} finds nothing in {count}, as in {without[0]}")
    return names


def cut(found: OwnDataset, groups: np.ndarray) -> dict[str, Listing]:
    """Give what a task does: "train", with what is validation of it, and "test", cut off where there is none.

    Args:
        found: the data set.
        groups: (n,) int, of all images; samples of one never straddle a split.
    """
    split, paths, targets = np.array(found.split), np.array(found.paths, object), found.targets
    rows = {name: np.flatnonzero(split == name) for name in SPLITS}
    if "test" not in found.splits:
        train = rows["train"]
        seed, leave = stream(0, "own images", "test"), 1 + ("val" not in found.splits)
        rest, aside = splits.holdout(targets[train], groups[train], SHARE, seed, leave)
        rows |= {"train": train[rest], "test": train[aside]}
    learnt = np.concatenate([rows["train"], rows["val"]])
    held = (split[learnt] == "val").astype(np.int64) if "val" in found.splits else None
    made = {"train": (learnt, held), "test": (rows["test"], None)}
    return {
        name: Listing([*paths[which]], targets[which], groups[which], None, held=held)
        for name, (which, held) in made.items()
    }


def united(names: list[str], images: list[str]) -> np.ndarray:
    """Number groups, those that share an image being one: no copy of an image may be on both sides of a cut.

    Args:
        names: of each sample's group.
        images: what is equal of equal images, a sample each.

    Returns:
        (n,) int64.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    which, same = (np.unique(each, return_inverse=True)[1] for each in (names, images))
    count = int(which.max()) + 1
    size = count + int(same.max()) + 1
    joined = coo_array((np.ones(len(which)), (which, count + same)), shape=(size, size))
    return connected_components(joined, directed=False)[1][which].astype(np.int64)
