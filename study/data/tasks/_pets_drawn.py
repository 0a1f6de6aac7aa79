"""Draws cats and dogs from a random stream, from the front, each with its own coat, build and pose.
Both have the same coats, so that colour does not reveal the class. Knows nothing of scenes, pixels or splits."""

from typing import NamedTuple

import numpy as np

from study.data.tasks._drawing import Area, Colour, Disc, Line, Picture, Shape, arc, moved, turned

_COATS: tuple[Colour, ...] = (
    (52, 48, 50),
    (128, 126, 130),
    (96, 66, 44),
    (196, 126, 62),
    (222, 190, 142),
    (232, 228, 222),
    (150, 104, 70),
)
_COLLARS: tuple[Colour, ...] = ((190, 40, 40), (40, 80, 170), (40, 130, 70), (225, 180, 40))
CAT_EYES: tuple[Colour, ...] = ((150, 180, 60), (220, 180, 50), (110, 170, 200), (90, 160, 90))
DOG_EYES: tuple[Colour, ...] = ((70, 42, 22), (100, 64, 30), (50, 34, 26))
_BLACK, _WHITE, _PINK, _TONGUE = (20, 18, 20), (250, 250, 250), (226, 150, 150), (222, 96, 110)


class Appearance(NamedTuple):
    """The properties that an animal's parts share."""

    coat: Colour
    dark: Colour
    pale: Colour
    mark: Colour
    """Of spots, and of a patch around an eye."""
    eyes: Colour
    side: float
    """How far the face is turned to a side, -1 to 1."""
    rng: np.random.Generator


def cat(rng: np.random.Generator) -> Picture:
    """Draw a sitting cat: pointed ears, slit pupils, whiskers, a tail that curls up at its side."""
    look = look_of(rng, CAT_EYES)
    side, reach = float(rng.choice([-1, 1])), rng.uniform(0.5, 0.75)
    tail = Line(look.dark, 0.13, arc(side * 0.4, 0.55, side * (reach - 0.25), 0.42, 80, -60))
    return (tail, *body(look, 0.34), *placed(_cat_head(look), -0.2, 0.95, rng))


def dog(rng: np.random.Generator) -> Picture:
    """Draw a sitting dog: hanging ears, round eyes, a long snout with a large nose, often its tongue out."""
    look = look_of(rng, DOG_EYES)
    side = float(rng.choice([-1, 1]))
    tail = Line(look.coat, 0.11, ((side * 0.3, 0.78), (side * 0.62, 0.62), (side * rng.uniform(0.68, 0.85), 0.4)))
    return (tail, *body(look, 0.42), *placed(_dog_head(look), -0.34, 1.08, rng))


def look_of(rng: np.random.Generator, eyes: tuple[Colour, ...]) -> Appearance:
    """Draw an appearance at random."""
    coat, mark = (_COATS[n] for n in rng.choice(len(_COATS), 2, replace=False))
    coat = mixed(coat, _COATS[rng.integers(len(_COATS))], rng.uniform(0, 0.25))
    pale = mixed(coat, _WHITE, rng.uniform(0.3, 0.8))
    eye = eyes[rng.integers(len(eyes))]
    return Appearance(coat, mixed(coat, _BLACK, 0.3), pale, mark, eye, float(np.clip(rng.normal(0, 0.5), -1, 1)), rng)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Mix two colours; share 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def oval(colour: Colour, x: float, y: float, across: float, down: float) -> Area:
    """Fill an ellipse around (x, y); `across` and `down` are half its width and height."""
    return Area(colour, arc(x, y, across, down, 0, 360))


def placed(head: Picture, y: float, scale: float, rng: np.random.Generator) -> Picture:
    """Tilt a head and set it on the body, at about `y` and `scale`."""
    tilted = turned(head, rng.normal(0, 9))
    return moved(tilted, rng.normal(0, 0.05), y + rng.uniform(-0.05, 0.06), scale * rng.uniform(0.85, 1.1))


