"""Odd images of a data set, by kind: which a person should look at. Knows nothing of what would make results wrong."""

from collections.abc import Callable
from typing import NamedTuple

from study.data.inspection import Inspection
from study.data.quality import FLAT
from study.data.scan import ImageFacts

LONG = 3
"""Ratio of the sides from which on a square in the middle has less than a third of the image."""


class Oddity(NamedTuple):
    """A kind of odd images."""

    title: str
    why: str
    """What may come of it, for people."""
    images: list[int]
    """Positions among `OwnDataset.paths`, the oddest first."""


def oddities(seen: Inspection, size: int) -> list[Oddity]:
    """List the kinds of odd images that a data set has.

    Args:
        seen: its inspection.
        size: side of the images that networks get, pixels.
    """
    kinds = [
        Oddity("Small images", f"They are enlarged more than twice to {size} px.", _found(seen, _small(size))),
        Oddity("Images of one colour, or nearly", "There may be nothing to see in them.", _found(seen, _flat)),
        Oddity(
            "Long images",
            f"One side is {LONG} times the other or more: a square has little of it.",
            _found(seen, _long),
        ),
    ]
    return [kind for kind in kinds if kind.images]


def _found(seen: Inspection, oddness: Callable[[ImageFacts], float]) -> list[int]:
    """Give the images whose oddness is above 0, the oddest first."""
    odd = {image: oddness(facts) for image, facts in enumerate(seen.looks) if facts.same}
    return sorted((image for image, value in odd.items() if value > 0), key=lambda image: -odd[image])


def _small(size: int) -> Callable[[ImageFacts], float]:
    return lambda facts: size / 2 - min(facts.width, facts.height)


def _flat(facts: ImageFacts) -> float:
    return FLAT - facts.spread


def _long(facts: ImageFacts) -> float:
    ratio = max(facts.width, facts.height) / min(facts.width, facts.height)
    return ratio if ratio >= LONG else 0.0
