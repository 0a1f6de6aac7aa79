"""Where the time goes: every second of every worker has one place, and trials trained together are one stretch."""

import pytest

from benchmarks import _account


def report(worker, trial, time, **spent):
    return {"kind": "report", "worker": worker, "trial": trial, "time": time, "spent": spent}


SINGLE = [
    {"kind": "suggest", "trial": "x", "cell": 0},
    report("a", "x", 12.0, setup=1.0, evaluation=1.0),
    report("b", "y", 14.0, setup=1.0),
    report("a", "x", 15.0, forward=1.0, backward=1.5),
    report("a", "z", 17.0, setup=0.5, data=1.0),
]


def test_stretches_of_single_trials():
    found = [(span.worker, span.begin, span.end, span.trials) for span in _account.spans(SINGLE)]
    assert found == [("a", 10, 15, ("x",)), ("b", 13, 14, ("y",)), ("a", 15.5, 17, ("z",))]


def test_trials_trained_together_are_one_stretch():
    events = [report("a", name, time, forward=0.5) for time in (5.0, 7.0) for name in ("x", "y")]
    (span,) = _account.spans([*events, report("a", "z", 8.0, forward=0.25)])[:1]
    assert span == _account.Span("a", 4.0, 7.0, ("x", "y"), 2.0)


def test_parts_add_up():
    parts = _account.account(SINGLE, start=4.0, end=20.0, workers=2)
    assert sum(parts.values()) == pytest.approx(2 * 16)
    assert (parts["start"], parts["end"]) == (12, 6)
    assert parts["setup"] == 2.5
    assert parts["between"] == 7 - 6 + 1 - 1  # 10 to 17 and 13 to 14, less what is told
    assert parts["idle"] == 3 + 3


def test_a_worker_that_never_ran_is_idle():
    parts = _account.account([report("a", "x", 10.0, forward=2.0)], start=8.0, end=10.0, workers=3)
    assert parts["idle"] == 4


def test_reports_without_account():
    event = {"kind": "report", "worker": "a", "trial": "x", "time": 3.0}
    parts = _account.account([event, event | {"time": 5.0}], start=3.0, end=5.0, workers=1)
    assert parts["between"] == 2


def test_overhead_leaves_out_what_each_worker_does_first():
    later = report("a", "z", 18.0, forward=0.5, other=0.25)  # 0.25 s of the second between its reports are told nowhere
    found = _account.overhead([*SINGLE, later])
    assert found == {"setup": 0.5, "other": 0.25, "between": 0.5 + 0.25}
    assert _account.overhead(SINGLE[:4]) == {}


def test_overhead_of_trials_trained_together_is_shared():
    first = [report("a", name, 5.0, setup=1.0) for name in ("v", "w")]
    second = [report("a", name, time, setup=0.5, forward=0.5) for time in (8.0, 10.0) for name in ("x", "y")]
    assert _account.overhead([*first, *second]) == {"setup": 1.0, "other": 0.0, "between": 0.5}
