"""A worker that does not report for too long is ended, and its trials fail; no others do."""

import signal
import subprocess
import sys
import time
from itertools import pairwise

import pytest

from study.backend import listening_clock, watchdog
from study.storage import ledger
from tests.backend.test_tune import journal, starts
from tests.support import toy_study, toys


class Scene:
    """Workers under watch, with a clock that the test sets; an idle worker answers, a busy one does not."""

    def __init__(self, now, most):
        self.now, self.ended, self.idle, self.queries = now, [], set(), 0
        self.watch = watchdog.Watch(most, self.ended.append, self._ask)

    def _ask(self, worker):
        self.queries += 1
        return lambda: worker in self.idle

    def listen(self, seconds, workers, reports=()):
        """Look ten times a second, as the driver does while it waits, and note the trials that report."""
        for _ in range(round(seconds * 10)):
            self.now[0] += 0.1
            self.watch.look(workers)
            for trial in reports:
                self.watch.heard(trial)

    def pause(self, seconds):
        """Let the driver stand still."""
        self.now[0] += seconds


@pytest.fixture
def scene(monkeypatch):
    """A function that makes a scene."""
    now = [0.0]
    monkeypatch.setattr(listening_clock.time, "monotonic", lambda: now[0])
    return lambda most: Scene(now, most)


BOTH = {"a": "worker a", "b": "worker b"}


def test_only_a_silent_worker_is_ended_and_only_once(scene):
    seen = scene(10)
    seen.listen(30, BOTH, reports="b")
    assert seen.ended == ["worker a"]
    assert seen.queries == 1
    assert seen.watch.why("a") == "hung: no report for 10 s (--trial-timeout)"
    assert seen.watch.why("b") is None


def test_waiting_for_a_worker_is_no_silence(scene):
    seen = scene(10)
    seen.listen(50, {"a": None})
    seen.listen(9, {"a": "worker"})
    assert seen.ended == []
    seen.listen(2 + watchdog.ANSWER, {"a": "worker"})
    assert seen.ended == ["worker"]


def test_a_worker_that_waits_for_its_next_trial_begins_anew(scene):
    seen = scene(10)
    for trials in ("a", "", "a"):
        seen.listen(8, dict.fromkeys(trials, "worker"))
    assert seen.ended == []


def test_without_a_limit_nobody_is_ended(scene):
    seen = scene(None)
    seen.listen(1000, BOTH)
    assert seen.ended == []


@pytest.mark.parametrize("before", [0, 5, 9.9])
def test_nobody_is_blamed_for_the_time_in_which_the_driver_stood_still(scene, before):
    """Stopped by a signal, asleep with its machine, waiting for a disk."""
    seen = scene(10)
    seen.listen(before, BOTH)
    seen.pause(3600)
    seen.listen(1, BOTH)
    seen.listen(1, BOTH, reports="ab")
    assert seen.ended == []


def test_who_hangs_is_ended_though_the_driver_stands_still_now_and_then(scene):
    seen = scene(10)
    for _ in range(30):
        seen.listen(0.5, BOTH, reports="b")
        seen.pause(60)
    assert seen.ended == ["worker a"]


def test_a_worker_whose_report_waits_behind_others_is_idle_and_not_blamed(scene):
    seen = scene(10)
    seen.idle.add("worker a")
    seen.listen(100, BOTH, reports="b")
    assert seen.ended == []
    seen.idle.clear()
    seen.listen(10 + watchdog.ANSWER + 1, BOTH, reports="b")
    assert seen.ended == ["worker a"]


def test_a_report_in_the_last_moment_counts(scene):
    seen = scene(10)
    seen.listen(11, BOTH, reports="b")
    assert seen.queries == 1
    seen.watch.heard("a")
    seen.listen(9, BOTH, reports="b")
    assert seen.ended == []


def test_all_are_ended_when_the_run_stops(scene):
    seen = scene(None)
    seen.listen(0.1, {"a": "worker a", "b": None, "c": "worker c"})
    seen.watch.end_all()
    seen.watch.end_all()
    assert seen.ended == ["worker a", "worker c"]


@pytest.mark.slow
@pytest.mark.parametrize("together", [1, pytest.param(4, marks=pytest.mark.nightly)])
def test_a_trial_that_sleeps_and_ignores_sigterm_fails_and_the_others_go_on(tmp_path, together):
    state = toy_study.main(tmp_path, faults={"c000-s002": "hang"}, timeout=8.0, together=together, space=toys.FEW)
    failed = {trial.id: trial.error for trial in state.trials.values() if trial.state == "failed"}
    assert failed == {"c000-s002": "hung: no report for 8 s (--trial-timeout)"}
    assert state.done()
    assert len(state.trials) == 2 * (4 + 1)
    assert bool(state.alone) == (together > 1)
    assert starts(tmp_path)["c000-s002"] == 1 + (together > 1)


PAUSED = """
import sys
from pathlib import Path
from tests.support import toy_study, toys
toy_study.main(Path(sys.argv[1]), pause=0.5, timeout=3.0, space=toys.FEW)
"""


@pytest.mark.slow
def test_a_driver_that_is_stopped_for_longer_than_the_timeout_blames_nobody(tmp_path):
    driver = subprocess.Popen([sys.executable, "-c", PAUSED, str(tmp_path)])
    while not (tmp_path / "journal.txt").exists() or len(journal(tmp_path)) < 8:
        assert driver.poll() is None
        time.sleep(0.05)
    driver.send_signal(signal.SIGSTOP)
    time.sleep(6)
    driver.send_signal(signal.SIGCONT)
    assert driver.wait(120) == 0
    events = list(ledger.read(tmp_path / "ledger"))
    times = sorted(event["time"] for event in events if event["kind"] == "report")
    assert max(late - early for early, late in pairwise(times)) > 3  # workers were idle while the driver was stopped
    assert not [event for event in events if event["kind"] in ("fail", "lost")]
