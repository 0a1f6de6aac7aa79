"""Strips a PNG or JPEG file of everything but its image: texts, colour profiles, previews. Knows nothing of pixels."""

import io
import shutil

from study.storage.regular_files import PlainFile

MOST = 256 * 10**6
"""Bytes that are read of a file and held in memory."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_EXIF = b"Exif\0\0"  # has the image's orientation
_LEFT_OUT = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
_BLOCK = 1 << 20
_STARTS, _COMMENT = 0xDA, 0xFE
_APPLICATIONS = {*range(0xE1, 0xEE), 0xEF}  # all but JFIF's and Adobe's, which define the colours


def stripped(file: PlainFile) -> io.BytesIO | None:
    """Copy an image without the metadata that other programs added; its appearance does not change.

    Args:
        file: at any position.

    Returns:
        The copy; None for a file of another kind.

    Raises:
        TooMuch: the file is too large for a copy in memory, or has too many parts.
    """
    file.most = MOST
    file.seek(0)
    head = file.read(8)
    if head != _PNG and not head.startswith(_JPEG):
        return None
    copy = io.BytesIO()
    if head == _PNG:
        copy.write(head)
        _copy_chunks(file, copy)
    else:
        file.seek(2)
        copy.write(_JPEG)
        _copy_segments(file, copy)
    copy.seek(0)
    return copy


def _copy_chunks(file: PlainFile, copy: io.BytesIO) -> None:
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[:4]) + 4  # with the checksum
        if head[4:] in _LEFT_OUT:
            file.seek(length, io.SEEK_CUR)
        else:
            copy.write(head)
            copy.write(file.read(length))


def _copy_segments(file: PlainFile, copy: io.BytesIO) -> None:
    """Copy a JPEG file's segments up to its first pixels, then the rest."""
    has_exif = False
    while len(head := file.read(4)) == 4 and head[0] == 0xFF and head[1] != _STARTS:
        if head[1] == 0xFF:  # a fill byte
            file.seek(-3, io.SEEK_CUR)
            continue
        body = file.read(max(int.from_bytes(head[2:]) - 2, 0))
        first_exif = head[1] == 0xE1 and body.startswith(_EXIF) and not has_exif
        has_exif = has_exif or first_exif
        if first_exif or head[1] not in _APPLICATIONS | {_COMMENT}:
            copy.write(head + body)
    copy.write(head)
    shutil.copyfileobj(file, copy, _BLOCK)
