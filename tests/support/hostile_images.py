"""Small image files that attack their reader: bombs, endless directories, PostScript. Knows nothing of the reader."""

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n/x (ran) (w) file closefile\nshowpage\n%%EOF\n"


def written(path: Path, content: bytes) -> Path:
    """Write a file."""
    path.write_bytes(content)
    return path


def plain(kind: str, size: tuple[int, int] = (24, 20), mode: str = "RGB", **how: object) -> bytes:
    """Return the file of an ordinary picture."""
    made = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (20, 24, 3), np.uint8)
    Image.fromarray(noise).resize(size).convert(mode).save(made, kind, **how)
    return made.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG file."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*parts: bytes, **how: object) -> bytes:
    """Return a JPEG file with extra segments before its own."""
    whole = plain("JPEG", **how)
    return whole[:2] + b"".join(parts) + whole[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*parts: bytes, after: bytes = b"") -> bytes:
    """Return a PNG file with extra chunks before its pixels, or after them."""
    whole = plain("PNG")
    return whole[:33] + b"".join(parts) + whole[33:-12] + after + whole[-12:]


def header(wide: int, high: int) -> bytes:
    """Return a PNG file whose header declares a size, but which has no pixels."""
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"")
    )


def tiff(changes: dict[int, tuple[int, int, int]], data: bytes = b"", repeat: int = 1) -> bytes:
    """Return an uncompressed TIFF file of 8 × 8 grey pixels, whose next directory is the first one again.

    Args:
        changes: tag → type, count, value; the value -1 is replaced by the offset of the data.
        data: bytes after the directory.
        repeat: number of times that the data are repeated.
    """
    tags = {256: (4, 1, 8), 257: (4, 1, 8), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1), 273: (4, 1, -1)}
    tags |= {277: (3, 1, 1), 278: (4, 1, 8), 279: (4, 1, 64)} | changes
    at = 8 + 2 + 12 * len(tags) + 4
    listed = [
        struct.pack("<HHII", tag, kind, count, at if value == -1 else value)
        for tag, (kind, count, value) in sorted(tags.items())
    ]
    head = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + b"".join(listed) + struct.pack("<I", 8)
    return head + (data or b"\x7f" * 64) * repeat


def scans(count: int, kind: str = "JPEG", **how: object) -> bytes:
    """Return a progressive JPEG file with many scans of its picture."""
    whole = plain(kind, mode="L", progressive=True, **how)
    end = whole.index(b"\xff\xd9")
    return whole[:end] + whole[whole.rindex(b"\xff\xda", 0, end) : end] * count + whole[end:]


