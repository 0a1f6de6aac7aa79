"""Draws pictures from data: a picture is a tuple of shapes in a square from -1 to 1, y downwards, painted in order.
Knows nothing of scenes or classes. Uses no fonts, so that all machines draw alike."""

import math
from typing import NamedTuple

from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]


class Disc(NamedTuple):
    """A filled circle."""

    colour: Colour
    radius: float = 1.0
    x: float = 0.0
    y: float = 0.0


class Area(NamedTuple):
    """A filled polygon."""

    colour: Colour
    points: tuple[Point, ...]


class Line(NamedTuple):
    """A thick line through points, with round ends and joints."""

    colour: Colour
    width: float
    points: tuple[Point, ...]


Shape = Disc | Area | Line
Picture = tuple[Shape, ...]


def draw(picture: Picture, side: int) -> Image.Image:
    """Paint a picture on a transparent square of `side` pixels."""
    image = Image.new("RGBA", (side, side), (128, 128, 128, 0))
    canvas = ImageDraw.Draw(image)
    for shape in picture:
        _paint(canvas, shape, side / 2)
    return image


def _paint(canvas: ImageDraw.ImageDraw, shape: Shape, half: float) -> None:
    match shape:
        case Disc(colour, radius, x, y):
            canvas.circle(((x + 1) * half, (y + 1) * half), radius * half, fill=colour)
        case Area(colour, points):
            canvas.polygon([((x + 1) * half, (y + 1) * half) for x, y in points], fill=colour)
        case Line(colour, width, points):
            scaled = [((x + 1) * half, (y + 1) * half) for x, y in points]
            canvas.line(scaled, fill=colour, width=round(width * half))
            for point in scaled:
                canvas.circle(point, width * half / 2, fill=colour)


def arc(x: float, y: float, across: float, down: float, start: float, end: float) -> tuple[Point, ...]:
    """Return points on an ellipse, from one angle to another in degrees; 0 is right, 90 is down."""
    steps = max(2, round(abs(end - start) / 12))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return tuple((x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles)


def polygon(corners: int, radius: float, turn: float, x: float = 0.0, y: float = 0.0) -> tuple[Point, ...]:
    """Return a regular polygon's corners, the first at `turn` degrees."""
    return tuple(
        arc(x, y, radius, radius, turn + 360 * n / corners, turn + 360 * n / corners)[0] for n in range(corners)
    )


def mirrored(picture: Picture) -> Picture:
    """Swap left and right."""
    return tuple(
        shape._replace(x=-shape.x) if isinstance(shape, Disc) else shape._replace(points=_flip(shape.points))
        for shape in picture
    )


def moved(picture: Picture, x: float, y: float, scale: float = 1.0) -> Picture:
    """Scale about the middle, then shift."""
    shapes: list[Shape] = []
    for shape in picture:
        if isinstance(shape, Disc):
            shapes.append(Disc(shape.colour, shape.radius * scale, shape.x * scale + x, shape.y * scale + y))
        else:
            shape = shape._replace(points=tuple((px * scale + x, py * scale + y) for px, py in shape.points))
            shapes.append(shape._replace(width=shape.width * scale) if isinstance(shape, Line) else shape)
    return tuple(shapes)


def turned(picture: Picture, degrees: float) -> Picture:
    """Turn about the middle, clockwise."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))

    def turn(x: float, y: float) -> Point:
        return x * cosine - y * sine, x * sine + y * cosine

    shapes: list[Shape] = []
    for shape in picture:
        if isinstance(shape, Disc):
            shapes.append(Disc(shape.colour, shape.radius, *turn(shape.x, shape.y)))
        else:
            shapes.append(shape._replace(points=tuple(turn(x, y) for x, y in shape.points)))
    return tuple(shapes)


def text(letters: str, colour: Colour, height: float, stroke: float, width: float | None = None) -> Picture:
    """Write digits and the letters S, T, O, P around the middle.

    Args:
        letters: the text.
        colour: of the strokes.
        height: of a letter, between the middles of its top and its bottom stroke.
        stroke: thickness of a line.
        width: of a letter, likewise; None for 0.55 of the height.
    """
    wide = 0.55 * height if width is None else width
    step = wide + 1.7 * stroke
    left = -(len(letters) * step - 1.7 * stroke) / 2
    return tuple(
        Line(colour, stroke, tuple((left + n * step + x * wide, (y - 0.5) * height) for x, y in points))
        for n, letter in enumerate(letters)
        for points in _LETTERS[letter]
    )


def _flip(points: tuple[Point, ...]) -> tuple[Point, ...]:
    return tuple((-x, y) for x, y in points)


_RING = arc(0.5, 0.5, 0.5, 0.5, 0, 360)
_LETTERS: dict[str, tuple[tuple[Point, ...], ...]] = {  # strokes in a unit square, y downwards
    "0": ((*arc(0.5, 0.32, 0.5, 0.32, 180, 360), *arc(0.5, 0.68, 0.5, 0.32, 0, 180), (0, 0.32)),),
    "1": (((0.1, 0.28), (0.6, 0), (0.6, 1)),),
    "2": ((*arc(0.5, 0.28, 0.48, 0.28, 185, 395), (0, 1), (1, 1)),),
    "3": (arc(0.45, 0.25, 0.45, 0.25, 200, 450), arc(0.45, 0.73, 0.52, 0.27, 270, 520)),
    "5": (((0.9, 0), (0.15, 0), (0.08, 0.5), *arc(0.45, 0.68, 0.52, 0.32, 225, 510)),),
    "6": (arc(0.5, 0.68, 0.5, 0.32, 0, 360), ((0, 0.68), *arc(0.85, 0.68, 0.85, 0.68, 190, 262))),
    "7": (((0, 0), (1, 0), (0.35, 1)),),
    "8": (arc(0.5, 0.25, 0.42, 0.25, 0, 360), arc(0.5, 0.74, 0.5, 0.26, 0, 360)),
    "S": ((*arc(0.5, 0.26, 0.46, 0.26, -25, -270), *arc(0.5, 0.76, 0.5, 0.24, -90, 155)),),
    "T": (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),
    "O": (_RING,),
    "P": (((0.05, 1), (0.05, 0), *arc(0.55, 0.27, 0.42, 0.27, -90, 90), (0.05, 0.54)),),
}
