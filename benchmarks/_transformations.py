"""Makes copies of a photograph as people and programs make them. Knows nothing of how copies are found."""

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

Transformation = Callable[[Image.Image, np.random.Generator], Image.Image]


def _saved(image: Image.Image, **options: object) -> Image.Image:
    file = BytesIO()
    image.save(file, **options)  # type: ignore[arg-type]
    return Image.open(file).convert("RGB")


def _resized(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((max(8, round(image.width * factor)), max(8, round(image.height * factor))))


def _crop(image: Image.Image, random: np.random.Generator, most: float) -> Image.Image:
    left, top, right, bottom = random.uniform(0, most, 4)
    wide, high = image.size
    return image.crop((round(left * wide), round(top * high), round((1 - right) * wide), round((1 - bottom) * high)))


def _gamma(image: Image.Image, power: float) -> Image.Image:
    return image.point([round(255 * (value / 255) ** power) for value in range(256)] * 3)


def _letterbox(image: Image.Image, random: np.random.Generator) -> Image.Image:
    return ImageOps.pad(image, (max(image.size),) * 2, color=("black", "white")[int(random.integers(2))])


def _framed(image: Image.Image, random: np.random.Generator) -> Image.Image:
    colour = tuple(int(value) for value in random.integers(0, 256, 3))
    return ImageOps.expand(image, max(2, round(0.1 * max(image.size))), colour)


def _several(image: Image.Image, random: np.random.Generator) -> Image.Image:
    smaller = _resized(ImageOps.mirror(image), 0.5)
    return _saved(ImageEnhance.Brightness(smaller).enhance(random.uniform(0.7, 1.3)), format="JPEG", quality=70)


def _tilted(image: Image.Image, random: np.random.Generator) -> Image.Image:
    return image.rotate(random.uniform(-10, 10), Image.Resampling.BICUBIC)


KINDS: Mapping[str, Transformation] = {
    "resized to a half": lambda image, random: _resized(image, 0.5),
    "resized to a quarter": lambda image, random: _resized(image, 0.25),
    "resized to twice the size": lambda image, random: _resized(image, 2),
    "squeezed into a square of 224 px": lambda image, random: image.resize((224, 224)),
    "saved as JPEG of quality 30": lambda image, random: _saved(image, format="JPEG", quality=30),
    "saved as WebP of quality 50": lambda image, random: _saved(image, format="WEBP", quality=50),
    "saved as GIF of 64 colours": lambda image, random: image.quantize(64).convert("RGB"),
    "mirrored": lambda image, random: ImageOps.mirror(image),
    "brightness times 0.5 to 1.5": lambda image, random: ImageEnhance.Brightness(image).enhance(
        random.uniform(0.5, 1.5)
    ),
    "contrast times 0.5 to 1.5": lambda image, random: ImageEnhance.Contrast(image).enhance(random.uniform(0.5, 1.5)),
    "gamma 0.5 to 2": lambda image, random: _gamma(image, 2 ** random.uniform(-1, 1)),
    "made grey": lambda image, random: image.convert("L").convert("RGB"),
    "mirrored, halved, relit, JPEG of quality 70": _several,
    "turned by 90°, 180° or 270°": lambda image, random: image.transpose(Image.Transpose(int(random.integers(2, 5)))),
    "letterboxed to a square": _letterbox,
    "framed in a colour, a tenth wide": _framed,
    "cropped by up to 5 % a side": lambda image, random: _crop(image, random, 0.05),
    "cropped by up to 10 % a side": lambda image, random: _crop(image, random, 0.1),
    "cropped by up to 20 % a side": lambda image, random: _crop(image, random, 0.2),
    "tilted by up to 10°, black corners": _tilted,
}
"""What is done to a photograph → the function that does it."""
