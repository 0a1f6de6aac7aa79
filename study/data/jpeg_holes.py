"""Finds holes in JPEG files: runs of zero bytes among the pixels, as a broken download or a failing disk leaves them.

A decoder draws something there and reports nothing. Source: ITU-T T.81, annexes B and F.
"""

import re

_SEGMENT = re.compile(rb"\xff+([^\x00\xff\xd0-\xd9])", re.DOTALL)
_TABLES, _SCAN = 0xC4, 0xDA
_WHOLE_SCANS = {0xC0, 0xC1}
"""Frames whose scans hold whole coefficients: baseline and extended. Refinements of progressive ones may be all 0."""
_END_OF_BLOCK = 0x00
RUN = 64
"""Zero bytes that no picture has in a row where 0 does not end a block: eight blocks of one small value each."""


def hole(content: bytes) -> int:
    """Return the number of zero bytes in the first hole of a JPEG file; 0 if it has none or nothing can be known.

    Args:
        content: of the whole file.
    """
    position, whole, flat_is_zero = 2, False, True
    while marker := _SEGMENT.match(content, position):
        kind, start = marker[1][0], marker.end()
        end = start + int.from_bytes(content[start : start + 2])
        whole = whole or kind in _WHOLE_SCANS
        if kind == _TABLES:
            flat_is_zero = flat_is_zero and _zero_ends_all_blocks(content[start + 2 : end])
        if kind == _SCAN:
            return _run(content, end) if whole and not flat_is_zero else 0
        position = max(end, position + 4)
    return 0


def _run(content: bytes, start: int) -> int:
    first = content.find(bytes(RUN), start)
    if first < 0:
        return 0
    after = re.compile(rb"[^\x00]").search(content, first)
    return (after.start() if after else len(content)) - first


def _zero_ends_all_blocks(tables: bytes) -> bool:
    """Whether zero bits end a block in all tables of AC coefficients, so that a flat area may be zero bytes."""
    position = 0
    while position + 17 < len(tables):
        symbols = sum(tables[position + 1 : position + 17])
        if tables[position] >> 4 and tables[position + 17] != _END_OF_BLOCK:
            return False
        position += 17 + symbols
    return True
