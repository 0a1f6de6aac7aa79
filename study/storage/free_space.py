"""Checks free disk space, before a study starts and while it runs."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from study.errors import Full

KEEP_GB = 0.2
"""Default of what must stay free: enough for the tables, a report, and the system's own files."""
LOOK_EVERY = 2.0
"""Seconds between two checks."""


class Room:
    """The folders that a study writes to, and how much must stay free on their disks."""

    def __init__(self, folders: Sequence[Path], keep: float) -> None:
        """Store the folders; nothing is checked yet.

        Args:
            folders: their disks are checked; if a folder does not exist yet, its nearest parent's disk.
            keep: bytes that must stay free.
        """
        self._folders, self._keep, self._checked = folders, keep, float("-inf")

    def check(self, needed: float = 0.0) -> None:
        """Check the disks, at most every `LOOK_EVERY` seconds unless `needed` is set.

        Args:
            needed: bytes that will be written in addition.

        Raises:
            Full: a disk has less than `keep` and `needed` together.
        """
        if not needed and time.monotonic() - self._checked < LOOK_EVERY:
            return
        self._checked = time.monotonic()
        for folder in self._folders:
            free = shutil.disk_usage(_existing(folder)).free
            if free < self._keep + needed:
                need = f", and this study needs about {_size(needed)}" if needed else ""
                sizes = f"{_size(free)} are free on the disk of {folder}; {_size(self._keep)} are to stay free{need}"
                raise Full(f"{sizes} (--keep-free GB changes that)")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
