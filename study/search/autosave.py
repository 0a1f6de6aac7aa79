"""Writes a study's table now and then while it runs, and copies it to where the study is kept besides.

Knows nothing of trials or of how they run.
"""

import time
from collections.abc import Callable
from pathlib import Path

from study.search.study import Study
from study.storage import ledger
from study.storage import study_folder as folders

TABLE_EVERY = 20.0  # seconds between two writings of the table while the study runs
LONGEST = 600.0  # and at the most, since a writing may seem long only because the process was stopped meanwhile


class Every:
    """Calls a function, but not more often than every so many seconds, and mostly a twentieth of the time at most."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._wait, self._call, self._last = seconds, seconds, call, time.monotonic()

    def __call__(self) -> None:
        began = time.monotonic()
        if began - self._last >= self._wait:
            self._call()
            self._last = time.monotonic()
            self._wait = max(self._seconds, min(20 * (self._last - began), LONGEST))


def keep(study: Study, say: Callable[[str], None]) -> None:
    """Write the table, and copy what is new to where the study is kept besides: if that fails now, the next time."""
    write_table(study.folder)
    if study.mirror is not None:
        try:
            study.mirror.push()
        except OSError as error:
            say(f"{study.mirror.uri}: copying failed, and is tried again ({error})")


def write_table(folder: Path) -> None:
    """Fold the ledger into the table."""
    from study.search import table as tables

    study = folders.read_study(folder)
    tables.write(tables.from_events(study, ledger.read(folder / "ledger", study)), folder / "table.parquet")
