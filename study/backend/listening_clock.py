"""A clock that runs only while this process does. Knows nothing of what it is used for."""

import time

BOUND = 1.0
"""Seconds that count between two looks, at most."""


class Awake:
    """Counts the seconds in which this process ran.

    A process may be stopped by a signal, sleep with its machine, or wait for a disk. Nobody else is to blame for that.
    """

    def __init__(self) -> None:
        """Start at 0."""
        self._last, self.seconds = time.monotonic(), 0.0

    def look(self) -> float:
        """Count the time since the last look, at most `BOUND`; returns the total seconds."""
        now = time.monotonic()
        self.seconds += min(now - self._last, BOUND)
        self._last = now
        return self.seconds
