"""Opens and loads image files of the supported formats, within bounds on a file's size, pixels and parts.

Knows nothing of what is made of the pixels. Pillow never chooses the format itself. It would go by a file's content
whatever its name, and hand PostScript to Ghostscript, which executes it.
"""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import (  # each import registers a format; Pillow itself would import all, even those that start programs
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from study.data import jpeg_holes
from study.data.stripped_images import stripped
from study.storage.regular_files import PlainFile, TooMuch

_PLUGINS = (
    AvifImagePlugin.AvifImageFile,
    BmpImagePlugin.BmpImageFile,
    GifImagePlugin.GifImageFile,
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    PpmImagePlugin.PpmImageFile,
    TiffImagePlugin.TiffImageFile,
    WebPImagePlugin.WebPImageFile,
)
FORMATS = tuple(plugin.format for plugin in _PLUGINS)
"""The formats of the suffixes in `study.data.layouts.folder_tree`. JPEG includes MPO, which phones write."""
_JPEG = (JpegImagePlugin.JpegImageFile.format, MpoImagePlugin.MpoImageFile.format)
MOST_PIXELS = 178_956_970
"""Of an image. Pillow has the same limit, which is twice the size at which it warns."""
MOST_BYTES = 10**9
"""Of a file. `MOST_PIXELS` of 16-bit RGB without compression take about as many."""
_REDUCED = 64 * 10**6
"""Pixels above which a JPEG file is decoded at half its width and height, in a quarter of the memory."""
_AT_ONCE = 256 * 10**6
"""Pixels that all threads hold together, unless one image has more; also bytes of a file that is read as a whole."""
_BEFORE = 16 * 10**6
"""Bytes before the first pixel of other files. Pillow joins such parts in quadratic time."""
_READ_WHOLE = re.compile(rb"RIFF....WEBP|....ftyp", re.DOTALL)
_PLAIN = re.compile(rb"P[123]\s")
_PLAIN_BYTES, _PLAIN_COMMENTS = 32 * 10**6, 1_000
"""Of a PPM file whose numbers are text. Pillow reads 9 MB a second, and far less if there are comments."""
_SCANS = 100
"""Scans of a progressive JPEG file. Encoders write about ten, and each costs as much as decoding the image."""
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_SEGMENTS = 10_000
_TILE_WIDTH, _TILE_HEIGHT = 322, 323  # tags of TIFF
_TILE = 16 * 10**6
"""Pixels of a TIFF tile that is larger than its image."""


class TooLarge(Exception):
    """An image has more pixels or scans than are read; the text gives the number."""


class Loaded(NamedTuple):
    """An image whose pixels are in memory."""

    image: Image.Image
    size: tuple[int, int]
    """Width and height in the file; a reduced image has less."""


class _PixelBudget:
    """Limits the pixels that all threads hold together. An image above the limit waits until it is the only one."""

    def __init__(self, limit: int) -> None:
        self._limit = self._free = limit
        self._changed = threading.Condition()

    @contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._limit)
        with self._changed:
            self._changed.wait_for(lambda: pixels <= self._free)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


_MEMORY_FACTORS = {"AVIF": 3, "WEBP": 4}
"""Memory per pixel relative to other formats: these decoders make a whole image before Pillow copies it."""
_BUDGET = _PixelBudget(_AT_ONCE)


def load(path: str | Path, budget: ExitStack) -> Loaded:
    """Load the first image of a file.

    Args:
        path: of the file.
        budget: holds the image's share of the pixel budget; closing it frees the share for other threads.

    Raises:
        TooMuch: the file is larger than is read, or has more parts.
        TooLarge: the image is larger than is read.
        Exception: whatever a broken file makes Pillow raise.
    """
    with PlainFile(path, MOST_BYTES) as file:
        try:
            return _load(file, budget)
        except (TooMuch, ValueError):  # Pillow raises ValueError for a long text or colour profile in a PNG file
            if (copy := stripped(file)) is None:
                raise
        warnings.warn("more is written beside its pixels than is read; it was left out", stacklevel=1)
        return _load(copy, budget)


def size(path: str | Path) -> tuple[int, int]:
    """Return an image's width and height without loading it.

    Raises:
        Exception: as in `load`.
    """
    with PlainFile(path, MOST_BYTES) as file:
        return _open(file).size


def _open(file: PlainFile | BytesIO) -> Image.Image:
    """Read what comes before the pixels. Refuse an image that is too large before memory is allocated for it."""
    if isinstance(file, PlainFile):
        head = file.peek(12)
        file.most = _AT_ONCE if _READ_WHOLE.match(head) else _BEFORE
        if _PLAIN.match(head):
            _check_plain(file)
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        pixels = re.search(r"(\d+) pixels", str(error))
        count = f"{int(pixels[1]):,}" if pixels else "too many"
        raise TooLarge(f"has {count} pixels; at most {MOST_PIXELS:,} are read") from error
    if isinstance(file, PlainFile):
        file.most = None
    _check(image)
    if image.info.get("progressive"):
        _check_scans(file)
    return image


def _check(image: Image.Image) -> None:
    wide, high = image.size
    if wide * high > MOST_PIXELS:
        raise TooLarge(f"has {wide:,} × {high:,} pixels; at most {MOST_PIXELS:,} are read")
    tags = getattr(image, "tag_v2", {})
    tile = tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)
    if tile[0] * tile[1] > max(wide * high, _TILE):
        raise TooLarge(f"has a tile of {tile[0]:,} × {tile[1]:,} pixels in a picture of {wide:,} × {high:,}")


def _check_plain(file: PlainFile) -> None:
    if file.end > _PLAIN_BYTES:
        raise TooLarge(f"has {file.end:,} bytes of numbers as text; at most {_PLAIN_BYTES:,} are read")
    file.most = _PLAIN_BYTES
    if file.read().count(b"#") > _PLAIN_COMMENTS:
        raise TooLarge(f"has more than {_PLAIN_COMMENTS:,} comments in its numbers")
    file.seek(0)
    file.most = _BEFORE


def _check_scans(file: PlainFile | BytesIO) -> None:
    """Count the scans of a JPEG file's first image; markers inside other segments are skipped."""
    file.seek(0)
    position, content, count = 2, file.read(_AT_ONCE), 0
    for _ in range(_SEGMENTS):
        marker = _MARKER.search(content, position)
        if marker is None or marker[1] == b"\xd9" or count > _SCANS:
            break
        count += marker[1] == b"\xda"
        position = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])
    else:
        count = _SCANS + 1
    if count > _SCANS:
        raise TooLarge(f"has more than {_SCANS} scans, as many as decode it again and again")


def _note_hole(file: PlainFile | BytesIO) -> None:
    file.seek(0)
    if length := jpeg_holes.hole(file.read(_AT_ONCE)):
        warnings.warn(f"has a hole: {length:,} zero bytes among its pixels, as of a broken copy", stacklevel=1)


def _load(file: PlainFile | BytesIO, budget: ExitStack) -> Loaded:
    image = _open(file)
    with ExitStack() as share:
        share.enter_context(_BUDGET.take(image.width * image.height * _MEMORY_FACTORS.get(image.format or "", 1)))
        size = image.size
        if image.format in _JPEG and image.width * image.height > _REDUCED:
            image.draft(None, (image.width // 2, image.height // 2))  # type: ignore[arg-type]
        image.load()
        if image.format == _JPEG[0] and not image.info.get("progressive"):
            _note_hole(file)
        budget.push(share.pop_all())
    return Loaded(image, size)
