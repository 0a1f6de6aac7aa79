"""Runs a command and measures it from outside: wall time, exit code, and the memory of all its processes.

Knows nothing of studies; memory is read from /proc, so only on Linux.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

EVERY = 1.0
"""Seconds between two looks at the memory."""


class Run(NamedTuple):
    """What a command came to."""

    code: int
    """Exit code; negative: the signal that ended it."""
    start: float
    """Unix time, seconds."""
    end: float
    memory: int
    """Most bytes that its processes had at one time, each page divided among those that share it (PSS); 0: unknown."""


def run(command: list[str], folder: Path, environment: dict[str, str], log: Path, timeout: float) -> Run:
    """Run a command to its end.

    Args:
        command: program and arguments.
        folder: where it runs.
        environment: variables besides this process's own, of which Ray's and Tune's are left out: importing parts of
            `study` sets some, and a peer is not to run under them.
        log: gets what it prints.
        timeout: seconds, after which it is killed and its code is -9.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "TUNE_"))}
    with log.open("wb") as output:
        start = time.time()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=own | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        with _watched(process.pid) as most:
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout)
            finally:
                if process.poll() is None:
                    _kill(process)
            end = time.time()
    return Run(process.returncode, start, end, most[0])


def tree(root: int) -> list[int]:
    """List a process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            after_name = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
            parents.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found = [root]
    for process in found:
        found += parents.get(process, [])
    return found


def memory(process: int) -> int:
    """Give a process's share of its pages in bytes; 0 where that cannot be read."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    return 0


@contextlib.contextmanager
def _watched(root: int) -> Iterator[list[int]]:
    """Give a list of one number: the most bytes that the process and its descendants have had so far."""
    most, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(EVERY):
            most[0] = max(most[0], sum(map(memory, tree(root))))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that descend from it."""
    for each in tree(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    process.wait()