def frames(kind: str, count: int) -> bytes:
    """Return an animation of so many frames."""
    first, *others = [Image.new("RGB", (24, 20), (number % 251, number // 251, 9)) for number in range(count)]
    made = io.BytesIO()
    first.save(made, kind, save_all=True, append_images=others)
    return made.getvalue()


def gif_frames(count: int) -> bytes:
    whole = plain("GIF", mode="L")
    frame = whole[whole.index(b",\0\0\0\0") : -1]
    return whole[:-1] + frame * count + b";"


def stand_in_for_ghostscript(folder: Path) -> str:
    """Write a program `gs` that creates a file `ran` beside its folder; returns a PATH that begins with the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "gs"
    program.write_text(f"#!/bin/sh\ntouch '{folder.parent}/ran'\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


READABLE: dict[str, Callable[[], bytes]] = {
    "a JPEG with 30 MB of EXIF": lambda: jpeg(*[segment(0xE1, b"Exif\0\0" + bytes(65_000))] * 460),
    "a JPEG with 30 MB of other parts": lambda: jpeg(*[segment(0xE5, bytes(65_000))] * 460),
    "a JPEG with a colour profile of 30 MB": lambda: jpeg(*[segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000))] * 460),
    "a PNG with 20 MB of text": lambda: png(chunk(b"tEXt", b"a\0" + b"x" * 20_000_000)),
    "a PNG with a bomb of text": lambda: png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000)))),
    "a PNG with a bomb of text in Unicode": lambda: png(
        chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(20_000_000)))
    ),
    "a PNG with a bomb as its colour profile": lambda: png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(20_000_000)))),
    "a PNG with a bomb behind its pixels": lambda: png(
        after=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000)))
    ),
    "a PNG with 70 texts of 1 MB": lambda: png(*[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**6)))] * 70),
}
"""Files with 24 × 20 ordinary pixels and much else."""
REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "PostScript": ("is PostScript (EPS), not an image that is read; AVIF, BMP, GIF, JPEG, PNG, PPM", lambda: EPS),
    "PostScript as Windows has it": ("is PostScript (EPS), not an", lambda: b"\xc5\xd0\xd3\xc6" + bytes(30) + EPS),
    "a PDF document": ("is a PDF document, not an image", lambda: b"%PDF-1.7\n"),
    "an SVG drawing": ("is an SVG drawing, not", lambda: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/"/>'),
    "a HEIC picture": ("is a HEIC (HEIF) picture, not", lambda: b"\0\0\0\x18ftypheic" + bytes(40)),
    "a Windows metafile": ("is a Windows metafile, not", lambda: b"\xd7\xcd\xc6\x9a" + bytes(40)),
    "JPEG 2000": ("is a JPEG 2000 or JPEG XL picture, not", lambda: plain("JPEG2000")),
    "an icon": ("is an icon (ICO), not", lambda: plain("ICO")),
    "a Photoshop document": ("is a Photoshop document, not", lambda: b"8BPS\0\1" + bytes(40)),
    "60,000 × 60,000 pixels": (
        "has 3,600,000,000 pixels; at most 178,956,970 are read",
        lambda: header(60_000, 60_000),
    ),
    "a PNG in 6,000 parts": ("is in more than 5,000 pieces", lambda: png(chunk(b"teSt", b"") * 6_000)),
    "a PNG in 6,000 parts behind its pixels": (
        "is in more than 5,000 pieces",
        lambda: png(after=chunk(b"teSt", b"") * 6_000),
    ),
    "a JPEG in 6,000 parts": ("is in more than 5,000 pieces", lambda: jpeg(segment(0xFE, b"") * 6_000)),
    "a JPEG of 150 scans": ("has more than 100 scans", lambda: scans(150)),
    "a JPEG of several pictures and 150 scans": (
        "has more than 100 scans",
        lambda: scans(150, "MPO", save_all=True, append_images=[Image.new("L", (24, 20))]),
    ),
    "a GIF with a comment of 20 MB": (
        "is in more than 5,000 pieces",
        lambda: plain("GIF", mode="L").replace(
            b",\0\0\0\0", b"!\xfe" + (b"\xff" + b"c" * 255) * 80_000 + b"\0,\0\0\0\0", 1
        ),
    ),
    "a TIFF of 4,000,000 strips": (
        "has too much before its picture begins",
        lambda: tiff({273: (4, 4_000_000, -1), 279: (4, 4_000_000, -1), 278: (4, 1, 1)}, bytes(4), 4_000_000),
    ),
    "a TIFF of more tags than there are atoms": (
        "is in more than 5,000 pieces",
        lambda: b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + struct.pack("<HHQQ", 300, 3, 1, 1) * 6_000,
    ),
    "a TIFF whose tile is larger than its picture": (
        "has a tile of 30,000 × 30,000 pixels in a picture of 8 × 8",
        lambda: tiff({322: (4, 1, 30_000), 323: (4, 1, 30_000), 324: (4, 1, -1), 325: (4, 1, 64)}),
    ),
    "a PPM with 2,000 comments in its numbers": (
        "has more than 1,000 comments in its numbers",
        lambda: b"P3\n2 2\n255\n" + b"#c\n" * 2_000 + b"9 " * 12,
    ),
    "a PPM with a comment of 6,000 letters": ("is in more than 5,000 pieces", lambda: b"P6\n#" + b"c" * 6_000),
}
"""Kind of file → the error message, and a function that makes the file."""
