"""When to stop: a signal came, or the time budget is spent."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from threading import Timer
from types import FrameType
from typing import Any

from study.errors import INTERRUPTED, STOPPED_EARLY, Stopped

GRACE = 20.0
"""Seconds that an orderly stop may take: where the signal went to all processes, Ray is gone and waited for in vain."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATE = "stopped without a table, which --resume makes anew: every report is on the disk"
"""The message of a search that could not end in order."""


class StopRequest:
    """Whether to stop: once the time budget is spent, or something has called `request`."""

    def __init__(self, budget: float | None, text: str = STOPPED_EARLY) -> None:
        """Start the clock.

        Args:
            budget: seconds from now; None is without end.
            text: the message of `check`.
        """
        self._text = text
        self._until = None if budget is None else time.monotonic() + budget
        self._requested = False

    def request(self) -> None:
        """Ask to stop."""
        self._requested = True

    def requested(self) -> bool:
        """Whether to stop now."""
        return self._requested or (self._until is not None and time.monotonic() >= self._until)

    def check(self) -> None:
        """Leave what is not yet part of the search.

        Raises:
            Stopped: a stop was requested.
        """
        if self.requested():
            raise Stopped(self._text)

    def listen(self) -> None:
        """Take signals over again: after Ray has started, which brings its own handlers, and ended, taking all away."""

    def begun(self) -> None:
        """Note that the search has begun."""

    def settled(self) -> None:
        """Note that the stop was orderly: what is left may take as long as it takes."""


class Stop(StopRequest):
    """A command's: takes SIGINT, SIGTERM and SIGHUP over; a second signal ends the process at once.

    Every report is on the disk by then.
    """

    def __init__(self, budget: float | None, text: str = STOPPED_EARLY) -> None:
        """Start the clock, and listen; the arguments are those of `StopRequest`."""
        super().__init__(budget, text)
        self._late_text = text
        self._late = Timer(GRACE, self._end)
        self._late.daemon = True
        self.listen()

    def listen(self) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves SIGHUP
                signal.signal(number, self._on_signal)

    def begun(self) -> None:
        self._late_text = LATE

    def settled(self) -> None:
        self._late.cancel()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            os._exit(INTERRUPTED)
        self.request()
        self._late.start()

    def _end(self) -> None:
        with contextlib.suppress(OSError):  # nobody reads it
            os.write(2, f"{self._late_text}\n".encode())
        os._exit(INTERRUPTED)


class Interrupt(StopRequest):
    """A function's, as in a notebook: Ctrl-C stops in order, a second one raises KeyboardInterrupt where it meets it.

    The handlers of other signals are the caller's, and all are as before once `listening` is left.
    """

    interrupted = False
    """Whether Ctrl-C came."""

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C over where Python's own handler is there and this is the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
        self._handlers = before
        self.listen()
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    _handlers: "dict[int, Any] | None" = None

    def listen(self) -> None:
        for number, handler in (self._handlers or {}).items():
            own = number == signal.SIGINT and handler is signal.default_int_handler
            signal.signal(number, self._on_interrupt if own else handler)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        self.request()
