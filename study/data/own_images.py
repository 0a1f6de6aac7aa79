"""A data set of the user's own: its listed images, which of them belong together, and how a test is split off.
Knows nothing of its layout on the disk, and does not open the images."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data import splits
from study.data.types import Listing
from study.errors import UserError
from study.seeds import stream
from study.space.config import Config, check_pattern

SPLITS = ("train", "val", "test")
SHARE = 0.2
"""Share of each class's groups that becomes the test of data that have none, drawn with a constant seed."""


class SourceOptions(NamedTuple):
    """How a data set of the user's own is read; the names and defaults are `Config`'s, which explains them."""

    group_pattern: str | None = Config.group_pattern
    layout: str = Config.layout
    copies: str = Config.copies


AS_IT_IS = SourceOptions()


def source_options(config: Config) -> SourceOptions:
    """Return the options of a configuration."""
    return SourceOptions(*(getattr(config, name) for name in SourceOptions._fields))


_ODD = re.compile(r"[/\\](?:[/\\]|\.)")
"""In a path that may have empty parts or "..", or begin parts with a dot."""


class Part(NamedTuple):
    """The images of one split as they are listed."""

    paths: list[str]
    targets: np.ndarray
    """As in `Listing`."""
    groups: list[str] | None
    """The name of each image's group; None if the data set has no groups."""


class OwnDataset(NamedTuple):
    """A data set as it lies on the disk, before any split is made."""

    layout: str
    """For people."""
    root: Path
    """The folder to which displayed paths are relative."""
    classes: tuple[str, ...]
    splits: dict[str, Part]
    """The splits of `SPLITS` that the data set has; "train" is always one of them."""
    passed: Counter[str]
    """How many files and folders are ignored, by their kind."""
    reading: tuple[str, ...] = ()
    """Lines for people: what is read as what, and what is not read."""

    @property
    def paths(self) -> list[str]:
        """The images of all splits, one split after the other."""
        return [path for part in self.splits.values() for path in part.paths]

    @property
    def split(self) -> list[str]:
        """The split of each of `paths`."""
        return [name for name, part in self.splits.items() for _ in part.paths]

    @property
    def targets(self) -> np.ndarray:
        """The targets of `paths`."""
        return np.concatenate([part.targets for part in self.splits.values()])

    def relative(self, path: str) -> str:
        """Write a path for people, relative to the root."""
        root = f"{self.root}{os.sep}"
        if path.startswith(root) and not _ODD.search(path):  # thirty times as fast, which counts with 100,000 images
            return path[len(root) :].replace(os.sep, "/")
        return Path(os.path.relpath(path, self.root)).as_posix()


def class_counts(targets: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Count the images of each class, or with each label."""
    return (targets == 1).sum(0) if targets.ndim == 2 else np.bincount(targets, minlength=len(classes))


def group_names(dataset: OwnDataset, pattern: str | None) -> list[str] | None:
    """Name the group of each image, of all splits one after the other; None if each image is its own group.

    Args:
        dataset: as it is listed.
        pattern: see `Config.group_pattern`; searched in the path relative to the root.

    Raises:
        UserError: the pattern is invalid, does not match all paths, or the data set names its groups itself.
    """
    if pattern is None:
        parts = [part.groups for part in dataset.splits.values()]
        return None if None in parts else [name for groups in parts for name in groups or ()]
    check_pattern(pattern)
    if any(part.groups for part in dataset.splits.values()):
        raise UserError(
            f"group_pattern {pattern!r}: {dataset.layout} has a column group already; leave one of them out"
        )
    paths = [dataset.relative(path) for path in dataset.paths]
    names = [(match[1] or "") if (match := re.search(pattern, path)) else "" for path in paths]
    if unmatched := [path for path, name in zip(paths, names, strict=True) if not name]:
        count = f"{len(unmatched):,} of {len(paths):,} paths"
        raise UserError(f"group_pattern {pattern!r} finds nothing in {count}, as in {unmatched[0]}")
    return names


def train_and_test(dataset: OwnDataset, groups: np.ndarray) -> dict[str, Listing]:
    """Return a task's listings: "train", with its validation images marked, and "test", split off if there is none.

    Args:
        dataset: as it is listed.
        groups: (n,) int, of all images; samples of one group never straddle a split.
    """
    split, paths, targets = np.array(dataset.split), np.array(dataset.paths, object), dataset.targets
    rows = {name: np.flatnonzero(split == name) for name in SPLITS}
    if "test" not in dataset.splits:
        train = rows["train"]
        seed, leave = stream(0, "own images", "test"), 1 + ("val" not in dataset.splits)
        rest, aside = splits.holdout(targets[train], groups[train], SHARE, seed, leave)
        rows |= {"train": train[rest], "test": train[aside]}
    training = np.concatenate([rows["train"], rows["val"]])
    held = (split[training] == "val").astype(np.int64) if "val" in dataset.splits else None
    parts = {"train": (training, held), "test": (rows["test"], None)}
    return {
        name: Listing([*paths[which]], targets[which], groups[which], None, held=held)
        for name, (which, held) in parts.items()
    }


def merged_groups(names: list[str], images: list[str], near: Iterable[tuple[int, int]] = ()) -> np.ndarray:
    """Number groups, after merging those that share an image: copies of an image must not straddle a split.

    Args:
        names: the group of each sample.
        images: the image of each sample, by a text that is equal for equal images.
        near: positions of two samples each, whose groups are merged too.

    Returns:
        (n,) int64.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    groups, pixels = (np.unique(labels, return_inverse=True)[1] for labels in (names, images))
    pairs = np.array([*near], np.int64).reshape(-1, 2)
    count = int(groups.max()) + 1
    size = count + int(pixels.max()) + 1
    first, second = np.append(groups, groups[pairs[:, 0]]), np.append(count + pixels, groups[pairs[:, 1]])
    edges = coo_array((np.ones(len(first)), (first, second)), shape=(size, size))
    return connected_components(edges, directed=False)[1][groups].astype(np.int64)
