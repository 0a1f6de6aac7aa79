"""Opens and loads picture files of the formats that are promised, each within bounds on its size, pixels and parts.

Knows nothing of what is made of pixels. Pillow is never left to choose the format: it looks at what a file holds, not
at its name, and hands PostScript to Ghostscript, which runs it.
"""

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import (  # each import registers a format; Pillow would import them all, with those that start programs
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

from study.data.stripped_images import bare
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
FORMATS = tuple(each.format for each in _PLUGINS)
"""What the suffixes of `study.data.tasks._folders` stand for. JPEG has MPO in it, which phones write."""
_JPEG = (JpegImagePlugin.JpegImageFile.format, MpoImagePlugin.MpoImageFile.format)
MOST_PIXELS = 178_956_970
"""Of a picture. From here on Pillow refuses, too: twice what it warns of."""
MOST_BYTES = 10**9
"""Of a file: as many pixels of 16 bits without compression."""
_REDUCED = 64 * 10**6
"""Pixels from which on a JPEG file is decoded at half its width and height: in a quarter of the memory."""
_AT_ONCE = 256 * 10**6
"""Pixels that all threads together hold, unless one picture has more; and bytes of files that are read as a whole."""
_BEFORE = 16 * 10**6
"""Bytes before the first pixel of other files. Pillow joins parts in a time that grows with the square of it."""
_READ_WHOLE = re.compile(rb"RIFF....WEBP|....ftyp", re.DOTALL)
_PLAIN = re.compile(rb"P[123]\s")
_PLAIN_BYTES, _PLAIN_COMMENTS = 32 * 10**6, 1_000
"""Of a PPM file whose numbers are text: Pillow reads 9 MB a second, and far less where there are comments."""
_SCANS = 100
"""Passes over a progressive JPEG picture; encoders make ten or so, and each costs as much as a picture."""
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
_SEGMENTS = 10_000
_TILE_WIDTH, _TILE_HEIGHT = 322, 323  # tags of TIFF
_TILE = 16 * 10**6
"""Pixels of a TIFF file's tile that may be larger than its picture."""


class TooLarge(Exception):
    """A picture has more pixels or passes than are read; the text says how many."""


class Loaded(NamedTuple):
    """A picture whose pixels are in memory."""

    image: Image.Image
    size: tuple[int, int]
    """Width and height in the file; the image has less where it was reduced."""


class _Room:
    """So many pixels are held by all threads together; a picture that has more waits until it is the only one."""

    def __init__(self, most: int) -> None:
        self._most = self._free = most
        self._changed = threading.Condition()

    @contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        pixels = min(pixels, self._most)
        with self._changed:
            self._changed.wait_for(lambda: pixels <= self._free)
            self._free -= pixels
        try:
            yield
        finally:
            with self._changed:
                self._free += pixels
                self._changed.notify_all()


_SHARES = {"AVIF": 3, "WEBP": 4}
"""Times the memory of others that formats need, whose decoders make the whole picture before Pillow does."""
_ROOM = _Room(_AT_ONCE)


def load(path: str | Path, held: ExitStack) -> Loaded:
    """Load the first picture of a file.

    Args:
        path: of the file.
        held: its end lets others use the memory that the picture has.

    Raises:
        TooMuch: the file is larger than is read, or in more parts.
        TooLarge: the picture is.
        Exception: whatever a broken file makes Pillow raise.
    """
    with PlainFile(path, MOST_BYTES) as file:
        try:
            return _loaded(file, held)
        except (TooMuch, ValueError):  # as Pillow raises for a long text or a colour profile of a PNG file
            if (copy := bare(file)) is None:
                raise
        warnings.warn("more is written beside its pixels than is read; it was left out", stacklevel=1)
        return _loaded(copy, held)


def size(path: str | Path) -> tuple[int, int]:
    """Give a picture's width and height without loading it.

    Raises:
        Exception: as of `load`.
    """
    with PlainFile(path, MOST_BYTES) as file:
        return _opened(file).size


def _opened(file: PlainFile | BytesIO) -> Image.Image:
    """Read what stands before the pixels, and refuse what is too large before there is memory for it."""
    if isinstance(file, PlainFile):
        begin = file.peek(12)
        file.most = _AT_ONCE if _READ_WHOLE.match(begin) else _BEFORE
        if _PLAIN.match(begin):
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
    """Count how often a JPEG file goes over its first picture; what looks like it inside of other parts is skipped."""
    file.seek(0)
    at, content, count = 2, file.read(_AT_ONCE), 0
    for _ in range(_SEGMENTS):
        marker = _MARKER.search(content, at)
        if marker is None or marker[1] == b"\xd9" or count > _SCANS:
            break
        count += marker[1] == b"\xda"
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])
    else:
        count = _SCANS + 1
    if count > _SCANS:
        raise TooLarge(f"has more than {_SCANS} scans, as many as decode it again and again")


def _loaded(file: PlainFile | BytesIO, held: ExitStack) -> Loaded:
    image = _opened(file)
    with ExitStack() as own:
        own.enter_context(_ROOM.take(image.width * image.height * _SHARES.get(image.format or "", 1)))
        size = image.size
        if image.format in _JPEG and image.width * image.height > _REDUCED:
            image.draft(None, (image.width // 2, image.height // 2))  # type: ignore[arg-type]
        image.load()
        held.push(own.pop_all())
    return Loaded(image, size)
