"""Reads files that somebody else may have made: regular ones alone, no more bytes than they may have, strict JSON.

Knows no file's content. A checksum without a key proves nothing: whoever made the file could compute it.
"""

import errno
import io
import json
import os
from pathlib import Path
from typing import Any, NoReturn

from study.errors import Damaged
from study.storage import regular_files

MOST = 2**25
"""Bytes of a JSON file, or of a line of a ledger: 32 MB, in which 70,000 scores have room."""
DEPTH = 128
"""Levels of tables and lists in each other: weights name those that they go on from, a hundred in a line."""
DIGITS = 40
"""Of a whole number."""
_NO_FILE = (errno.EINVAL, errno.ENXIO, errno.ENODEV, errno.ELOOP, errno.ENOTDIR)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file; a link may lead to it, from another disk say.

    Raises:
        Damaged: it is a folder, a pipe, a socket or a device: nothing waits for what may never come.
        OSError: it is missing, or cannot be read.
    """
    try:
        return os.fdopen(regular_files.descriptor(path), "rb")
    except OSError as error:
        if error.errno in _NO_FILE:
            raise Damaged(f"{path}: is no regular file") from None
        raise


def read_bytes(path: Path, most: int = MOST) -> bytes:
    """Read a whole file.

    Raises:
        Damaged: it is no regular file, or has more bytes than `most`.
        OSError: it is missing, or cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise Damaged(f"{path}: has {size:,} bytes; at most {most:,} are read")
        return file.read(size) or b""


def read_json(path: Path, most: int = MOST) -> Any:
    """Read a file of JSON.

    Raises:
        Damaged: as `read_bytes`, or it is no JSON of `parse`.
        OSError: it is missing, or cannot be read.
    """
    try:
        return parse(read_bytes(path, most))
    except ValueError as error:
        raise Damaged(f"{path}: is damaged ({error})") from None


def parse(content: bytes | str) -> Any:
    """Read JSON in which each key stands once and each number is one.

    Raises:
        ValueError: it is none: says why in a few words.
    """
    try:
        text = content if isinstance(content, str) else content.decode()
        value = _STRICT.decode(text)
    except UnicodeDecodeError:
        raise ValueError("it is no text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"it is nested more than {DEPTH} deep") from None
    _check_depth(value)
    if "\\u" in text:
        check_encodes(value)
    return value


def check_encodes(value: Any) -> None:
    """Refuse half of a character, which JSON can write and no file can: `parse` has no other way to it."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it has half of a character, a lone surrogate") from None


def constant(text: str) -> NoReturn:
    """Refuse NaN and infinities, which are no JSON."""
    raise ValueError(f"it has {text}, which is no number")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [each for table in level for each in _within(table) if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError(f"it is nested more than {DEPTH} deep")


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the key {twice[:60]!r} twice")
    return table


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"it has a number of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"it has {text[:60]}, which is too large for a number")
    return value


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_int=_whole, parse_float=_float, parse_constant=constant)
