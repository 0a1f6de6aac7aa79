"""Signals that arrive while a command's modules are imported: one line and exit code 75, as later on.

Takes effect only under `python -m`, which imports the package first. A program that imports it as a library keeps its
own signal handlers.
"""

import contextlib
import os
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 75


def listen() -> None:
    """Handle the signals if a command of this project starts; signals that are ignored stay ignored."""
    if sys.argv[:1] != ["-m"]:  # its value until the command's own code runs
        return
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, end)


def end(number: int, frame: FrameType | None) -> None:
    """End the process at once, since no work has begun."""
    with contextlib.suppress(OSError):
        os.write(2, f"{_name()}: interrupted\n".encode(errors="replace"))
    os._exit(INTERRUPTED)


def _name() -> str:
    words = sys.orig_argv
    return words[words.index("-m") + 1] if "-m" in words[:-1] else "study"
