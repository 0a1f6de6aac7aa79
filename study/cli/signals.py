"""When to stop: a signal came, or the time budget is spent. Knows nothing of what is stopped."""

import contextlib
import os
import signal
import time
from threading import Timer

from study.errors import INTERRUPTED, STOPPED_EARLY, Stopped

GRACE = 20.0
"""Seconds that an orderly stop may take: where the signal went to all processes, Ray is gone and waited for in vain."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATE = "stopped without a table, which --resume makes anew: every report is on the disk"
"""What is said of a search that could not end in order."""


class Stop:
    """Takes SIGINT, SIGTERM and SIGHUP over; a second one ends the process at once: every report is on the disk."""

    def __init__(self, budget: float | None, text: str = STOPPED_EARLY) -> None:
        """Start the clock.

        Args:
            budget: seconds from now; None is without end.
            text: what the command says that was stopped by `check`.
        """
        self._text = self._late_text = text
        self._until = None if budget is None else time.monotonic() + budget
        self._signalled = False
        self._late = Timer(GRACE, self._end)
        self._late.daemon = True
        self.listen()

    def listen(self) -> None:
        """Install the handlers; again after Ray has started, which brings its own, and ended, taking all away."""
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves SIGHUP
                signal.signal(number, self._on_signal)

    def begun(self) -> None:
        """Note that the search has begun: a stop that hangs says what is kept of it."""
        self._late_text = LATE

    def asked(self) -> bool:
        """Whether to stop now."""
        return self._signalled or (self._until is not None and time.monotonic() >= self._until)

    def check(self) -> None:
        """Leave what is not yet part of the search.

        Raises:
            Stopped: asked to.
        """
        if self.asked():
            raise Stopped(self._text)

    def _on_signal(self, number: int, frame: object) -> None:
        if self._signalled:
            os._exit(INTERRUPTED)
        self._signalled = True
        self._late.start()

    def settled(self) -> None:
        """Note that the stop was orderly: what is left may take as long as it takes."""
        self._late.cancel()

    def _end(self) -> None:
        with contextlib.suppress(OSError):  # nobody reads it
            os.write(2, f"{self._late_text}\n".encode())
        os._exit(INTERRUPTED)
