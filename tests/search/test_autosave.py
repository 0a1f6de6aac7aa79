"""The table is written every few seconds: less often if writing is slow, but never hours apart."""

import pytest

from study.search import autosave


@pytest.fixture
def now(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(autosave.time, "monotonic", lambda: now[0])
    return now


def calls(now, takes, until):
    """Call every second, with writes that take so long; returns the seconds at which there was a write."""
    made = []

    def write():
        made.append(now[0])
        now[0] += takes.pop(0) if takes else 0.0

    every = autosave.Every(20.0, write)
    while now[0] < until:
        every()
        now[0] += 1
    return made


def test_a_writing_that_takes_long_is_made_less_often_and_the_next_one_as_before(now):
    assert calls(now, [0.0, 3.0], 150) == [20, 40, 103, 123, 143]


def test_a_process_that_was_stopped_while_it_wrote_writes_again_within_minutes(now):
    first, second, third = calls(now, [7200.0], 7900)[:3]
    assert second - (first + 7200) == autosave.LONGEST
    assert third - second == 20