def body(look: Appearance, wide: float) -> Picture:
    """Draw the body below the head: trunk, haunches, chest, two front legs, and for some a collar."""
    rng, wide = look.rng, wide * look.rng.uniform(0.85, 1.15)
    trunk = (oval(look.coat, 0, 0.45, wide, 0.5), *(oval(look.dark, x, 0.72, 0.2, 0.24) for x in (-wide, wide)))
    chest = oval(look.pale if rng.random() < 0.5 else look.coat, 0, 0.35, wide * 0.6, 0.35)
    legs = [Line(look.coat, 0.18, ((x, 0.4), (x, 0.84))) for x in (-0.15, 0.15)]
    paws = [oval(look.pale, x, 0.89, 0.12, 0.08) for x in (-0.15, 0.15)]
    gap = Line(look.dark, 0.02, ((0, 0.55), (0, 0.9)))
    spots = [
        oval(look.mark, rng.uniform(-0.2, 0.2), rng.uniform(0.2, 0.5), 0.09, 0.07) for _ in range(rng.integers(0, 4))
    ]
    return (*trunk, chest, *spots, *legs, *paws, gap, *_collar(rng, wide))


def _collar(rng: np.random.Generator, wide: float) -> Picture:
    if rng.random() < 0.5:
        return ()
    colour = _COLLARS[rng.integers(len(_COLLARS))]
    return (Line(colour, 0.09, arc(0, 0.02, wide * 0.8, 0.16, 10, 170)), Disc((220, 200, 90), 0.06, 0, 0.22))


def fur(look: Appearance, across: float, down: float, strokes: int = 26) -> Picture:
    """Draw short strokes in an oval, some lighter and some darker than the coat, and a few spots."""
    rng, shapes = look.rng, list[Shape]()
    for _ in range(rng.integers(0, 4) if rng.random() < 0.4 else 0):
        angle, far, large = rng.uniform(0, 6.28), rng.uniform(0.2, 0.6), rng.uniform(0.07, 0.14)
        shapes.append(oval(look.mark, across * far * np.cos(angle), down * far * np.sin(angle), large, large))
    for angle, far in zip(rng.uniform(0, 6.28, strokes), rng.uniform(0.2, 0.85, strokes), strict=True):
        x, y = across * far * float(np.cos(angle)), down * far * float(np.sin(angle))
        colour = mixed(look.coat, _BLACK if rng.random() < 0.5 else _WHITE, 0.12)
        shapes.append(Line(colour, 0.02, ((x, y), (x * 1.12, y * 1.12 + 0.04))))
    return tuple(shapes)


def _cat_head(look: Appearance) -> Picture:
    rng, turn = look.rng, 0.08 * look.side
    tall, apart = rng.uniform(0.22, 0.38), rng.uniform(0.36, 0.46)
    ears = [shape for s in (-1, 1) for shape in pointed_ear(look, s, tall, apart)]
    skull = (oval(look.coat, 0, 0, 0.5, 0.4), *(oval(look.coat, x, 0.13, 0.27, 0.22) for x in (-0.26, 0.26)))
    stripes = [Line(look.dark, 0.035, ((x + turn, -0.36), (x * 0.6 + turn, -0.2))) for x in (-0.12, 0.0, 0.12)]
    stripes += [Line(look.dark, 0.03, ((s * 0.48, y), (s * 0.34, y + 0.02))) for s in (-1, 1) for y in (0.02, 0.12)]
    eyes = [shape for s in (-1, 1) for shape in cat_eye(look, s * 0.21 + turn)]
    marked = stripes if rng.random() < 0.6 else []
    return (*ears, *skull, *fur(look, 0.46, 0.36), *marked, *eyes, *cat_mouth(look, 1.4 * turn))


def pointed_ear(look: Appearance, s: int, tall: float, apart: float) -> Picture:
    """Draw an ear that stands up at the side s, -1 or 1."""
    outer = ((s * 0.1, -0.33), (s * apart, -0.36 - tall), (s * 0.5, -0.08))
    inner = ((s * 0.2, -0.33), (s * (apart - 0.01), -0.29 - tall), (s * 0.43, -0.18))
    return (Area(look.coat, outer), Line(look.coat, 0.05, outer), Area(_PINK, inner))


def cat_eye(look: Appearance, x: float) -> Picture:
    """Draw an eye with a slit pupil."""
    wide = look.rng.uniform(0.02, 0.045)
    iris = (oval(_BLACK, x, -0.05, 0.125, 0.105), oval(look.eyes, x, -0.05, 0.105, 0.09))
    return (*iris, oval(_BLACK, x, -0.05, wide, 0.085), Disc(_WHITE, 0.02, x + 0.03, -0.085))


