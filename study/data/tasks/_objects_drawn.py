"""Draws objects of ten kinds from a random stream: parts have fixed relative positions, colours and proportions vary.
Knows nothing of scenes, pixels or splits."""

from collections.abc import Callable

import numpy as np

from study.data.tasks._drawing import Area, Colour, Disc, Line, Picture, Point, Shape, arc, mirrored, moved, turned

_PAINTS: tuple[Colour, ...] = (
    *((200, 40, 40), (40, 80, 170), (40, 130, 70), (225, 180, 40), (235, 235, 235), (60, 60, 66)),
    *((150, 90, 50), (130, 130, 140), (120, 60, 140), (230, 130, 40)),
)
_COATS: tuple[Colour, ...] = (
    *((60, 50, 46), (128, 126, 130), (110, 76, 50), (196, 126, 62), (222, 190, 142), (232, 228, 222), (150, 104, 70)),
)
_BLACK, _GLASS, _PALE = (20, 18, 20), (150, 200, 230), (240, 240, 235)


def paint(rng: np.random.Generator, palette: tuple[Colour, ...] = _PAINTS) -> Colour:
    """Pick a colour, and vary its shade a little."""
    colour = palette[rng.integers(len(palette))]
    red, green, blue = (int(np.clip(part * rng.uniform(0.75, 1.15), 0, 255)) for part in colour)
    return red, green, blue


def oval(colour: Colour, x: float, y: float, across: float, down: float) -> Area:
    """Fill an ellipse around (x, y); `across` and `down` are half its width and height."""
    return Area(colour, arc(x, y, across, down, 0, 360))


def box(colour: Colour, left: float, top: float, right: float, bottom: float) -> Area:
    """Fill a rectangle."""
    return Area(colour, ((left, top), (right, top), (right, bottom), (left, bottom)))


def placed(shapes: list[Shape], rng: np.random.Generator, turn: float = 5.0) -> Picture:
    """Face either side, turn a little, and vary size and position."""
    picture = mirrored(tuple(shapes)) if rng.random() < 0.5 else tuple(shapes)
    picture = turned(picture, rng.normal(0, turn))
    return moved(picture, rng.uniform(-0.08, 0.08), rng.uniform(-0.08, 0.08), rng.uniform(0.8, 1.05))


def airplane(rng: np.random.Generator) -> Picture:
    """Draw a fuselage with wing, tail fin, windows and engine."""
    body, wing, thick = paint(rng), paint(rng), rng.uniform(0.13, 0.2)
    shapes: list[Shape] = [
        Area(wing, ((0.1, 0), (-0.35, -0.55), (-0.15, -0.55), (0.35, 0))),
        oval(body, 0, 0, 0.9, thick),
        Area(wing, ((-0.85, 0), (-0.95, -0.5), (-0.7, -0.5), (-0.5, -0.05))),
        Area(wing, ((0.2, 0.03), (-0.3, 0.6), (-0.05, 0.6), (0.45, 0.03))),
        Disc(_BLACK, 0.08, 0.12, 0.28),
        *(Disc(_GLASS, 0.035, x, -0.04) for x in np.arange(-0.4, 0.5, 0.15)),
        Area(_GLASS, ((0.62, -0.07), (0.8, -0.03), (0.62, 0.01))),
    ]
    return placed(shapes, rng, 12)


def automobile(rng: np.random.Generator) -> Picture:
    """Draw a low body with a rounded cabin, two windows and two wheels."""
    body, roof = paint(rng), rng.uniform(0.42, 0.55)
    shapes: list[Shape] = [
        Area(body, ((-0.55, -0.1), (-0.35, -roof), (0.25, -roof), (0.55, -0.1))),
        box(body, -0.92, -0.12, 0.92, 0.32),
        Area(_GLASS, ((-0.45, -0.1), (-0.3, -roof + 0.07), (-0.05, -roof + 0.07), (-0.05, -0.1))),
        Area(_GLASS, ((0.03, -0.1), (0.03, -roof + 0.07), (0.22, -roof + 0.07), (0.45, -0.1))),
        Disc((250, 240, 160), 0.07, 0.86, 0.0),
        Disc((200, 30, 30), 0.06, -0.87, 0.0),
        *_wheels((-0.52, 0.52), 0.32, rng.uniform(0.19, 0.24)),
    ]
    return placed(shapes, rng)


