"""Converts pixels of any kind to 8-bit RGB as a person would see them, some rows at a time.

Knows nothing of files.
"""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

_WITH_ALPHA = {"LA", "La", "PA", "RGBA", "RGBa"}
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262  # tags of TIFF
_WHITE_IS_ZERO = 0
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BAND = 4 * 10**6
"""Pixels that are converted at a time. A conversion makes several copies of them, of up to eight bytes per value."""


def rgb(image: Image.Image) -> Image.Image:
    """Convert an image to RGB; one that is RGB already is returned as it is.

    Raises:
        ValueError: it is unknown which number is white, or a number lies beyond white.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    convert = _conversion(image)
    if image.width * image.height <= BAND:
        return convert(image)
    whole = Image.new("RGB", image.size)
    for top, band in bands(image):
        whole.paste(convert(band), (0, top))
    return whole


def upright(image: Image.Image, turn: object) -> Image.Image:
    """Turn an image upright. `ImageOps.exif_transpose` would rewrite all EXIF data, and may fail at that.

    Args:
        image: as stored in the file.
        turn: EXIF's orientation, 1 to 8; anything else leaves the image as it is.
    """
    method = _TURNS.get(turn)  # type: ignore[call-overload]
    return image if method is None else image.transpose(method)


def bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Cut an image into bands of rows, each with the number of its first row."""
    rows = max(BAND // image.width, 1)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _conversion(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    if image.mode == "F" or image.mode[0] == "I":
        white, hidden = _white(image), image.info.get("transparency")
        _check_range(image, white)
        inverted = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO  # Pillow inverts 8 bits alone
        return lambda band: Image.fromarray(_scaled(band, white, hidden, inverted)).convert("RGB")
    if image.format == "BMP" and image.mode == "RGBA" and image.getchannel("A").getextrema() == (0, 0):
        return lambda band: band.convert("RGB")  # its fourth byte is unused, as that of most programs
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _on_white
    return lambda band: band.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _check_range(image: Image.Image, white: int) -> None:
    low, high = np.inf, -np.inf
    for _, band in bands(image):
        numbers = np.asarray(band)
        low, high = np.minimum(low, numbers.min()), np.maximum(high, numbers.max())
    if not 0 <= low <= high <= white:  # true of NaN as well
        raise ValueError(f"its numbers are {low:g} to {high:g}, and 0 (black) to {white} (white) is what is read")


def _scaled(image: Image.Image, white: int, hidden: float | None, inverted: bool) -> np.ndarray:
    """Scale an image of more than 8 bits to 8 bits."""
    numbers = np.asarray(image).astype(np.float64)
    if inverted:
        numbers = white - numbers
    if hidden is not None:
        numbers[numbers == hidden] = white
    return np.rint(numbers * (255 / white)).astype(np.uint8)


def _white(image: Image.Image) -> int:
    if image.mode == "F":
        return 1
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (32,))[0]
    if image.mode.startswith("I;16") or image.format in ("PNG", "PPM") or bits == 16:  # PIL may load these as 32 bits
        return 65_535
    raise ValueError(f"whole numbers of {bits} bits, of which none is known to be white; save it with 8 or 16")
