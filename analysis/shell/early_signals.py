"""Signals that come while a command's modules are imported: one line and code 75, as later on.

Knows no command. `python -m` imports the package first, which takes effect then alone: who imports it as a library
keeps the signals as they are.
"""

import contextlib
import os
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 75


def listen() -> None:
    """Take the signals over where a command of this project starts; who ignores them goes on ignoring them."""
    if sys.argv[:1] != ["-m"]:  # as it is until the command's own code runs
        return
    for each in SIGNALS:
        if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(each, end)


def end(number: int, frame: FrameType | None) -> None:
    """End the process at once: nothing has been begun."""
    with contextlib.suppress(OSError):
        os.write(2, f"{_name()}: interrupted\n".encode(errors="replace"))
    os._exit(INTERRUPTED)


def _name() -> str:
    words = sys.orig_argv
    return words[words.index("-m") + 1] if "-m" in words[:-1] else "study"
