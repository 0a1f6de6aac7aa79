"""Names the kind of a file that is not a supported image, by its first bytes and not by its name."""

import re
from pathlib import Path

from study.data.image_files import FORMATS
from study.storage.regular_files import PlainFile, TooMuch

_HEAD = 1000
"""Bytes that are read of a file."""
_KINDS = (
    (rb"%!PS|\xc5\xd0\xd3\xc6", "PostScript (EPS)"),
    (rb"%PDF", "a PDF document"),
    (rb"\s*(<\?xml.*|<!--.*|<!doctype svg.*)?<svg", "an SVG drawing"),
    (rb"....ftyp(hei[cfmsx]|hev[cx]|mif1|msf1)", "a HEIC (HEIF) picture"),
    (rb"....ftyp(?!avi[fs])", "a video (MP4)"),
    (rb"....(jP  |JXL )|\xff\x4f\xff\x51|\xff\x0a", "a JPEG 2000 or JPEG XL picture"),
    (rb"8BPS", "a Photoshop document"),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", "a Windows metafile"),
    (rb"\0\0[\x01\x02]\0", "an icon (ICO)"),
    (rb"\xd0\xcf\x11\xe0", "an OLE document (FlashPix)"),
    (rb"\x89HDF|GRIB|BUFR|SIMPLE  =", "scientific data (HDF5, GRIB, BUFR or FITS)"),
    (rb"PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!", "an archive"),
)


def describe(path: str | Path) -> str:
    """Describe a file that is not a supported image, as the rest of a sentence about it.

    Raises:
        OSError: the file can no longer be read.
    """
    try:
        with PlainFile(path, 10**15) as file:
            head = file.read(_HEAD)
    except TooMuch as error:
        return str(error)
    if not head:
        return "is empty (0 bytes)"
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "is a web page, no image"
    for pattern, kind in _KINDS:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            return f"is {kind}, not an image that is read; {', '.join(FORMATS[:-1])} and {FORMATS[-1]} are"
    return f"is no image that can be read; it begins with {head[:16]!r}"
