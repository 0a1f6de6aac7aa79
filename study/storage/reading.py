"""Reads files that anybody may have made: regular files only, of bounded size, and strict JSON.

A checksum without a key proves nothing here: whoever made the file could compute it.
"""

import errno
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from study.errors import Damaged
from study.storage import regular_files

MOST = 2**25
"""Most bytes of a JSON file or a line of a ledger: 32 MB, enough for 70,000 scores."""
DEPTH = 128
"""Most levels of nested tables and lists: weights contain those that they were trained from, a hundred in a line."""
DIGITS = 40
"""Most digits of a whole number."""
_NO_FILE = (errno.EINVAL, errno.ENXIO, errno.ENODEV, errno.ELOOP, errno.ENOTDIR)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file; follow a link to one.

    Raises:
        Damaged: it is a folder, a pipe, a socket or a device: reading one might never end.
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
        Damaged: as in `read_bytes`, or `parse` refuses it.
        OSError: it is missing, or cannot be read.
    """
    try:
        return parse(read_bytes(path, most))
    except ValueError as error:
        raise Damaged(f"{path}: is damaged ({error})") from None


def parse(content: bytes | str) -> Any:
    """Read JSON without repeated keys, and without NaN or infinities.

    Raises:
        ValueError: it is no such JSON; the text says why in a few words.
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


def check_encodes(value: object) -> None:
    """Refuse lone surrogates, which JSON can escape and no file can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it has half of a character, a lone surrogate") from None


def constant(text: str) -> NoReturn:
    """Refuse NaN and infinities, which are no JSON."""
    raise ValueError(f"it has {text}, which is no number")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEPTH):
        level = [inner for table in level for inner in _within(table) if isinstance(inner, dict | list)]
        if not level:
            return
    raise ValueError(f"it is nested more than {DEPTH} deep")


def _within(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
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
