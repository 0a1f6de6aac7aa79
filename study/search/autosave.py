"""Writes a study's table every few seconds while it runs, and copies new files to the study's URI."""

import time
from collections.abc import Callable
from pathlib import Path

from study.search.study import Study
from study.storage import ledger
from study.storage import study_folder as folders

TABLE_EVERY = 20.0  # seconds between two writes of the table while the study runs
LONGEST = 600.0  # seconds at most: a write may seem slow only because the process was stopped meanwhile


class Every:
    """Calls a function at most every so many seconds, and so rarely that calls take about 5 % of the time."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._wait, self._call, self._last = seconds, seconds, call, time.monotonic()

    def __call__(self) -> None:
        began = time.monotonic()
        if began - self._last >= self._wait:
            self._call()
            self._last = time.monotonic()
            self._wait = max(self._seconds, min(20 * (self._last - began), LONGEST))


def keep(study: Study, say: Callable[[str], None]) -> None:
    """Write the table and copy new files to the study's URI; a copy that fails is retried at the next call."""
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
