"""Catches what Pillow warns of while a thread reads a picture, so that it can be reported with the picture's name.

`warnings.catch_warnings` is no use here: it changes the whole process, and pictures are read by several threads. One
filter stands in front of all others instead. It matches in a thread that reads a picture, and nowhere else.
"""

import contextlib
import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image

MOST = 3
"""Notes of one picture."""
SHOWN = 5
"""Notes of a data set, or of all pictures that are predicted."""
_BOMB = "decompression bomb"  # pictures have a bound of their own
_reading = threading.local()


class _Recorder(logging.Handler):
    """Stands in the place of a pattern that a warning's text may match, and takes Pillow's log too."""

    def match(self, text: str) -> bool:
        """Keep a text; whether it is one of a picture that this thread reads, and so to be silent."""
        notes: dict[str, None] | None = getattr(_reading, "notes", None)
        if notes is None:
            return False
        if _BOMB not in text and len(notes) < MOST:
            notes[" ".join(text.split()).rstrip(".")] = None
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what Pillow would have printed as the last resort."""
        self.match(record.getMessage())


def _silence_libtiff() -> None:
    """Keep the library of TIFF files, whose errors Pillow raises too, from writing them to stderr itself."""
    with contextlib.suppress(OSError, AttributeError):  # built in another way, its functions may have no names
        library = ctypes.CDLL(Image.core.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


_silence_libtiff()
_RECORDER = _Recorder(logging.WARNING)
_FILTER = ("ignore", _RECORDER, Warning, None, 0)
logging.getLogger("PIL").addHandler(_RECORDER)


def few(notes: Sequence[str]) -> list[str]:
    """Leave some notes and the number of the others."""
    return [*notes[:SHOWN], *([f"… and {len(notes) - SHOWN:,} more such notes"] if len(notes) > SHOWN else [])]


@contextmanager
def noted() -> Iterator[dict[str, None]]:
    """Collect what this thread is warned of meanwhile: each text once, and at most `MOST`."""
    if warnings.filters[:1] != [_FILTER]:  # whoever left `catch_warnings` since then has taken it away
        warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    notes: dict[str, None] = {}
    _reading.notes = notes
    try:
        yield notes
    finally:
        _reading.notes = None
