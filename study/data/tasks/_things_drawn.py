"""Draws plants and places, which are no animals, from a random stream. Knows nothing of scenes or splits."""

import numpy as np

from study.data.tasks._drawing import Area, Colour, Disc, Line, Picture, Shape
from study.data.tasks._objects_drawn import box, oval, paint, placed

_GREENS: tuple[Colour, ...] = ((50, 110, 50), (90, 140, 60), (40, 80, 50), (130, 150, 60), (170, 120, 40))
_WOODS: tuple[Colour, ...] = ((90, 66, 44), (120, 90, 60), (70, 56, 46), (200, 196, 186))
_STONES: tuple[Colour, ...] = ((110, 108, 110), (140, 126, 110), (90, 80, 76), (170, 160, 150), (120, 70, 50))
_SNOW, _GLASS = (240, 244, 248), (150, 200, 230)


def tree(rng: np.random.Generator) -> Picture:
    """Draw a trunk under a round crown of many leaves, or under a fir's three triangles."""
    leaves, wood = paint(rng, _GREENS), paint(rng, _WOODS)
    shapes: list[Shape] = [Line(wood, rng.uniform(0.1, 0.2), ((0, 0.1), (0, 0.9)))]
    if rng.random() < 0.5:
        for y, wide in ((0.4, 0.62), (0.0, 0.5), (-0.4, 0.36)):
            shapes.append(Area(leaves, ((-wide, y), (wide, y), (0, y - 0.5))))
        return placed(shapes, rng)
    for x, y in rng.uniform((-0.45, -0.6), (0.45, 0.1), (9, 2)):
        shapes.append(Disc(paint(rng, (leaves,)), rng.uniform(0.22, 0.34), x, y))
    return placed(shapes, rng)


def flower(rng: np.random.Generator) -> Picture:
    """Draw a ring of petals around a disc, on a stem with two leaves."""
    petal, green, count = paint(rng), paint(rng, _GREENS), int(rng.integers(5, 10))
    far, large = rng.uniform(0.28, 0.36), rng.uniform(0.13, 0.2)
    shapes: list[Shape] = [Line(green, 0.06, ((0, -0.3), (0.03, 0.9)))]
    shapes += [oval(green, side * 0.22, rng.uniform(0.3, 0.6), 0.2, 0.08) for side in (-1, 1)]
    for angle in np.arange(count) * 2 * np.pi / count:
        shapes.append(Disc(petal, large, far * float(np.cos(angle)), -0.35 + far * float(np.sin(angle))))
    return placed([*shapes, Disc(paint(rng), 0.2, 0, -0.35)], rng)


def mushroom(rng: np.random.Generator) -> Picture:
    """Draw a stalk under a half-round cap, with dots on some."""
    cap, wide, high = paint(rng), rng.uniform(0.5, 0.8), rng.uniform(0.45, 0.7)
    rim = [(wide * float(np.cos(angle)), -high * float(np.sin(angle))) for angle in np.linspace(0, np.pi, 20)]
    shapes: list[Shape] = [
        Area(
            paint(rng, ((230, 220, 200), (200, 180, 150))), ((-0.15, -0.05), (0.15, -0.05), (0.22, 0.85), (-0.22, 0.85))
        ),
        Area(cap, tuple(rim)),
    ]
    for x, y in rng.uniform((-0.6, -0.7), (0.6, -0.2), (int(rng.integers(0, 8)), 2)):
        shapes.append(Disc(_SNOW, rng.uniform(0.04, 0.08), x * wide, y * high))
    return placed(shapes, rng)


def house(rng: np.random.Generator) -> Picture:
    """Draw walls under a pitched roof, with a door, windows and a chimney."""
    wide, top, roof = rng.uniform(0.55, 0.8), rng.uniform(-0.3, 0.0), paint(rng)
    shapes: list[Shape] = [
        box(paint(rng, _STONES), 0.25, top - 0.6, 0.42, top),
        box(paint(rng), -wide, top, wide, 0.85),
        Area(roof, ((-wide - 0.1, top), (wide + 0.1, top), (rng.uniform(-0.2, 0.2), top - rng.uniform(0.4, 0.6)))),
        box(paint(rng, _WOODS), -0.12, 0.4, 0.12, 0.85),
    ]
    for side in (-1, 1):
        shapes.append(box(_GLASS, side * 0.38 - 0.12, top + 0.15, side * 0.38 + 0.12, top + 0.4))
    return placed(shapes, rng, 2)


def mountains(rng: np.random.Generator) -> Picture:
    """Draw two or three peaks of stone, the high ones with snow, and for some the sun."""
    shapes: list[Shape] = [Disc((250, 220, 120), 0.18, rng.uniform(-0.7, 0.7), -0.75)] if rng.random() < 0.5 else []
    for x in rng.permutation((-0.5, 0.0, 0.5))[: int(rng.integers(2, 4))]:
        top, half = rng.uniform(-0.7, -0.1), rng.uniform(0.4, 0.6)
        shapes.append(Area(paint(rng, _STONES), ((x - half, 0.8), (x, top), (x + half, 0.8))))
        if top < -0.3:
            shapes.append(Area(_SNOW, ((x - half / 4, top + 0.3), (x, top), (x + half / 4, top + 0.3))))
    return placed([*shapes, box(paint(rng, _GREENS), -1, 0.72, 1, 0.95)], rng, 2)


def crane(rng: np.random.Generator) -> Picture:
    """Draw a building site: a mast with crossing struts, a long arm, a load on a rope, a half-built wall."""
    steel, high = paint(rng), rng.uniform(-0.85, -0.6)
    shapes: list[Shape] = [box(paint(rng, _STONES), 0.05, rng.uniform(0.2, 0.5), 0.9, 0.9)]
    shapes += [Line(steel, 0.05, ((x, 0.9), (x, high))) for x in (-0.45, -0.25)]
    for y in np.arange(high, 0.7, 0.2):
        shapes.append(Line(steel, 0.03, ((-0.45, y), (-0.25, y + 0.2))))
    shapes += [Line(steel, 0.07, ((-0.8, high), (0.9, high))), box(paint(rng, _STONES), -0.85, high, -0.65, high + 0.2)]
    rope, low = rng.uniform(0.2, 0.8), rng.uniform(-0.4, 0.1)
    shapes += [
        Line((40, 40, 44), 0.02, ((rope, high), (rope, low))),
        box(paint(rng), rope - 0.1, low, rope + 0.1, low + 0.16),
    ]
    return placed(shapes, rng, 2)
