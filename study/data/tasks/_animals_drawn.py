"""Draws animals of two breeds per family, and maps each place in the animals' hierarchy to what draws its pictures.
All have the same coats, so that colour reveals neither family nor breed. Knows nothing of scenes or splits."""

from collections.abc import Callable
from functools import partial

import numpy as np

from study.data.tasks._drawing import Area, Disc, Line, Picture, Shape, arc, moved
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._pets_drawn import (
    CAT_EYES,
    DOG_EYES,
    Appearance,
    body,
    cat,
    cat_eye,
    cat_mouth,
    dog,
    dog_eye,
    fur,
    look_of,
    mixed,
    oval,
    placed,
    snout,
)
from study.data.tasks._things_drawn import crane, flower, house, mountains, mushroom, tree

_SCALES = (0.7, 1.0)  # range of a picture's size in its frame
_BLACK, _WHITE = (20, 18, 20), (250, 250, 250)
Draw = Callable[[np.random.Generator], Picture]


def husky(rng: np.random.Generator) -> Picture:
    """Draw a sitting dog with upright ears, a pale mask and a tail that curls over its back; `dog` is a hound."""
    look = look_of(rng, DOG_EYES)
    side = float(rng.choice([-1, 1]))
    tail = Line(look.dark, rng.uniform(0.16, 0.22), arc(side * 0.42, 0.3, side * 0.25, 0.26, 120, -90))
    return (tail, *body(look, 0.42), *placed(_masked_head(look), -0.3, 1.05, rng))


def leopard(rng: np.random.Generator) -> Picture:
    """Draw a sitting cat with round ears and a coat full of rings; `cat` is a house cat."""
    look = look_of(rng, CAT_EYES)
    side = float(rng.choice([-1, 1]))
    tail = Line(look.dark, 0.12, arc(side * 0.4, 0.5, side * rng.uniform(0.2, 0.4), 0.4, 80, -60))
    spots = _rings(look, 0.3, 0.4, 0.45, int(rng.integers(7, 14)))
    return (tail, *body(look, 0.36), *spots, *placed(_round_head(look), -0.22, 0.95, rng))


def _masked_head(look: Appearance) -> Picture:
    rng, turn = look.rng, 0.1 * look.side
    ears = [shape for side in (-1, 1) for shape in _upright_ear(look, side, rng.uniform(0.3, 0.42))]
    skull = (oval(look.dark, 0, -0.08, 0.42, 0.4), oval(look.dark, turn * 0.5, 0.14, 0.34, 0.32))
    pale = mixed(look.pale, _WHITE, 0.4)
    mask = [oval(pale, side * 0.17 + turn, -0.08, 0.15, 0.17) for side in (-1, 1)]
    cheeks = oval(pale, turn, 0.2, 0.32, 0.22)
    eyes = [shape for side in (-1, 1) for shape in dog_eye(look, side * 0.17 + turn)]
    return (*ears, *skull, *fur(look, 0.36, 0.36), *mask, cheeks, *eyes, *snout(look, 1.6 * turn))


def _upright_ear(look: Appearance, side: int, tall: float) -> Picture:
    outer = ((side * 0.08, -0.38), (side * 0.34, -0.4 - tall), (side * 0.42, -0.12))
    inner = ((side * 0.18, -0.36), (side * 0.33, -0.32 - tall), (side * 0.37, -0.2))
    return (Area(look.dark, outer), Line(look.dark, 0.04, outer), Area(mixed(look.pale, _BLACK, 0.3), inner))


def _round_head(look: Appearance) -> Picture:
    rng, turn = look.rng, 0.08 * look.side
    ears: list[Shape] = []
    for side in (-1, 1):
        x, large = side * rng.uniform(0.34, 0.42), rng.uniform(0.15, 0.2)
        ears += [Disc(look.dark, large, x, -0.34), Disc(look.pale, large * 0.55, x, -0.33)]
    skull = (oval(look.coat, 0, 0, 0.5, 0.42), oval(look.coat, 0, 0.16, 0.42, 0.26))
    eyes = [shape for side in (-1, 1) for shape in cat_eye(look, side * 0.2 + turn)]
    spots = _rings(look, 0.36, -0.24, 0.12, int(rng.integers(3, 7)))
    return (*ears, *skull, *fur(look, 0.46, 0.36), *spots, *eyes, *cat_mouth(look, 1.4 * turn))


def _rings(look: Appearance, across: float, y: float, down: float, count: int) -> Picture:
    """Scatter dark rings about (0, y)."""
    rng, shapes = look.rng, list[Shape]()
    for x, below in rng.uniform((-across, y - down), (across, y + down), (count, 2)):
        large = rng.uniform(0.05, 0.08)
        shapes += [Disc(mixed(look.dark, _BLACK, 0.5), large, x, below), Disc(look.coat, large * 0.45, x, below)]
    return tuple(shapes)


def _placed(draws: tuple[Draw, ...], rng: np.random.Generator) -> Picture:
    """Draw one of several kinds, near or far, anywhere in the frame or slightly beyond its edge."""
    scale = rng.uniform(*_SCALES)
    x, y = rng.uniform(-1, 1, 2) * (1.1 - scale)
    return moved(draws[rng.integers(len(draws))](rng), x, y, scale)


def _one_of(*draws: Draw) -> Draw:
    return partial(_placed, draws)


KINDS: dict[tuple[str, ...], Draw] = {
    ("animal", "canines", "hound"): _one_of(dog),
    ("animal", "canines", "husky"): _one_of(husky),
    ("animal", "felines", "house_cat"): _one_of(cat),
    ("animal", "felines", "leopard"): _one_of(leopard),
    ("other", "places"): _one_of(house, mountains, crane),
    ("other", "plants"): _one_of(tree, flower, mushroom),
    ("other", "vehicles"): _one_of(*(OBJECTS[name] for name in ("airplane", "automobile", "ship", "truck"))),
}
"""Place in the hierarchy → the function that draws one picture of it."""