def truck(rng: np.random.Generator) -> Picture:
    """Draw a tall box behind a cab, with three wheels."""
    load, cab, top = paint(rng), paint(rng), rng.uniform(0.55, 0.75)
    shapes: list[Shape] = [
        box(load, -0.95, -top, 0.35, 0.3),
        Area(cab, ((0.38, -0.35), (0.7, -0.35), (0.93, 0.0), (0.93, 0.3), (0.38, 0.3))),
        Area(_GLASS, ((0.5, -0.27), (0.67, -0.27), (0.83, 0.0), (0.5, 0.0))),
        box(_BLACK, -0.95, 0.27, 0.93, 0.36),
        *_wheels((-0.68, -0.3, 0.62), 0.4, rng.uniform(0.17, 0.21)),
    ]
    return placed(shapes, rng)


def _wheels(places: tuple[float, ...], y: float, radius: float) -> list[Shape]:
    return [
        Disc(colour, radius * size, x, y) for x in places for colour, size in ((_BLACK, 1.0), ((170, 170, 175), 0.5))
    ]


def ship(rng: np.random.Generator) -> Picture:
    """Draw a hull on waves with a deckhouse, portholes, a funnel and a mast."""
    hull, house, funnel = paint(rng), paint(rng, (_PALE, (230, 210, 160))), paint(rng)
    high = rng.uniform(0.25, 0.4)
    sea: tuple[Point, ...] = tuple((x, 0.55 + 0.04 * (-1) ** n) for n, x in enumerate(np.arange(-1.0, 1.05, 0.2)))
    shapes: list[Shape] = [
        Line((110, 90, 70), 0.04, ((0.45, 0.05), (0.45, -0.75))),
        box(house, -0.5, 0.08 - high, 0.3, 0.1),
        box(funnel, -0.25, -0.25 - high, 0.0, 0.08 - high),
        Area(hull, ((-0.92, 0.08), (0.98, 0.02), (0.68, 0.55), (-0.7, 0.55))),
        *(Disc(_PALE, 0.05, x, 0.25) for x in (-0.5, -0.2, 0.1, 0.4)),
        Area((50, 100, 160), (*sea, (1.0, 0.85), (-1.0, 0.85))),
    ]
    return placed(shapes, rng, 4)


def bird(rng: np.random.Generator) -> Picture:
    """Draw a plump body with a wing, a pointed tail, a beak and two thin legs."""
    coat, wing = paint(rng), paint(rng)
    shapes: list[Shape] = [
        *(Line((200, 140, 40), 0.045, ((x, 0.4), (x + 0.03, 0.85))) for x in (-0.08, 0.12)),
        Area(wing, ((-0.4, 0.1), (-0.95, 0.35), (-0.85, 0.5), (-0.3, 0.35))),
        oval(coat, 0, 0.15, 0.5, rng.uniform(0.3, 0.38)),
        Disc(coat, 0.26, 0.42, -0.25),
        Area((240, 160, 30), ((0.63, -0.32), (0.95, -0.22), (0.63, -0.13))),
        Disc(_BLACK, 0.05, 0.5, -0.3),
        Area(wing, ((-0.35, 0.0), (0.25, 0.02), (0.0, 0.35), (-0.4, 0.3))),
    ]
    return placed(shapes, rng, 10)


def frog(rng: np.random.Generator) -> Picture:
    """Draw a wide body from the front with eyes on top, a long mouth and bent legs."""
    coat = paint(rng, ((60, 140, 60), (110, 150, 60), (90, 110, 50), (150, 130, 60)))
    shapes: list[Shape] = []
    for side in (-1, 1):
        shapes += [oval(coat, side * 0.62, 0.42, 0.26, 0.32), oval(coat, side * 0.6, 0.75, 0.34, 0.09)]
        shapes += [Line(coat, 0.14, ((side * 0.25, 0.4), (side * 0.28, 0.8)))]
    shapes += [oval(coat, 0, 0.25, 0.55, 0.5), oval((220, 225, 170), 0, 0.45, 0.32, 0.28)]
    for side in (-1, 1):
        shapes += [
            Disc(coat, 0.2, side * 0.3, -0.3),
            Disc(_PALE, 0.12, side * 0.3, -0.33),
            Disc(_BLACK, 0.06, side * 0.3, -0.33),
        ]
    shapes += [Line(_BLACK, 0.035, arc(0, -0.1, 0.36, rng.uniform(0.1, 0.2), 15, 165))]
    return placed(shapes, rng)


