"""A worker that says nothing for too long is ended, and its trials are counted as failed; nobody else is."""

import pytest

from study import hung
from tests import toy_study, toys
from tests.test_search import starts


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [0.0]
    monkeypatch.setattr(hung.time, "monotonic", lambda: now[0])
    return now


def watch(most):
    ended = []
    return hung.Watch(most, ended.append), ended


def test_only_a_silent_worker_is_ended_and_only_once(clock):
    watched, ended = watch(10)
    both = {"a": "worker a", "b": "worker b"}
    for clock[0] in (0, 9, 18, 27):
        watched.look(both)
        watched.heard("b")
    assert ended == ["worker a"]
    assert watched.why("a") == "hung: no report for 10 s (--trial-timeout)"
    assert watched.why("b") is None


def test_waiting_for_a_worker_is_no_silence(clock):
    watched, ended = watch(10)
    for clock[0], worker in ((0, None), (50, None), (60, "worker"), (69, "worker")):
        watched.look({"a": worker})
    assert ended == []
    clock[0] = 71
    watched.look({"a": "worker"})
    assert ended == ["worker"]


def test_a_worker_that_waits_for_its_next_trial_begins_anew(clock):
    watched, ended = watch(10)
    for clock[0], trials in ((0, ("a",)), (8, ()), (16, ("a",)), (24, ("a",))):
        watched.look(dict.fromkeys(trials, "worker"))
    assert ended == []


def test_without_a_limit_nobody_is_ended(clock):
    watched, ended = watch(None)
    for clock[0] in (0, 1e9):
        watched.look({"a": "worker"})
    assert ended == []


def test_all_are_ended_when_the_run_stops():
    watched, ended = watch(None)
    watched.look({"a": "worker a", "b": None, "c": "worker c"})
    watched.end_all()
    watched.end_all()
    assert ended == ["worker a", "worker c"]


@pytest.mark.slow
@pytest.mark.parametrize("together", [1, 4])
def test_a_trial_that_sleeps_and_ignores_sigterm_fails_and_the_others_go_on(tmp_path, together):
    state = toy_study.main(tmp_path, faults={"c000-s002": "hang"}, timeout=8.0, together=together, space=toys.FEW)
    failed = {trial.id: trial.error for trial in state.trials.values() if trial.state == "failed"}
    assert failed == {"c000-s002": "hung: no report for 8 s (--trial-timeout)"}
    assert state.done()
    assert len(state.trials) == 2 * (4 + 1)
    assert bool(state.alone) == (together > 1)
    assert starts(tmp_path)["c000-s002"] == 1 + (together > 1)
