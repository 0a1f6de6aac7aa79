"""The 43 signs of GTSRB as pictures, in the order of its class numbers, after Germany's road traffic rules (StVO).
Knows nothing of scenes or pixels."""

from study.data.tasks._drawing import Area, Colour, Disc, Line, Picture, Point, arc, mirrored, moved, polygon, text

RED, BLUE, YELLOW = (190, 24, 34), (22, 84, 168), (246, 186, 24)
WHITE, BLACK, GREY, GREEN = (242, 242, 240), (22, 22, 24), (140, 142, 144), (20, 150, 80)


def _ring(*inside: Picture) -> Picture:
    return (Disc(WHITE), Disc(RED, 0.97), Disc(WHITE, 0.74), *(shape for picture in inside for shape in picture))


def _limit(number: str) -> Picture:
    if len(number) == 2:
        return _ring(text(number, BLACK, 0.66, 0.155, 0.34))
    return _ring(text(number, BLACK, 0.6, 0.125, 0.23))


def _end(*inside: Picture) -> Picture:
    bands = [Line(BLACK, 0.055, ((-0.62 + d, 0.62 + d), (0.62 + d, -0.62 + d))) for d in (-0.2, -0.1, 0.0, 0.1, 0.2)]
    symbols = [shape for picture in inside for shape in picture]
    return (Disc(GREY), Disc(WHITE, 0.95), *symbols, *bands)


def _danger(*inside: Picture) -> Picture:
    outer = ((0.0, -0.82), (0.9, 0.72), (-0.9, 0.72))
    inner = ((0.0, -0.5), (0.62, 0.55), (-0.62, 0.55))
    rim = (Line(WHITE, 0.2, (*outer, outer[0])), Line(RED, 0.15, (*outer, outer[0])), Area(RED, outer))
    return (
        *rim,
        Area(WHITE, inner),
        Line(WHITE, 0.04, (*inner, inner[0])),
        *(s for picture in inside for s in picture),
    )


def _must(*inside: Picture) -> Picture:
    return (Disc(WHITE), Disc(BLUE, 0.95), *(shape for picture in inside for shape in picture))


def _arrow(colour: Colour, width: float, *points: Point, head: float = 2.0) -> Picture:
    """Draw a line that ends in an arrow head, which extends `head` times half the line's width to each side."""
    (x0, y0), (x1, y1) = points[-2:]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = (x1 - x0) / length * width * head, (y1 - y0) / length * width * head
    tip = ((x1 - dy * 0.75, y1 + dx * 0.75), (x1 + dy * 0.75, y1 - dx * 0.75), (x1 + dx, y1 + dy))
    return (Line(colour, width, points), Area(colour, tip))


def _car(colour: Colour) -> Picture:
    """Draw a car from behind, 0.5 wide."""
    body = Area(colour, ((-0.25, -0.02), (0.25, -0.02), (0.25, 0.17), (-0.25, 0.17)))
    roof = Line(colour, 0.07, ((-0.2, 0.0), (-0.14, -0.17), (0.14, -0.17), (0.2, 0.0)))
    wheels = [Area(colour, ((x, 0.15), (x + 0.1, 0.15), (x + 0.1, 0.26), (x, 0.26))) for x in (-0.24, 0.14)]
    return (body, roof, *wheels)


def _van(colour: Colour) -> Picture:
    """Draw a lorry from behind, 0.5 wide."""
    body = Area(colour, ((-0.26, -0.36), (0.26, -0.36), (0.26, 0.16), (-0.26, 0.16)))
    wheels = [Area(colour, ((x, 0.14), (x + 0.13, 0.14), (x + 0.13, 0.27), (x, 0.27))) for x in (-0.26, 0.13)]
    return (body, *wheels)


def _lorry(colour: Colour) -> Picture:
    """Draw a lorry from the side."""
    box = Area(colour, ((-0.58, -0.26), (0.14, -0.26), (0.14, 0.14), (-0.58, 0.14)))
    cab = Area(
        colour, ((0.18, -0.14), (0.4, -0.14), (0.56, 0.02), (0.56, 0.18), (-0.5, 0.18), (-0.5, 0.12), (0.18, 0.12))
    )
    wheels = [disc for x in (-0.36, 0.36) for disc in (Disc(WHITE, 0.15, x, 0.18), Disc(colour, 0.115, x, 0.18))]
    return (box, cab, *wheels)


def _walker(stride: float, reach: float) -> Picture:
    """Draw a person walking to the left; `stride` and `reach` are the extents of legs and arms."""
    head, trunk = Disc(BLACK, 0.085, -0.02, -0.33), Line(BLACK, 0.13, ((0.0, -0.17), (0.01, 0.06)))
    legs = [
        Line(BLACK, 0.085, ((0.0, 0.08), (-stride * 0.6, 0.26), (-stride, 0.46))),
        Line(BLACK, 0.085, ((0.01, 0.08), (stride * 0.55, 0.27), (stride, 0.45))),
    ]
    arms = Line(BLACK, 0.06, ((-reach, 0.06), (-reach * 0.6, -0.08), (0.0, -0.17), (reach * 0.7, -0.04), (reach, 0.08)))
    return (head, trunk, *legs, arms)


