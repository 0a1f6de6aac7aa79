"""Collects Pillow's warnings while a thread reads an image, so that they can be reported with the image's name.

`warnings.catch_warnings` is of no use here. It changes the whole process, and images are read by several threads.
Instead one filter stands in front of all others. It matches only in a thread that is reading an image.
"""

import contextlib
import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image

MAX_NOTES = 3
"""Notes on one image."""
MAX_LISTED = 5
"""Notes that are listed of a data set, or of all images that are predicted."""
_BOMB = "decompression bomb"  # `image_files` has a bound of its own
_reading = threading.local()


class _Recorder(logging.Handler):
    """Takes the role of the pattern of a warnings filter, and handles Pillow's log as well."""

    def match(self, text: str) -> bool:
        """Record a warning's text. Return whether this thread is reading an image, so that the warning is silenced."""
        notes: dict[str, None] | None = getattr(_reading, "notes", None)
        if notes is None:
            return False
        if _BOMB not in text and len(notes) < MAX_NOTES:
            notes[" ".join(text.split()).rstrip(".")] = None
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Record what Pillow would otherwise print."""
        self.match(record.getMessage())


def _silence_libtiff() -> None:
    """Stop libtiff from writing errors to stderr; Pillow raises them as well."""
    with contextlib.suppress(OSError, AttributeError):  # some builds do not export these functions
        library = ctypes.CDLL(Image.core.__file__)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)


_silence_libtiff()
_RECORDER = _Recorder(logging.WARNING)
_FILTER = ("ignore", _RECORDER, Warning, None, 0)
logging.getLogger("PIL").addHandler(_RECORDER)


def few(notes: Sequence[str]) -> list[str]:
    """Return the first notes and, in a last line, the number of the others."""
    rest = len(notes) - MAX_LISTED
    return [*notes[:MAX_LISTED], *([f"… and {rest:,} more such notes"] if rest > 0 else [])]


@contextmanager
def collect_notes() -> Iterator[dict[str, None]]:
    """Collect this thread's warnings until the context ends: each text once, and at most `MAX_NOTES`."""
    if warnings.filters[:1] != [_FILTER]:  # leaving `catch_warnings` somewhere may have removed it
        warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    notes: dict[str, None] = {}
    _reading.notes = notes
    try:
        yield notes
    finally:
        _reading.notes = None
