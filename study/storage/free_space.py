"""Whether the disk has room: enough to begin with, and still some while a study runs.

Knows sizes and folders; nothing of what is written there.
"""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from study.errors import Full

KEEP_GB = 0.2
"""To be left free by default: enough for the tables, a report, and the files that the system itself writes."""
LOOK_EVERY = 2.0
"""Seconds between two looks."""


class Room:
    """Folders that a study writes to, and what must stay free beside them."""

    def __init__(self, folders: Sequence[Path], keep: float) -> None:
        """Note them.

        Args:
            folders: whose disks are looked at; where one is not there yet, the folder that it will be in.
            keep: bytes that are to stay free.
        """
        self._folders, self._keep, self._looked = folders, keep, float("-inf")

    def check(self, needed: float = 0.0) -> None:
        """Look, at most every `LOOK_EVERY` seconds unless something is needed.

        Args:
            needed: bytes that will be written besides.

        Raises:
            Full: one has less than is to stay free, and what is needed.
        """
        if not needed and time.monotonic() - self._looked < LOOK_EVERY:
            return
        self._looked = time.monotonic()
        for folder in self._folders:
            there = _existing(folder)
            free = shutil.disk_usage(there).free
            if free < self._keep + needed:
                more = f", and this study needs about {_size(needed)}" if needed else ""
                told = f"{_size(free)} are free on the disk of {folder}; {_size(self._keep)} are to stay free{more}"
                raise Full(f"{told} (--keep-free GB changes that)")


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