def _four_legged(rng: np.random.Generator, legs: float, neck: float, tail: Shape, coat: Colour) -> list[Shape]:
    """Draw the trunk, legs and neck of an animal that stands and looks to the right."""
    wide = rng.uniform(0.08, 0.12)
    return [
        tail,
        *(Line(coat, wide, ((x, 0.2), (x + rng.uniform(-0.04, 0.04), 0.2 + legs))) for x in (-0.5, -0.33, 0.28, 0.45)),
        oval(coat, -0.02, 0.1, 0.58, rng.uniform(0.22, 0.28)),
        Line(coat, 0.2, ((0.42, 0.05), (0.58, 0.05 - neck))),
    ]


def horse(rng: np.random.Generator) -> Picture:
    """Draw long legs, a long neck with a mane, a long head and a hanging tail."""
    coat, mane = paint(rng, _COATS), paint(rng, (_BLACK, (90, 60, 40), (210, 190, 150)))
    tail = Line(mane, 0.1, ((-0.55, 0.0), (-0.75, 0.2), (-0.72, 0.55)))
    shapes = _four_legged(rng, 0.68, 0.5, tail, coat)
    shapes += [Line(mane, 0.08, ((0.38, -0.05), (0.5, -0.55))), oval(coat, 0.72, -0.45, 0.22, 0.12)]
    shapes += [Area(coat, ((0.52, -0.5), (0.56, -0.72), (0.63, -0.52))), Disc(_BLACK, 0.035, 0.7, -0.48)]
    return placed(shapes, rng)


def deer(rng: np.random.Generator) -> Picture:
    """Draw thin legs, antlers, a short tail and a spotted back."""
    coat = paint(rng, ((170, 110, 60), (150, 100, 60), (190, 140, 90)))
    shapes = _four_legged(rng, 0.65, 0.42, Disc(_PALE, 0.09, -0.6, 0.02), coat)
    shapes += [oval(coat, 0.68, -0.4, 0.17, 0.11), Disc(_BLACK, 0.035, 0.68, -0.43)]
    shapes += [Disc(_PALE, 0.035, x, y) for x, y in ((-0.3, 0.0), (-0.1, -0.05), (0.1, 0.0), (-0.2, 0.12))]
    for lean in (-0.16, 0.1):
        shapes += [Line((110, 80, 50), 0.045, ((0.6, -0.48), (0.6 + lean, -0.8), (0.6 + 1.6 * lean, -0.95)))]
        shapes += [Line((110, 80, 50), 0.04, ((0.6 + lean, -0.76), (0.62 + lean, -0.95)))]
    return placed(shapes, rng)


def dog(rng: np.random.Generator) -> Picture:
    """Draw a standing dog: a hanging ear, a snout with a nose, a raised tail."""
    coat, dark = paint(rng, _COATS), paint(rng, (_BLACK, (90, 60, 40), (120, 90, 60)))
    tail = Line(coat, 0.1, ((-0.52, 0.0), (-0.75, -0.2), (-0.8, -0.45)))
    shapes = _four_legged(rng, 0.5, 0.22, tail, coat)
    shapes += [Disc(coat, 0.23, 0.62, -0.25), oval(coat, 0.82, -0.18, 0.17, 0.1), Disc(_BLACK, 0.06, 0.97, -0.2)]
    shapes += [oval(dark, 0.5, -0.2, 0.09, 0.2), Disc(_BLACK, 0.04, 0.7, -0.32)]
    return placed(shapes, rng)


def cat(rng: np.random.Generator) -> Picture:
    """Draw a sitting cat from the front: pointed ears, slit eyes, whiskers, a tail that curls up."""
    coat = paint(rng, _COATS)
    shapes: list[Shape] = [
        Line(coat, 0.12, arc(0.45, 0.5, 0.32, 0.42, 80, -60)),
        oval(coat, 0, 0.45, rng.uniform(0.36, 0.45), 0.48),
        *(Area(coat, ((s * 0.12, -0.55), (s * 0.38, -0.92), (s * 0.42, -0.3))) for s in (-1, 1)),
        Disc(coat, 0.4, 0, -0.32),
    ]
    eyes = paint(rng, ((150, 180, 60), (220, 180, 50), (110, 170, 200)))
    for side in (-1, 1):
        shapes += [oval(eyes, side * 0.17, -0.38, 0.09, 0.08), oval(_BLACK, side * 0.17, -0.38, 0.025, 0.08)]
        shapes += [Line(_PALE, 0.02, ((side * 0.12, -0.16), (side * 0.55, y))) for y in (-0.25, -0.12)]
    shapes += [Area((226, 150, 150), ((-0.06, -0.24), (0.06, -0.24), (0, -0.17)))]
    return placed(shapes, rng)


OBJECTS: dict[str, Callable[[np.random.Generator], Picture]] = {
    draw.__name__: draw for draw in (airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)
}
