"""Named moments at which a study is killed: functions of its driver and of its workers that kill at their n-th passage.

Knows where a kill may hurt and how to be there; nothing of what has to hold afterwards (`_chaos_account.py`).
"""

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from study.backend import worker
from study.search import state
from study.storage import ledger

DRIVER = (
    "before a suggestion is written",
    "after a suggestion",
    "before a ledger write",
    "in mid-line",
    "after a ledger write",
    "before a trial's checkpoints go",
    "before the table's rename",
    "in a resume, before its file",
    "in a resume, after its file",
    "in a resume, in mid-replay",
)
WORKER = ("in mid-step", "in mid-checkpoint", "before a checkpoint's rename", "after a checkpoint's rename")
"""There a worker kills the driver and then itself, as a machine that goes down does."""
POINTS = (*DRIVER, *WORKER)


class Crash(NamedTuple):
    """Where to die, and at which passage; the point "" is nowhere."""

    point: str = ""
    passage: int = 1
    driver: int = 0
    """Process that a worker takes with it."""


class Bomb:
    """Counts the passages of its point, and kills at the one that is meant."""

    def __init__(self, crash: Crash) -> None:
        self._crash, self._left = crash, crash.passage

    def passes(self, point: str) -> bool:
        """Whether this passage is the last."""
        self._left -= point == self._crash.point
        return point == self._crash.point and self._left == 0

    def at(self, point: str) -> None:
        """Pass a point."""
        if self.passes(point):
            self.kill()

    def kill(self) -> None:
        """Kill the driver, where this is a worker, and this process: nothing of Python runs any more."""
        for process in filter(None, (self._crash.driver, os.getpid())):
            os.kill(process, signal.SIGKILL)


def arm_driver(crash: Crash) -> None:
    """Put a driver's points into this process."""
    bomb = Bomb(crash)
    _around(ledger.Ledger, "append", functools.partial(_append, bomb))
    _around(ledger.Ledger, "__init__", functools.partial(_open, bomb))
    _around(state.State, "replay", functools.partial(_replay, bomb))
    _around(worker, "end", functools.partial(_before, bomb, "before a trial's checkpoints go"))
    _around(Path, "replace", functools.partial(_replace, bomb))


@functools.cache
def arm_worker(crash: Crash) -> Bomb:
    """Put a worker's points into this process, once; gives what to pass the others on."""
    bomb = Bomb(crash)

    def rename(call: Callable[..., Any], *args: Any) -> Any:
        bomb.at("before a checkpoint's rename")
        found = call(*args)
        bomb.at("after a checkpoint's rename")
        return found

    _around(Path, "rename", rename)
    return bomb


def _around(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a function, or a class's method, by one that gets it as its first argument."""
    original = getattr(owner, name)
    setattr(owner, name, lambda *args: around(original, *args))


def _before(bomb: Bomb, point: str, call: Callable[..., Any], *args: Any) -> Any:
    bomb.at(point)
    return call(*args)


def _replace(bomb: Bomb, call: Callable[..., Any], path: Path, *to: Any) -> Any:
    if path.name.startswith(".table.parquet."):
        bomb.at("before the table's rename")
    return call(path, *to)


def _append(bomb: Bomb, append: Callable[..., Any], book: Any, event: ledger.Event) -> None:
    what = "suggestion" if event["kind"] == "suggest" else "ledger write"
    bomb.at("before a suggestion is written" if event["kind"] == "suggest" else "before a ledger write")
    if bomb.passes("in mid-line"):
        book._file = _Half(book._file, bomb.kill)
    append(book, event)
    bomb.at(f"after a {what}")


def _open(bomb: Bomb, make: Callable[..., Any], *args: Any) -> None:
    bomb.at("in a resume, before its file")
    make(*args)
    bomb.at("in a resume, after its file")


def _replay(bomb: Bomb, replay: Callable[..., Any], state: Any, events: Any) -> None:
    def passed() -> Any:
        for event in events:
            bomb.at("in a resume, in mid-replay")
            yield event

    replay(state, passed())


class _Half:
    """A file of which half a line arrives."""

    def __init__(self, file: Any, then: Callable[[], None]) -> None:
        self._file, self._then = file, then

    def write(self, line: bytes) -> None:
        self._file.write(line[: len(line) // 2])
        self._then()
