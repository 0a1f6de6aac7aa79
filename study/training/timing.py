"""Seconds that this process spends on each kind of work.

On a GPU the host runs ahead of the device. There only the sum over an epoch is exact, as its end waits for the device.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

_seconds: defaultdict[str, float] = defaultdict(float)


@contextmanager
def spent(on: str) -> Iterator[None]:
    """Count the time inside the context; time that a nested context counts is counted there alone."""
    start, before = time.perf_counter(), sum(_seconds.values())
    try:
        yield
    finally:
        _seconds[on] += time.perf_counter() - start - (sum(_seconds.values()) - before)


def taken() -> dict[str, float]:
    """Give the seconds spent on each kind of work since the last call."""
    seconds = dict(_seconds)
    _seconds.clear()
    return seconds
