"""A line describes how a trial ended: an exception of any kind at once, a death with its signal or exit code."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from study.backend import exit_causes, guard, tune, watchdog
from study.search import bundles
from study.storage import ledger
from tests.backend.test_tune import starts
from tests.support import toy_study, toys

SPACE = replace(
    toys.SPACE,
    compared={"regime": ("partial_freeze",), "label_fraction": (1.0,)},
    trials=len(toys.DEATHS) + 2,
    epochs=2,
    replicates=1,
)
DIED = {
    "exit 3": "exit code 3",
    "abort": "SIGABRT (signal 6)",
    "segfault": "SIGSEGV (signal 11)",
    "kill": exit_causes.KILLED,
    "term": "SIGTERM (signal 15)",
}
RAISED = {
    "sys.exit": "SystemExit: 0",
    "sys.exit text": "SystemExit: a text",
    "interrupt": "KeyboardInterrupt: mine",
    "generator": "GeneratorExit: mine",
    "strange": "Strange: its text cannot be made (SystemExit)",
    "surrogate": "ValueError: photo \\udcff\\x00 of it",
}


@pytest.mark.slow
def test_each_way_to_end_is_told_from_the_others_and_the_study_goes_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "LOSSES", 0)  # a trial fails with its first worker
    modes = {f"c000-s{number:03d}": mode for number, mode in enumerate(toys.DEATHS, 1)}
    state = toy_study.main(tmp_path, faults=modes, space=SPACE)
    assert state.done()
    errors = {modes[trial.id]: trial.error for trial in state.trials.values() if trial.state == "failed"}
    long = errors.pop("long")
    assert long.startswith("ValueError: xxx")
    assert len(long) <= 20_000
    assert errors == RAISED | {mode: f"the worker died ({how})" for mode, how in DIED.items()}
    assert set(starts(tmp_path).values()) == {1}  # nobody was tried again
    assert list(ledger.read(tmp_path / "ledger"))


RAY = """Failure # 1 (occurred at 2026-01-01_00-00-00)
The actor died unexpectedly before finishing this task.
\tclass_name: Worker
\tpid: 1
\tip: 192.0.2.99
{}
"""
EXIT = "The actor is dead because its worker process has died. Worker exit type: {} Worker exit detail: "
SYSTEM = EXIT.format("SYSTEM_ERROR")


@pytest.mark.parametrize(("text", "expected"), [
    (f"{SYSTEM}Worker unexpectedly exits with a connection error code 2. End of file. Some common causes include: …",
     "its connection broke; Ray's log of process 1 on 192.0.2.99 may say why"),
    (f"{SYSTEM}Worker exits with an exit code 1. The process receives a SIGTERM.", "SIGTERM (signal 15)"),
    (EXIT.format("INTENDED_USER_EXIT") + "Worker exits by an user request. exit_actor() is called.",
     "Worker exits by an user request. exit_actor() is called."),
    ("Task was killed due to the node running low on memory.\nMemory on the node was 3 GB",
     "ended by Ray: its node ran low on memory"),
    ("The actor died because its node has died. Node Id: 12\n\tthe actor's node was terminated unexpectedly.",
     "the actor's node was terminated unexpectedly."),
    ("ray::Worker.__init__()\nModuleNotFoundError: no module", "ModuleNotFoundError: no module"),
])  # fmt: skip
def test_what_ray_says_of_a_death_becomes_a_line(tmp_path, text, expected):
    file = tmp_path / "error.txt"
    file.write_text(RAY.format("an earlier one") + RAY.format(text))
    assert exit_causes.reason(str(file)) == expected


@pytest.mark.parametrize("file", [None, "/none/error.txt"])
def test_where_ray_says_nothing_that_is_said(file):
    assert exit_causes.reason(file) == "Ray does not say why"


def full(*_):
    raise OSError(28, "No space left on device")


def scheduler(state, errors, ended):
    stop = tune.StopWhen(lambda: False, errors, watchdog.Watch(None))
    return tune.CellScheduler(state, bundles.Bundles(state, lambda trial: 1), ended, errors, stop)


def test_what_fails_while_a_death_is_recorded_stops_the_study_as_itself():
    """Tune would wrap it: the study would end in a traceback, not with the storage's exit code."""
    state, _ = toys.state(toys.FEW)
    trial, errors = state.next_trial(), guard.Guard()
    state.losses[trial.id] = bundles.LOSSES
    died = SimpleNamespace(trial_id="1", config={"jobs": [{"trial": trial.id}]}, error_file=None)
    scheduler(state, errors, full).on_trial_error(None, died)
    assert trial.error == "the worker died (Ray does not say why), as 2 of its workers did before"
    assert isinstance(errors.error, OSError)


def test_what_fails_while_workers_are_looked_at_stops_the_study_as_itself():
    errors = guard.Guard()
    watching = tune.Watching(SimpleNamespace(look=full), errors)
    watching.on_step_begin(0, [])
    assert isinstance(errors.error, OSError)


def test_an_objective_that_is_no_number_fails_its_trial():
    """As from a trainable that checks nothing."""
    state, _ = toys.state(toys.FEW)
    trial, ended = state.next_trial(), []
    result = {"worker": "", "time": 0.0}
    result["results"] = [(trial.id, {"epoch": 0, "objective": float("nan"), "last": False, "rows": []})]
    tune_trial = SimpleNamespace(trial_id="1", config={"jobs": [{"trial": trial.id}]})
    assert scheduler(state, guard.Guard(), ended.append).on_trial_result(None, tune_trial, result) == "STOP"
    assert (trial.state, trial.error) == ("failed", "objective is nan, not a finite number")
    assert ended == [trial.id]


NOTES = """
import os
from study.backend import exit_causes
exit_causes.note_exits()
exit_causes.note_exits()
if not os.fork():
    os._exit(7)
os.wait()
os._exit(3)
"""


def test_a_process_notes_its_exit_code_once_and_its_children_do_not():
    done = subprocess.run([sys.executable, "-c", NOTES], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (3, "*** exit code 3 ***\n")
