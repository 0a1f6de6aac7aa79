"""What a ledger's line may hold: texts that everybody can read, of a bounded length, and numbers that JSON has.

Knows values, not what they mean.
"""

import math
from collections.abc import Sequence
from typing import Any

LONGEST = 20_000
"""Characters of a text."""
LONGEST_INT = 128
"""Bits of a number: of one that is longer `reading` reads no decimals."""
PORTION = 2**22
"""Characters of some rows that one line takes, however each is written: `reading.MOST` is eight times as much."""
ROW = 400
"""Of a row's names and numbers."""


def portions(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cut rows into as few parts as lines have room for, in their order: at least one."""
    parts: list[list[dict[str, Any]]] = [[]]
    size = 0
    for row in rows:
        length = ROW + sum(min(len(each), LONGEST) for each in row.values() if isinstance(each, str))
        if parts[-1] and size + length > PORTION:
            parts.append([])
            size = 0
        parts[-1].append(row)
        size += length
    return parts


def bounded(text: str, longest: int = LONGEST) -> str:
    r"""Escape what cannot be written as UTF-8, and NUL; leave the middle of a long text out.

    Args:
        text: of any origin; a file name that is no UTF-8 has lone surrogates in Python.
        longest: characters that the result has at most.

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
    """Give a value as JSON has it: numbers that are not finite become None, unknown things their text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= LONGEST_INT else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {bounded(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if getattr(value, "ndim", None) == 0:  # NumPy's numbers, which the trials' code may give
        return plain(value.item())
    return bounded(str(value))
