"""Plans and draws scenes of several objects, of different sizes and places, common kinds and rare ones.
Knows nothing of data sets, splits' sizes or what a label is used for."""

from typing import NamedTuple

import numpy as np

from study.data.tasks._drawing import Picture, draw, moved
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._scenes import daylight
from study.seeds import stream

_KINDS = ("automobile", "dog", "cat", "bird", "truck", "horse", "ship", "airplane", "deer", "frog")
_SHARES = (0.25, 0.18, 0.14, 0.11, 0.09, 0.075, 0.055, 0.04, 0.035, 0.025)  # of all objects; uneven, as in VOC
_NEAR = (0.4, 0.3, 0.2, 0.1)  # shares of scenes with one, two, three, four near objects
_HALVES = ((0.5, 0.9), (0.36, 0.6), (0.3, 0.5), (0.26, 0.42))  # half sides of theirs
_FAR, _FAR_HALVES = 0.3, (0.09, 0.13)  # share of scenes with a far object, its half sides
_TRIES = 40  # places that are tried for an object


class Thing(NamedTuple):
    """An object in a scene."""

    kind: str
    half: float
    """Half its side; the scene is a square from -1 to 1."""
    x: float
    y: float
    far: bool
    """It is small and hard to recognize."""


def plan(split: str, number: int) -> tuple[Thing, ...]:
    """Say what is in a scene and where: near objects, apart from each other where there is room, and maybe a far one.

    Args:
        split: a name that makes the scenes of one split differ from another's.
        number: of the scene.

    Returns:
        One to four near objects and at most one far one, in the order of painting: the lower, the nearer.
    """
    rng = np.random.default_rng(stream(0, "scene", split, number))
    count = 1 + int(rng.choice(len(_NEAR), p=_NEAR))
    things: list[Thing] = []
    for _ in range(count):
        things.append(_put(things, rng, rng.uniform(*_HALVES[count - 1]), far=False))
    if rng.random() < _FAR:
        things.append(_put(things, rng, rng.uniform(*_FAR_HALVES), far=True))
    return tuple(sorted(things, key=lambda thing: (not thing.far, thing.y + thing.half)))


def photograph(split: str, number: int, size: int) -> np.ndarray:
    """Render a scene.

    Args:
        split: as in `plan`.
        number: as in `plan`.
        size: side of the image in pixels; the scene does not depend on it.

    Returns:
        (size, size, 3) uint8.
    """
    rng = np.random.default_rng(stream(0, "photograph", split, number))
    picture: Picture = ()
    for thing in plan(split, number):
        picture += moved(OBJECTS[thing.kind](rng), thing.x, thing.y, thing.half)
    return daylight(draw(picture, 384), size, rng)


def _put(things: list[Thing], rng: np.random.Generator, half: float, far: bool) -> Thing:
    """Pick a kind, and the first place that is free, or else the one that overlaps others least."""
    kind = _KINDS[rng.choice(len(_KINDS), p=_SHARES)]
    high = 0.35 if far else 1 - half  # what is far is at about the horizon
    tried = rng.uniform(-1, 1, (_TRIES, 2)) * (1 - half, high)
    places = [Thing(kind, half, x, y, far) for x, y in tried.tolist()]
    return max(places, key=lambda place: min([0.0, *(_gap(place, each) for each in things)]))


def _gap(one: Thing, other: Thing) -> float:
    """Return the room between two squares, negative if they overlap."""
    return max(abs(one.x - other.x), abs(one.y - other.y)) - one.half - other.half
