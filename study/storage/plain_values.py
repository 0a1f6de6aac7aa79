"""Values that a ledger's line may hold: readable texts of bounded length, and numbers that JSON has."""

import math
from collections.abc import Sequence
from typing import Any

from study.storage.events import Row

LONGEST = 20_000
"""Most characters of a text."""
LONGEST_INT = 128
"""Most bits of a whole number: `reading` refuses longer ones in decimals."""
PORTION = 2**22
"""Most characters of the rows in one line: escaped, they still fit `reading.MOST`, which is eight times as much."""
ROW = 400
"""Characters counted for a row's names and numbers."""


def portions(rows: Sequence[Row]) -> list[list[Row]]:
    """Split rows, in order, into as few parts as fit into lines; at least one part."""
    parts: list[list[Row]] = [[]]
    size = 0
    for row in rows:
        length = ROW + sum(min(len(value), LONGEST) for value in row.values() if isinstance(value, str))
        if parts[-1] and size + length > PORTION:
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += length
    return parts


def bounded(text: str, longest: int = LONGEST) -> str:
    r"""Escape NUL and characters that UTF-8 lacks; leave out the middle of a long text.

    Args:
        text: of any origin; Python writes a file name that is no UTF-8 with lone surrogates.
        longest: most characters of the result.

    Example:
        >>> bounded("a\udcffb")
        'a\\udcffb'
        >>> bounded(100 * "0123456789", 60)
        '01234 … 990 characters are left out … 56789'
    """
    text = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    if len(text) <= longest:
        return text
    half = (longest - 50) // 2
    return f"{text[:half]} … {len(text) - 2 * half:,} characters are left out … {text[-half:]}"


def plain(value: Any) -> Any:
    """Convert a value to JSON's types: infinite numbers and NaN become None, unknown objects their text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LONGEST_INT else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {bounded(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if getattr(value, "ndim", None) == 0:  # NumPy's numbers, which trials may report
        return plain(value.item())
    return bounded(str(value))
