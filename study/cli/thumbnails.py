"""Small pictures of image files, as texts that a page holds in itself. Knows nothing of what they are shown for."""

import base64
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from PIL import Image

from study.data import images

QUALITY = 72
_STEP = 16  # pictures between reports of progress


def thumbnails(paths: Sequence[str], side: int, square: bool, progress: Callable[[int, int], None]) -> dict[str, str]:
    """Make small pictures, on all cores.

    Args:
        paths: of the images.
        side: of the pictures at most, pixels; none is enlarged.
        square: shows the largest square from the middle; otherwise the whole image.
        progress: called with the number of pictures done and the total.

    Returns:
        Path → data URI of a JPEG file; images that cannot be read are left out.
    """
    wanted = [*dict.fromkeys(paths)]
    made: dict[str, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for number, uri in enumerate(pool.map(partial(_uri, side=side, square=square), wanted), 1):
                if uri:
                    made[wanted[number - 1]] = uri
                if number % _STEP == 0 or number == len(wanted):
                    progress(number, len(wanted))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return made


def _uri(path: str, side: int, square: bool) -> str:
    try:
        with images.picture(path) as picture:
            small = _small(picture.image, side, square)
    except images.Unreadable:
        return ""
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def _small(image: Image.Image, side: int, square: bool) -> Image.Image:
    """Reduce an image; nothing but its pixels is left, since files hold places and names too."""
    wide, high = image.size
    least = min(wide, high)
    left, top = ((wide - least) // 2, (high - least) // 2) if square else (0, 0)
    box = (left, top, left + least, top + least) if square else (0, 0, wide, high)
    longest = max(box[2] - box[0], box[3] - box[1])
    share = min(1.0, side / longest)
    size = max(1, round((box[2] - box[0]) * share)), max(1, round((box[3] - box[1]) * share))
    return Image.fromarray(np.asarray(image.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=2.0)))
