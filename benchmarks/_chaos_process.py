"""A study in a process of its own: started, and killed or interrupted at a moment.

Knows nothing of why, or of what has to hold then.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _chaos_study
from benchmarks._chaos_points import Crash
from benchmarks._chaos_study import NodeChecks

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["benchmarks._chaos_study", "benchmarks._chaos_training"])
PATIENCE = 240.0
"""Seconds without a line in the journal after which a study hangs."""


class Moment(NamedTuple):
    """When to strike: at a named point, or so many seconds or lines of the journal after the start; never if none."""

    crash: Crash = Crash()
    seconds: float | None = None
    lines: int | None = None

    @property
    def name(self) -> str:
        """Of the point."""
        return self.crash.point or "at a random moment"


def start(asked: NodeChecks) -> Any:
    """Start a study in a process that has nothing to import any more."""
    Path(asked.folder).mkdir(parents=True, exist_ok=True)
    process = CONTEXT.Process(target=_chaos_study.run, args=(asked,))
    process.start()
    return process


def kill(asked: NodeChecks, moment: Moment) -> int:
    """Run a study until it ends or is killed; gives its exit code."""
    process = start(asked._replace(crash=moment.crash))
    return _wait(process, asked.folder, moment, process.kill)


def interrupt(asked: NodeChecks, moment: Moment, number: int, again: float | None) -> tuple[int, float]:
    """Run a study until it ends or a signal ends it; gives its exit code and the seconds from the signal to that.

    Args:
        asked: the study.
        moment: of the signal.
        number: of the signal.
        again: seconds until it is sent once more; None sends it once.
    """
    process, sent = start(asked), []

    def send() -> None:
        if not sent or (again is not None and len(sent) == 1 and time.monotonic() - sent[0] > again):
            sent.append(time.monotonic())
            os.kill(process.pid, number)

    code = _wait(process, asked.folder, moment, send)
    return code, time.monotonic() - sent[0] if sent else 0.0


def _wait(process: Any, folder: str, moment: Moment, strike: Callable[[], None]) -> int:
    """Wait until a study has ended, and strike, again and again, from the moment on.

    Raises:
        RuntimeError: it hangs.
    """
    began = moved = time.monotonic()
    before = size = lines(folder)
    while process.is_alive():
        process.join(0.01)
        now, there = time.monotonic(), lines(folder)
        moved, size = (now, there) if there != size else (moved, size)
        late = moment.seconds is not None and now - began > moment.seconds
        if late or (moment.lines is not None and there - before >= moment.lines):
            strike()
        if now - moved > PATIENCE:
            process.kill()
            raise RuntimeError(f"{folder} hangs: its journal says nothing for {PATIENCE:g} s")
    return process.exitcode


def lines(folder: str) -> int:
    """Count the lines of a study's journal."""
    journal = Path(folder) / "journal.txt"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0
