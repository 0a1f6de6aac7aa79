"""Opens files of any origin: regular files only, up to their end at that time, in a bounded number of reads."""

import errno
import io
import os
import stat
from pathlib import Path

MOST_TEXT = 256 * 10**6
"""Most bytes of a list, table or annotation: a line for each of a million files takes a third of it."""
STEPS = 500_000
"""Most reads of one file: a gigabyte in the 8 KB pieces of PNG files needs fewer."""

_SMALL = 512
"""Bytes of a read that is not checked against the file's end: headers are read in many small pieces."""


class TooMuch(Exception):
    """A file exceeds a bound; the text names it."""


def descriptor(path: str | Path) -> int:
    """Open a regular file for reading; a link to one is followed.

    Raises:
        OSError: it cannot be opened, or is a folder, pipe, device or socket, which may never end (EINVAL).
    """
    _check_regular(os.stat(path).st_mode, path)  # opening a device may start it
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _check_regular(os.fstat(opened).st_mode, path)  # another file may have replaced it
    except OSError:
        os.close(opened)
        raise
    return opened


class PlainFile(io.BufferedReader):
    """A regular file; what is appended after it was opened is not read."""

    def __init__(self, path: str | Path, most: int) -> None:
        """Open it.

        Args:
            path: of the file; a link to one is followed.
            most: most bytes that it may have.

        Raises:
            OSError: it cannot be opened, or is a folder, pipe, device or socket, which may never end.
            TooMuch: it has more bytes.
        """
        super().__init__(io.FileIO(descriptor(path)))
        self.end = os.fstat(self.fileno()).st_size
        if self.end > most:
            self.close()
            raise TooMuch(f"has {self.end:,} bytes; at most {most:,} are read")
        self.most: int | None = None
        """Bytes that may still be read; None: any number of them."""
        self._steps = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes, as in any file.

        Raises:
            TooMuch: there are more bytes than may be read, or too many reads.
        """
        self._steps += 1
        if self._steps > STEPS:
            raise TooMuch(f"is in more than {STEPS:,} pieces")
        if size is None or not 0 <= size <= _SMALL:
            remaining = max(self.end - self.tell(), 0)  # a system call
            size = remaining if size is None or size < 0 else min(size, remaining)
        if self.most is not None:
            if size > self.most:
                raise TooMuch("has too much before its picture begins")
            self.most -= size
        return super().read(size)


def content(path: str | Path, most: int = MOST_TEXT) -> bytes:
    """Read a whole file.

    Raises:
        OSError: it cannot be read, is no regular file, or has more bytes than `most`.
    """
    try:
        with PlainFile(path, most) as file:
            return file.read()
    except TooMuch as error:
        raise OSError(errno.EFBIG, str(error), str(path)) from error


def text(path: str | Path, encoding: str = "utf-8-sig") -> str:
    """Read a text file, with its line ends unchanged.

    Raises:
        OSError: as in `content`.
        UnicodeDecodeError: it is not in this encoding.
    """
    return content(path).decode(encoding)


def _check_regular(mode: int, path: str | Path) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is no file", str(path))