_BEND = _arrow(BLACK, 0.15, (0.16, 0.46), (0.16, 0.2), (0.0, 0.0), (-0.1, -0.08), head=1.5)
_DIGGER: Picture = (
    Disc(BLACK, 0.08, -0.02, -0.3),
    Line(BLACK, 0.12, ((0.0, -0.16), (0.12, 0.1))),
    Line(BLACK, 0.08, ((0.12, 0.1), (-0.05, 0.26), (-0.1, 0.47))),
    Line(BLACK, 0.08, ((0.12, 0.1), (0.22, 0.28), (0.2, 0.47))),
    Line(BLACK, 0.05, ((0.02, -0.14), (-0.12, 0.06), (0.1, 0.14))),
    Line(BLACK, 0.04, ((0.24, 0.02), (-0.34, 0.34))),
    Area(BLACK, ((-0.52, 0.5), (-0.36, 0.26), (-0.18, 0.5))),
)
_BICYCLE: Picture = (
    *(Line(BLACK, 0.05, arc(x, 0.28, 0.18, 0.18, 0, 360)) for x in (-0.27, 0.27)),
    Line(BLACK, 0.05, ((-0.27, 0.28), (-0.12, 0.0), (0.16, 0.0), (0.02, 0.28), (-0.12, 0.0))),
    Line(BLACK, 0.05, ((0.02, 0.28), (-0.27, 0.28))),
    Line(BLACK, 0.05, ((0.27, 0.28), (0.14, -0.08), (0.26, -0.12))),
    Line(BLACK, 0.06, ((-0.2, -0.06), (-0.06, -0.06))),
)
_FLAKE: Picture = tuple(
    Line(BLACK, 0.055, points)
    for turn in range(0, 360, 60)
    for (end, fork, left, right) in [
        [arc(0, 0.14, r, r, turn + a + 30, turn + a + 30)[0] for r, a in ((0.36, 0), (0.2, 0), (0.34, 22), (0.34, -22))]
    ]
    for points in (((0.0, 0.14), end), (left, fork, right))
)
_DEER: Picture = (
    Area(BLACK, ((-0.26, -0.12), (0.1, 0.0), (0.3, 0.06), (0.34, 0.18), (0.22, 0.22), (0.0, 0.18), (-0.14, 0.16))),
    Line(BLACK, 0.09, ((-0.18, -0.02), (-0.26, -0.2))),
    Line(BLACK, 0.09, ((-0.26, -0.2), (-0.38, -0.12))),
    Line(BLACK, 0.035, ((-0.22, -0.22), (-0.1, -0.38), (-0.16, -0.42))),
    Line(BLACK, 0.035, ((-0.14, -0.32), (-0.02, -0.34))),
    Line(BLACK, 0.055, ((-0.1, 0.12), (-0.3, 0.2), (-0.42, 0.14))),
    Line(BLACK, 0.055, ((-0.06, 0.14), (-0.22, 0.32), (-0.36, 0.36))),
    Line(BLACK, 0.055, ((0.26, 0.14), (0.38, 0.28), (0.34, 0.48))),
    Line(BLACK, 0.055, ((0.2, 0.16), (0.22, 0.32), (0.42, 0.44))),
)
_SKID: Picture = (
    *moved(_car(BLACK), 0.02, 0.02, 0.85),
    *(Line(BLACK, 0.05, ((x, 0.28), (x + 0.09, 0.34), (x - 0.05, 0.42), (x + 0.04, 0.5))) for x in (-0.16, 0.16)),
)
_LIGHTS: Picture = (
    Line(BLACK, 0.24, ((0.0, -0.16), (0.0, 0.36))),
    *(Disc(colour, 0.095, 0.0, y) for colour, y in ((RED, -0.16), (YELLOW, 0.1), (GREEN, 0.36))),
)
_TURN = _arrow(WHITE, 0.24, (-0.2, 0.6), (-0.2, -0.08), (0.2, -0.08), head=1.6)
_EITHER: Picture = (
    *_arrow(WHITE, 0.2, (-0.2, 0.62), (-0.2, -0.3), head=1.7),
    *_arrow(WHITE, 0.2, (-0.2, 0.3), (-0.04, 0.14), (0.3, 0.14), head=1.7),
)
_ROUND: Picture = tuple(
    shape for turn in (30, 150, 270) for shape in _arrow(WHITE, 0.17, *arc(0, 0, 0.5, 0.5, turn, turn - 66), head=1.5)
)
_CARS = (*moved(_car(RED), -0.33, 0.03, 1.12), *moved(_car(BLACK), 0.33, 0.03, 1.12))
_LORRIES = (*moved(_van(RED), -0.3, 0.06, 1.1), *moved(_car(BLACK), 0.36, 0.08))
_GREY_CARS = (*moved(_car(GREY), -0.33, 0.03, 1.12), *moved(_car(GREY), 0.33, 0.03, 1.12))
_GREY_LORRIES = (*moved(_van(GREY), -0.3, 0.06, 1.1), *moved(_car(GREY), 0.36, 0.08))
_DOWN = ((0.0, 0.86), (-0.92, -0.7), (0.92, -0.7))
_YIELD: Picture = (
    Line(WHITE, 0.16, (*_DOWN, _DOWN[0])),
    Line(RED, 0.12, (*_DOWN, _DOWN[0])),
    Area(RED, _DOWN),
    Area(WHITE, ((0.0, 0.44), (-0.54, -0.46), (0.54, -0.46))),
)
_STOP: Picture = (
    Area(WHITE, polygon(8, 1.0, 22.5)),
    Area(RED, polygon(8, 0.94, 22.5)),
    *text("STOP", WHITE, 0.5, 0.105, 0.21),
)
_PRIORITY: Picture = (
    Area(BLACK, polygon(4, 1.0, 0)),
    Area(WHITE, polygon(4, 0.96, 0)),
    Area(BLACK, polygon(4, 0.66, 0)),
    Area(YELLOW, polygon(4, 0.62, 0)),
)
_CROSSING: Picture = (
    *_arrow(BLACK, 0.17, (0.0, 0.46), (0.0, -0.08), head=1.5),
    Line(BLACK, 0.09, ((-0.24, 0.22), (0.24, 0.22))),
)
_EXCLAMATION: Picture = (
    Area(BLACK, ((-0.095, -0.3), (0.095, -0.3), (0.055, 0.22), (-0.055, 0.22))),
    Disc(BLACK, 0.09, 0.0, 0.4),
)
_S_BEND = (Line(BLACK, 0.13, ((0.14, 0.47), (0.14, 0.28), (-0.12, 0.12), (0.1, -0.06), (0.02, -0.26))),)
_BUMPS = (
    Area(
        BLACK,
        ((-0.46, 0.44), *arc(-0.21, 0.34, 0.2, 0.2, 180, 360), *arc(0.21, 0.34, 0.2, 0.2, 180, 360), (0.46, 0.44)),
    ),
)
_NARROWS: Picture = (
    Line(BLACK, 0.1, ((-0.16, 0.46), (-0.16, -0.12))),
    Line(BLACK, 0.1, ((0.3, 0.46), (0.3, 0.3), (0.08, 0.12), (0.08, -0.12))),
)
_STRIPES = tuple(Line(BLACK, 0.05, ((x, 0.38), (x - 0.06, 0.5))) for x in (-0.44, -0.26, 0.28, 0.46))

