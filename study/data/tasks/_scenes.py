"""Puts a flat picture into a scene, as if filmed by a passing camera: pose, background, light, weather, blur, noise.
Knows nothing of a picture's content, of classes or of data sets."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_DISTANCE = 4.0  # of the camera, in half sides of the picture
_FIELD = 128  # pixels of a background
_PALETTES = (
    ((70, 95, 45), (120, 140, 80)),  # trees
    ((35, 45, 30), (70, 80, 60)),  # a wood's edge
    ((150, 175, 210), (225, 235, 245)),  # sky
    ((235, 238, 240), (200, 205, 210)),  # white sky
    ((130, 110, 95), (190, 175, 160)),  # houses
    ((90, 90, 95), (140, 140, 140)),  # road and concrete
)
_PLATES = ((235, 235, 235), (245, 200, 40), (30, 80, 160), (180, 30, 40), (60, 60, 60))


class Appearance(NamedTuple):
    """The properties that the frames of one track share."""

    background: Image.Image
    pixels: tuple[float, float]
    """Side of the first and of the last frame as the camera records it."""
    angles: tuple[float, float, float]
    """Turns about the vertical, the horizontal and the line of sight, radians."""
    share: float
    """Side of the picture as a share of the frame's."""
    offset: tuple[float, float]
    """Shift of the picture, a share of half the frame."""
    light: np.ndarray
    """(3,) gain per colour."""
    shade: tuple[float, float, float]
    """Change of light to the right and downwards, and haze, as shares."""
    shadow: tuple[float, float, float]
    """A shadow's edge (angle, position) and its depth, 0 for none."""
    blur: float
    """Radius as a share of a camera pixel."""
    smear: int
    """Pixels of the drawing over which the moving camera smears."""
    noise: float
    """Standard deviation, grey levels."""


def look_of(rng: np.random.Generator, zoom: float) -> Appearance:
    """Draw a track's appearance at random; `zoom` is the size of the picture in the frame, 1 fills most of it."""
    near = math.exp(rng.uniform(math.log(26), math.log(80)))
    share = rng.uniform(0.74, 0.92) * zoom
    slack = 0.6 * (1 - share)
    brightness = math.exp(rng.uniform(math.log(0.33), math.log(1.3)))
    return Appearance(
        background=_background(rng, share),
        pixels=(max(14, near / rng.uniform(1.3, 2.4)), near),
        angles=(rng.normal(0, 0.26), rng.normal(0, 0.13), rng.normal(0, 0.06)),
        share=share,
        offset=(rng.uniform(-slack, slack), rng.uniform(-slack, slack)),
        light=brightness * np.exp(rng.normal(0, 0.07, 3)),
        shade=(rng.normal(0, 0.15), rng.normal(0, 0.15), rng.beta(1.2, 7)),
        shadow=(rng.uniform(0, 2 * math.pi), rng.uniform(-0.6, 0.6), rng.uniform(0.3, 0.65) * (rng.random() < 0.25)),
        blur=rng.gamma(2, 0.18),
        smear=int(rng.integers(2, 6)) if rng.random() < 0.25 else 1,
        noise=rng.uniform(1, 7),
    )


def _background(rng: np.random.Generator, share: float) -> Image.Image:
    """Paint a background: two grounds, coarse and fine texture, some things with edges, the post and other plates."""
    above, below = (_PALETTES[n] for n in rng.integers(0, len(_PALETTES), 2))
    image = Image.new("RGB", (_FIELD, _FIELD))
    image.paste(_texture(rng, above, int(rng.integers(2, 12))))
    horizon = int(rng.uniform(0.2, 1.0) * 128)
    image.paste(_texture(rng, below, int(rng.integers(2, 24))).crop((0, 0, 128, _FIELD - horizon)), (0, horizon))
    canvas = ImageDraw.Draw(image)
    for _ in range(rng.integers(0, 7)):
        (x, y), (wide, high) = rng.uniform(-20, 128, 2), rng.gamma(2, 14, 2)
        colour = np.clip(rng.uniform(30, 220) + rng.normal(0, 18, 3), 0, 255).astype(int)
        canvas.rectangle((x, y, x + wide, y + high), fill=tuple(colour.tolist()))
    if rng.random() < 0.7:
        canvas.rectangle((61, 64, 66, 128), fill=(int(rng.integers(70, 170)),) * 3)
    if rng.random() < 0.35:
        edge = min(64 + 56 * share * rng.uniform(1.0, 1.1), 127)
        canvas.rectangle((30, edge, 98, 128), fill=_PLATES[rng.integers(len(_PLATES))])
    return image


def _texture(
    rng: np.random.Generator, palette: tuple[tuple[int, int, int], tuple[int, int, int]], grain: int
) -> Image.Image:
    low, high = np.array(palette[0], float), np.array(palette[1], float)
    mix = rng.normal(0.5, 0.45, (grain, grain, 1)) + rng.normal(0, 0.12, (grain, grain, 3))
    coarse = np.clip(low + (high - low) * mix, 0, 255).astype(np.uint8)
    return Image.fromarray(coarse).resize((_FIELD, _FIELD), Image.Resampling.BICUBIC)