def cat_mouth(look: Appearance, x: float) -> Picture:
    """Draw nose, mouth and whiskers around x."""
    puffs = [oval(look.pale, x + s * 0.095, 0.2, 0.125, 0.095) for s in (-1, 1)]
    nose = Area((200, 110, 110), ((x - 0.065, 0.09), (x + 0.065, 0.09), (x, 0.16)))
    mouth = [Line(_BLACK, 0.02, arc(x + s * 0.07, 0.21, 0.07, 0.05, 0, 180)) for s in (-1, 1)]
    hair = _WHITE if sum(look.coat) < 450 else (90, 85, 80)
    hairs = [
        Line(hair, 0.014, ((x + s * 0.16, 0.18 + 0.03 * n), (x + s * 0.66, 0.1 + 0.11 * n)))
        for s in (-1, 1)
        for n in range(3)
    ]
    return (
        oval(look.pale, x, 0.3, 0.1, 0.07),
        *puffs,
        nose,
        Line(_BLACK, 0.02, ((x, 0.16), (x, 0.22))),
        *mouth,
        *hairs,
    )


def _dog_head(look: Appearance) -> Picture:
    rng, turn = look.rng, 0.1 * look.side
    skull = (oval(look.coat, 0, -0.08, 0.4, 0.4), oval(look.coat, turn * 0.5, 0.16, 0.3, 0.32))
    patch = [oval(look.mark, rng.choice([-0.17, 0.17]) + turn, -0.13, 0.15, 0.17)] if rng.random() < 0.35 else []
    long, out = rng.uniform(0.3, 0.46), rng.uniform(8, 30)
    ears = [shape for s in (-1, 1) for shape in _hanging_ear(look, s, long, out)]
    eyes = [shape for s in (-1, 1) for shape in dog_eye(look, s * 0.17 + turn)]
    return (*skull, *fur(look, 0.36, 0.36), *patch, *eyes, *snout(look, 1.6 * turn), *ears)


def _hanging_ear(look: Appearance, s: int, long: float, out: float) -> Picture:
    """Hang a long flap from the side of the skull, turned outwards by `out` degrees."""
    colour = look.mark if look.mark != look.coat and sum(look.mark) < sum(look.coat) else look.dark
    flap = (
        oval(mixed(colour, _BLACK, 0.25), 0, long, 0.155, long),
        oval(colour, -s * 0.015, long - 0.02, 0.135, long),
    )
    return moved(turned(flap, -s * out), s * 0.35, -0.36)


def dog_eye(look: Appearance, x: float) -> Picture:
    """Draw a round eye, with a pale spot above it on dark coats."""
    brow = [oval(look.pale, x, -0.27, 0.05, 0.03)] if sum(look.coat) < 300 else []
    return (*brow, Disc(_BLACK, 0.078, x, -0.13), Disc(look.eyes, 0.062, x, -0.13), *_pupil(x))


def _pupil(x: float) -> Picture:
    return (Disc(_BLACK, 0.036, x, -0.13), Disc(_WHITE, 0.018, x + 0.022, -0.155))


def snout(look: Appearance, x: float) -> Picture:
    """Draw a long muzzle around x, with its nose, and for some the tongue."""
    rng, wide = look.rng, look.rng.uniform(0.19, 0.25)
    muzzle = (oval(look.pale, x * 0.7, 0.1, wide * 0.75, 0.24), oval(look.pale, x, 0.24, wide, 0.19))
    nose = (oval(_BLACK, x, 0.12, 0.115, 0.08), oval((110, 108, 110), x - 0.03, 0.09, 0.035, 0.018))
    tongue = [Line(_TONGUE, 0.13, ((x, 0.36), (x, 0.36 + rng.uniform(0.08, 0.2))))] if rng.random() < 0.5 else []
    mouth = [Line(_BLACK, 0.025, arc(x + s * 0.085, 0.29, 0.085, 0.07, 0, 180)) for s in (-1, 1)]
    return (*muzzle, *tongue, Line(_BLACK, 0.025, ((x, 0.18), (x, 0.3))), *mouth, *nose)
