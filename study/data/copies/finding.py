"""Finds the copies in a data set, equal ones and near ones, and says what they are in the way of.
Knows nothing of how copies are known."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from study.data import own_images
from study.data.copies import name_patterns, near_copies
from study.data.copies.name_patterns import Proposal
from study.data.copies.near_copies import NearCopy
from study.data.own_images import OwnDataset
from study.data.scan import Scan

EQUAL, NEAR = "images are in two splits", "near copies are in two splits"
IN_TWO_SPLITS = frozenset((EQUAL, NEAR))
"""The problems of copies that a study can go on with, if its user says so."""


class Copies(NamedTuple):
    """The copies in a data set."""

    same: list[str]
    """See `ImageFacts`."""
    near: list[NearCopy]
    proposal: Proposal | None


def find(dataset: OwnDataset, looks: Scan, progress: Callable[[int, int], None]) -> Copies:
    """Find the copies in a data set, and the pattern in its paths that explains them.

    Args:
        dataset: as it is listed.
        looks: of all images.
        progress: called with the number of images compared and the total.
    """
    same = [image.same for image in looks.facts]
    near = near_copies.stored(looks.signatures, same, progress)
    paths = [dataset.relative(path) for path in dataset.paths]
    return Copies(same, near, name_patterns.proposal(paths, labels_of(dataset), same, near))


def in_two_splits(dataset: OwnDataset, copies: Copies) -> dict[str, list[str]]:
    """List the copies in two splits, by what they are."""
    paths, split = dataset.paths, dataset.split
    equal = [_pair(dataset, paths, *pair) for pair in contradictions(copies.same, split)]
    near = [_near(dataset, paths, pair) for pair in copies.near if split[pair.first] != split[pair.second]]
    return {problem: examples for problem, examples in ((EQUAL, equal), (NEAR, near)) if examples}


def remarks(dataset: OwnDataset, copies: Copies, straddling: dict[str, list[str]]) -> list[str]:
    """Remark on copies.

    Args:
        dataset: as it is listed.
        copies: in it.
        straddling: copies in two splits that do not stop the study, as `in_two_splits` lists them.
    """
    paths, labels = dataset.paths, labels_of(dataset)
    notes = [f"{len(examples):,} {problem}, as {examples[0]}" for problem, examples in straddling.items()]
    if odd := [_near(dataset, paths, pair) for pair in copies.near if labels[pair.first] != labels[pair.second]]:
        notes.append(f"{len(odd):,} near copies are given two labels, as {odd[0]}")
    return notes


def groups(dataset: OwnDataset, names: list[str] | None, copies: Copies | None) -> np.ndarray:
    """Number the groups of all images.

    Args:
        dataset: as it is listed.
        names: the group of each image; None if each image is its own group.
        copies: to be joined; None if copies may be in several groups.
    """
    if copies is None:
        return own_images.merged_groups(names or dataset.paths, dataset.paths)
    pairs = [(pair.first, pair.second) for pair in copies.near]
    return own_images.merged_groups(names or dataset.paths, copies.same, pairs)


def labels_of(dataset: OwnDataset) -> list[Hashable]:
    """Return the labels of each image as a value that can be compared."""
    rows: list[Hashable] = (
        [*map(tuple, dataset.targets.tolist())] if dataset.targets.ndim == 2 else dataset.targets.tolist()
    )
    return rows


def contradictions(names: Sequence[str], values: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """Yield, for each name with different values, the index of its first value and of the first that differs."""
    firsts: dict[str, int] = {}
    done = set()
    for number, name in enumerate(names):
        first = firsts.setdefault(name, number)
        if name and name not in done and values[number] != values[first]:
            done.add(name)
            yield first, number


def _pair(dataset: OwnDataset, paths: Sequence[str], first: int, second: int) -> str:
    return f"{dataset.relative(paths[first])} = {dataset.relative(paths[second])}"


def _near(dataset: OwnDataset, paths: Sequence[str], pair: NearCopy) -> str:
    return f"{_pair(dataset, paths, pair.first, pair.second)} ({pair.change})"