def frame(drawn: list[Image.Image], look: Appearance, near: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Render one frame.

    Args:
        drawn: a picture and its halvings, largest first.
        look: of the track.
        near: from 0, the first frame of a track, to 1, the last.
        size: side of the image in pixels; the camera's view does not depend on it.
        rng: of the track.

    Returns:
        (size, size, 3) uint8.
    """
    pixels = look.pixels[0] * (look.pixels[1] / look.pixels[0]) ** near
    camera_side, side = round(pixels), 2 * round(pixels)
    window = np.array([8.0, 8.0, 120.0, 120.0]) + np.tile(rng.normal(0, 2, 2), 2)
    scene = look.background.resize((side, side), Image.Resampling.BILINEAR, tuple(np.clip(window, 0, 128)))
    picture = _posed(drawn, look, near, side, rng)
    scene.paste(picture, (0, 0), picture)
    scene = scene.filter(ImageFilter.GaussianBlur(2 * look.blur))
    lit = _lit(_smeared(np.asarray(scene, np.float32), look.smear), look)
    small = Image.fromarray(lit).resize((camera_side, camera_side), Image.Resampling.BOX)
    noise = rng.normal(0, look.noise, (camera_side, camera_side, 3)).astype(np.float32)
    noisy = np.asarray(small, np.float32) + noise
    final = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    return np.asarray(final.resize((size, size), Image.Resampling.BICUBIC))


def daylight(drawn: Image.Image, size: int, rng: np.random.Generator) -> np.ndarray:
    """Render a picture from the front in good light, in front of two grounds.

    Args:
        drawn: the picture, transparent around it.
        size: side of the image in pixels; the scene does not depend on it.
        rng: of the image.

    Returns:
        (size, size, 3) uint8.
    """
    above, below = (_PALETTES[n] for n in rng.integers(0, len(_PALETTES), 2))
    horizon = int(rng.uniform(0.4, 0.8) * _FIELD)
    scene = _texture(rng, above, int(rng.integers(2, 8)))
    scene.paste(_texture(rng, below, int(rng.integers(2, 16))).crop((0, 0, _FIELD, _FIELD - horizon)), (0, horizon))
    picture = drawn.resize((_FIELD, _FIELD), Image.Resampling.BOX)
    scene.paste(picture, (0, 0), picture)
    lit = np.asarray(scene, np.float32) * (rng.uniform(0.75, 1.15) * np.exp(rng.normal(0, 0.05, 3)))
    noisy = lit + rng.normal(0, 6, (_FIELD, _FIELD, 3))
    final = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    return np.asarray(final.resize((size, size), Image.Resampling.BOX if size < _FIELD else Image.Resampling.BICUBIC))


def _posed(drawn: list[Image.Image], look: Appearance, near: float, side: int, rng: np.random.Generator) -> Image.Image:
    """Rotate the picture in space and project it. The rotation grows a little as the camera passes."""
    source = next((image for image in reversed(drawn) if image.width >= look.share * side), drawn[0])
    jitter = rng.normal(0, 0.02, 6)
    yaw, pitch, roll = np.array(look.angles) * (1 + 0.3 * near, 1, 1) + jitter[:3]
    half = look.share * (1 + jitter[3]) * side / 2
    x, y = side / 2 * (1 + np.array(look.offset) + jitter[4:])
    to_frame = _scaling(half, x, y) @ _projection(yaw, pitch, roll)
    from_frame = _scaling(source.width / 2, source.width / 2, source.width / 2) @ np.linalg.inv(to_frame)
    coefficients = tuple((from_frame / from_frame[2, 2]).ravel()[:8])
    return source.transform((side, side), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)


def _scaling(scale: float, x: float, y: float) -> np.ndarray:
    return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])


def _projection(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return the homography of the picture's plane, rotated in front of a camera that looks at its middle."""
    (cy, sy), (cp, sp), (cr, sr) = ((math.cos(angle), math.sin(angle)) for angle in (yaw, pitch, roll))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    turned = (about_y @ about_x @ about_z)[:, :2]
    return np.column_stack([turned * [[1], [1], [1 / _DISTANCE]], [0, 0, 1]])


def _smeared(scene: np.ndarray, pixels: int) -> np.ndarray:
    """Average the scene along a row, as a moving camera does."""
    if pixels < 2:
        return scene
    return sum((np.roll(scene, shift, axis=1) for shift in range(pixels)), np.zeros_like(scene)) / pixels


def _lit(scene: np.ndarray, look: Appearance) -> np.ndarray:
    """Apply the light, its change over the frame and a shadow; add haze."""
    across = np.linspace(-1, 1, len(scene), dtype=np.float32)
    right, down = across[None, :, None], across[:, None, None]
    angle, position, depth = look.shadow
    shaded = right * math.cos(angle) + down * math.sin(angle) > position
    light = (1 + look.shade[0] * right + look.shade[1] * down) * (1 - depth * shaded) * look.light.astype(np.float32)
    haze = look.shade[2]
    veil = 190 * float(look.light.mean())
    return np.clip((scene * (1 - haze)) * light + haze * veil, 0, 255).astype(np.uint8)
