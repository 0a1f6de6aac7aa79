"""What this process spends its time on, told in seconds. Knows nothing of what that is.

On a GPU the host runs ahead: only the sum over an epoch, which ends by waiting for the device, is exact there.
"""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

_seconds: defaultdict[str, float] = defaultdict(float)


@contextmanager
def spent(on: str) -> Iterator[None]:
    """Count what happens inside; what is counted inside of that again counts there alone."""
    start, before = time.perf_counter(), sum(_seconds.values())
    try:
        yield
    finally:
        _seconds[on] += time.perf_counter() - start - (sum(_seconds.values()) - before)


def taken() -> dict[str, float]:
    """Give the seconds spent on each thing since this was last asked."""
    found = dict(_seconds)
    _seconds.clear()
    return found
