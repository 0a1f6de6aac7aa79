"""Pairs up the copies of a data set, exact and near, with what makes a pair matter: a cut between them, other labels.
Knows nothing of how copies are found."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from study.data.inspection import Inspection

EQUAL = "equal pixels"
"""The change of exact copies."""


class CopyPair(NamedTuple):
    """Two images that show the same picture."""

    first: int
    """Position among `OwnDataset.paths`."""
    second: int
    change: str
    """What was done to one of them, for people."""
    across: bool
    """Whether they are in two splits."""
    contradictory: bool
    """Whether they have other labels."""


def pairs(inspection: Inspection) -> list[CopyPair]:
    """Pair the copies: of several equal images each with the first, then near copies as they were found."""
    split = inspection.dataset.split
    targets = inspection.dataset.targets
    return [
        CopyPair(
            first, second, change, split[first] != split[second], not np.array_equal(targets[first], targets[second])
        )
        for first, second, change in (*_equal(inspection), *((*each[:2], each.change) for each in inspection.near))
    ]


def _equal(inspection: Inspection) -> Iterator[tuple[int, int, str]]:
    firsts: dict[str, int] = {}
    for number, facts in enumerate(inspection.looks):
        if facts.same and (first := firsts.setdefault(facts.same, number)) != number:
            yield first, number, EQUAL
