"""Reads whether `weights` names a file of the user's, and which part of it: `FILE` or `FILE#PREFIX`.

Checking a space imports this, so it imports no torch; `weight_tensors` reads the files.
"""

import functools
import hashlib
from pathlib import Path

from study.errors import UserError

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".pth.tar")
"""Of files of tensors. All but the first are torch's."""
SEPARATOR = "#"
"""Between a file and the prefix of the network in it: `FILE#teacher.backbone.`."""


def is_file(written: str) -> bool:
    """Whether a value of `weights` names a file: it has one of `SUFFIXES`, or is a path."""
    path = _parts(written)[0]
    return path.endswith(SUFFIXES) or "/" in path or path.startswith("~")


def split(written: str) -> tuple[Path, str | None]:
    """Split `FILE#PREFIX` into the file and the prefix; None without one."""
    file, prefix = _parts(written)
    return Path(file).expanduser(), prefix


def _parts(written: str) -> tuple[str, str | None]:
    """Split behind the first name with one of `SUFFIXES`, since a path may have the separator in its names."""
    places = [place for place, sign in enumerate(written) if sign == SEPARATOR]
    whole = [len(written)] if written.endswith(SUFFIXES) else places[:1]
    for place in [place for place in places if written[:place].endswith(SUFFIXES)] or whole:
        return written[:place], written[place + 1 :] if place < len(written) else None
    return written, None


def check(path: Path) -> None:
    """Refuse what cannot be a file of weights, without reading it.

    Raises:
        UserError: it is of another kind, or there is no such file.
    """
    try:
        folder, file, there = path.is_dir(), path.is_file(), path.exists()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise UserError(f"weights {path}: cannot be read ({error.strerror})") from error
    if folder:
        raise UserError(f"weights {path}: is a folder; name a file of it: {', '.join(SUFFIXES)}")
    if not path.name.endswith(SUFFIXES):
        raise UserError(f"weights {path}: is none of {', '.join(SUFFIXES)}")
    if not file:
        raise UserError(f"weights {path}: {'is not a regular file' if there else 'no such file'}")


def sha256(path: Path) -> str:
    """Hash a file's content, in hexadecimal, once as long as it has the same size and time.

    Raises:
        UserError: it cannot be read.
    """
    check(path)
    try:
        stat = path.stat()
        return _sha256(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise UserError(f"weights {path}: cannot be read ({error.strerror})") from error


@functools.cache
def _sha256(path: Path, time: int, size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