SIGNS: tuple[Picture, ...] = (
    *(_limit(number) for number in ("20", "30", "50", "60", "70", "80")),
    _end(text("80", GREY, 0.66, 0.15, 0.34)),
    _limit("100"),
    _limit("120"),
    _ring(_CARS),
    _ring(_LORRIES),
    _danger(_CROSSING),
    _PRIORITY,
    _YIELD,
    _STOP,
    _ring(),
    _ring(_lorry(BLACK)),
    (Disc(WHITE), Disc(RED, 0.97), Area(WHITE, ((-0.7, -0.17), (0.7, -0.17), (0.7, 0.17), (-0.7, 0.17)))),
    _danger(_EXCLAMATION),
    _danger(_BEND),
    _danger(mirrored(_BEND)),
    _danger(_S_BEND),
    _danger(_BUMPS),
    _danger(_SKID),
    _danger(_NARROWS),
    _danger(_DIGGER),
    _danger(_LIGHTS),
    _danger(_walker(0.16, 0.17), _STRIPES),
    _danger(moved(_walker(0.24, 0.2), -0.17, 0.12, 0.78), moved(_walker(0.22, 0.24), 0.2, 0.06, 0.88)),
    _danger(_BICYCLE),
    _danger(_FLAKE),
    _danger(_DEER),
    _end(),
    _must(_TURN),
    _must(mirrored(_TURN)),
    _must(_arrow(WHITE, 0.24, (0.0, 0.66), (0.0, -0.24), head=1.7)),
    _must(_EITHER),
    _must(mirrored(_EITHER)),
    _must(_arrow(WHITE, 0.24, (-0.44, -0.44), (0.18, 0.18), head=1.8)),
    _must(mirrored(_arrow(WHITE, 0.24, (-0.44, -0.44), (0.18, 0.18), head=1.8))),
    _must(_ROUND),
    _end(_GREY_CARS),
    _end(_GREY_LORRIES),
)
