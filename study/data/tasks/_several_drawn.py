"""Plans and draws scenes of several objects in different sizes and positions, some of common and some of rare kinds.
Knows nothing of data sets or of the sizes of splits."""

from typing import NamedTuple

import numpy as np

from study.data.tasks._drawing import Picture, draw, moved
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._scenes import daylight
from study.seeds import stream

_KINDS = ("automobile", "dog", "cat", "bird", "truck", "horse", "ship", "airplane", "deer", "frog")
_SHARES = (0.25, 0.18, 0.14, 0.11, 0.09, 0.075, 0.055, 0.04, 0.035, 0.025)  # of all objects; uneven, as in VOC
_NEAR = (0.4, 0.3, 0.2, 0.1)  # shares of scenes with one, two, three, four near objects
_HALVES = ((0.5, 0.9), (0.36, 0.6), (0.3, 0.5), (0.26, 0.42))  # ranges of their half sides, by number of near objects
_FAR, _FAR_HALVES = 0.3, (0.09, 0.13)  # share of scenes with a far object, range of its half side
_TRIES = 40  # positions that are tried for an object


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
    """Plan a scene: near objects, without overlap if there is room, and maybe a far one.

    Args:
        split: a name, so that the scenes of different splits differ.
        number: of the scene.

    Returns:
        One to four near objects and at most one far object, in the order of painting: lower objects are nearer.
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
    """Pick a kind, and the first position that is free, or else the one with the least overlap."""
    kind = _KINDS[rng.choice(len(_KINDS), p=_SHARES)]
    high = 0.35 if far else 1 - half  # far objects are near the horizon
    positions = rng.uniform(-1, 1, (_TRIES, 2)) * (1 - half, high)
    candidates = [Thing(kind, half, x, y, far) for x, y in positions.tolist()]
    return max(candidates, key=lambda candidate: min([0.0, *(_gap(candidate, thing) for thing in things)]))


def _gap(first: Thing, second: Thing) -> float:
    """Return the distance between two squares, negative if they overlap."""
    return max(abs(first.x - second.x), abs(first.y - second.y)) - first.half - second.half
