"""A clock that stops while its process does."""

import pytest

from study.backend import listening_clock


@pytest.fixture
def now(monkeypatch):
    """A machine's clock, which stops until the test sets it."""
    now = [100.0]
    monkeypatch.setattr(listening_clock.time, "monotonic", lambda: now[0])
    return now


def test_time_between_looks_counts_up_to_a_bound(now):
    clock = listening_clock.Awake()
    assert clock.look() == 0
    for now[0] in (100.25, 100.5, 101.5):
        clock.look()
    assert clock.seconds == 1.5
    now[0] += 86400
    assert clock.look() == 1.5 + listening_clock.BOUND
    now[0] += 0.25
    assert clock.look() == 1.75 + listening_clock.BOUND
