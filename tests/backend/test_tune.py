"""The search on a real Ray: each trial runs once, a bad trial costs only itself, a kill loses nothing.

The ground truth is the journal that the toy trainable writes.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from study.storage import ledger
from tests.support import canary, toy_study, toys


def journal(folder):
    return [tuple(line.split()) for line in (folder / "journal.txt").read_text().splitlines()]


def starts(folder):
    return Counter(trial for trial, what in journal(folder) if what == "start")


def events(folder):
    return list(ledger.read(folder / "ledger"))


def ended(folder):
    """Trials that have ended according to the ledger."""
    done = {event["trial"] for event in events(folder) if event["kind"] == "fail"}
    return done | {event["trial"] for event in events(folder) if event.get("decision") in ("complete", "prune")}


def plain(folder):
    """Suggestions, scores and decisions, without sequence numbers, times and workers."""
    keys = ("kind", "trial", "epoch", "objective", "decision", "tuned", "seed", "role", "replicate_of")
    by_key = toys.without_order(events(folder))
    return {name: {key: event.get(key) for key in keys} for name, event in by_key.items()}


@pytest.mark.slow
def test_all_trials_run_once_and_all_cpus_work(tmp_path):
    state = toy_study.main(tmp_path, pause=0.1, space=toys.FEW)
    assert state.done()
    assert set(starts(tmp_path).values()) == {1}
    assert len(starts(tmp_path)) == len(state.trials) == 2 * (4 + 1)
    workers = Counter(event["worker"] for event in events(tmp_path) if event["kind"] == "report")
    assert len(workers) > 1 or os.cpu_count() == 1


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "together"), [
    pytest.param("raise", 1, marks=pytest.mark.nightly),
    ("exit", 4),
    pytest.param("exit", 1, marks=pytest.mark.nightly),
    pytest.param("raise", 4, marks=pytest.mark.nightly),
])  # fmt: skip
def test_a_bad_trial_costs_itself_only(tmp_path, fault, together):
    state = toy_study.main(tmp_path, faults={"s002": fault}, together=together, space=toys.FEW)
    assert bool(state.losses) == (fault == "exit")  # a trial that loses its worker is retried twice
    failed = {trial.id for trial in state.trials.values() if trial.state == "failed"}
    reached = {trial for trial, what in journal(tmp_path) if trial.endswith("s002") and what == "1"}
    assert state.done()
    assert failed == {trial.id for trial in state.trials.values() if trial.id.endswith("s002") and 2 in _epochs(trial)}
    assert failed
    assert failed <= reached
    assert len(state.trials) == 2 * (4 + 1)
    errors = {trial.error for trial in state.trials.values() if trial.state == "failed"}
    assert (
        errors == {"RuntimeError: a fault at epoch 2"} if fault == "raise" else all("died" in text for text in errors)
    )


def _epochs(trial):
    """Epochs that a trial began; a failed trial began one more than it reported."""
    return range(max(trial.objectives, default=-1) + 2) if trial.state == "failed" else trial.objectives


def killed_at(folder: Path, lines: int, *options: str) -> int:
    """Start the toy study, kill its driver (-9) after so many more lines of the journal, wait for its workers to end.

    Returns:
        The driver's exit code.
    """
    before = len(journal(folder)) if (folder / "journal.txt").exists() else 0
    driver = subprocess.Popen([sys.executable, "-m", "tests.support.toy_study", str(folder), *options])
    while driver.poll() is None and (not (folder / "journal.txt").exists() or len(journal(folder)) < before + lines):
        time.sleep(0.02)
    if driver.poll() is None:
        os.kill(driver.pid, signal.SIGKILL)
    code = driver.wait()
    _settle(folder)
    return code


def _settle(folder: Path) -> None:
    """Wait until no orphaned worker writes any more."""
    size = -1
    while (folder / "journal.txt").exists() and size != (folder / "journal.txt").stat().st_size:
        size = (folder / "journal.txt").stat().st_size
        time.sleep(1.0)


@pytest.mark.nightly
def test_a_killed_driver_loses_no_finished_trial_and_runs_none_twice(tmp_path):
    finished: list[dict[str, int]] = []
    for lines in (5, 60, 130):
        assert killed_at(tmp_path, lines) == -signal.SIGKILL
        before = {trial: starts(tmp_path)[trial] for trial in ended(tmp_path)}
        finished.append(before)
    state = toy_study.main(tmp_path)
    assert state.done()
    for before in finished:
        assert {trial: starts(tmp_path)[trial] for trial in before} == before
    assert len(state.trials) == 6 * (6 + 2) == len(ended(tmp_path))
    assert sum(starts(tmp_path).values()) - len(state.trials) <= 3 * 3  # at most 3 trials were handed out at a kill


@pytest.mark.slow
@pytest.mark.parametrize("together", [pytest.param(1, marks=pytest.mark.nightly), 4])
def test_a_killed_deterministic_study_equals_an_uninterrupted_one(tmp_path, together):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    toy_study.main(whole, deterministic=True, pause=0.0, together=together)
    options = ("--deterministic", "--together")[: 1 + (together > 1)]
    for lines in (40, 90):
        assert killed_at(cut, lines, *options) == -signal.SIGKILL
        poison(cut / "tune", tmp_path / "song")
    toy_study.main(cut, deterministic=True, pause=0.0, together=together)
    assert plain(cut) == plain(whole)
    assert not (tmp_path / "song").exists()


def poison(folder, song):
    """Replace all files of Ray Tune, which are pickles, by payloads; a resumed study must not read them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(canary.as_pickle(song))


@pytest.mark.nightly
def test_twelve_kills_at_random_moments_lose_nothing_and_change_nothing(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    toy_study.main(whole, deterministic=True, pause=0.0)
    draw = random.Random(0)
    finished: dict[str, int] = {}
    for _ in range(12):
        killed_at(cut, draw.randint(1, 40), "--deterministic")
        assert {trial: starts(cut)[trial] for trial in finished} == finished
        finished = {trial: starts(cut)[trial] for trial in ended(cut)}
    toy_study.main(cut, deterministic=True, pause=0.0)
    assert {trial: starts(cut)[trial] for trial in finished} == finished
    assert plain(cut) == plain(whole)
