"""Leaves out of a PNG or JPEG file what is no picture: texts, colour profiles, previews. Knows nothing of pixels."""

import io
import shutil

from study.storage.regular_files import PlainFile

MOST = 256 * 10**6
"""Bytes that are left and held in memory."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_EXIF = b"Exif\0\0"  # says how a picture is turned
_LEFT_OUT = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
_BLOCK = 1 << 20
_STARTS, _COMMENT = 0xDA, 0xFE
_APPLICATIONS = {*range(0xE1, 0xEE), 0xEF}  # all but JFIF's and Adobe's, which say what colours are


def bare(file: PlainFile) -> io.BytesIO | None:
    """Copy a picture without what others wrote beside it; what it looks like stays.

    Args:
        file: at any place.

    Returns:
        The copy; None of a file of another kind.

    Raises:
        TooMuch: it is too large for a copy in memory, or in too many pieces.
    """
    file.most = MOST
    file.seek(0)
    begin = file.read(8)
    if begin != _PNG and not begin.startswith(_JPEG):
        return None
    copy = io.BytesIO()
    if begin == _PNG:
        copy.write(begin)
        _copy_chunks(file, copy)
    else:
        file.seek(2)
        copy.write(_JPEG)
        _copy_segments(file, copy)
    copy.seek(0)
    return copy


def _copy_chunks(file: PlainFile, copy: io.BytesIO) -> None:
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[:4]) + 4  # and its checksum
        if head[4:] in _LEFT_OUT:
            file.seek(length, io.SEEK_CUR)
        else:
            copy.write(head)
            copy.write(file.read(length))


def _copy_segments(file: PlainFile, copy: io.BytesIO) -> None:
    """Copy a JPEG file's segments up to where its pixels start, then the rest."""
    turned = False
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _STARTS:
        if head[1] == 0xFF:  # a filling byte
            file.seek(-3, io.SEEK_CUR)
            continue
        body = file.read(max(int.from_bytes(head[2:]) - 2, 0))
        first = head[1] == 0xE1 and body.startswith(_EXIF) and not turned
        turned = turned or first
        if first or head[1] not in _APPLICATIONS | {_COMMENT}:
            copy.write(head + body)
    copy.write(head)
    shutil.copyfileobj(file, copy, _BLOCK)
