"""Stands in for training: spaces, states and results that compute scores from a formula, for tests of the search.

`play` runs a state in memory, without Ray, files or networks; `toy_study` runs the same on Ray.
"""

import ctypes
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from study.search.state import Plan, State
from study.search.table import MEASURED
from study.space import Space, integers, log_uniform

SPACE = Space(
    task="toy",
    compared={"regime": ("scratch", "partial_freeze", "fine_tune"), "label_fraction": (0.1, 1.0)},
    tuned={"lr": log_uniform(1e-4, 1e-1), "freeze_depth": integers(1, 4)},
    only={"freeze_depth": {"regime": "partial_freeze"}},
    baseline={"lr": 1e-3, "freeze_depth": 2},
    trials=6,
    epochs=9,
    replicates=2,
)

_TWO = {"regime": ("scratch", "partial_freeze"), "label_fraction": (1.0,)}
FEW = replace(SPACE, compared=_TWO, trials=4, replicates=1)
"""Two cells of four trials."""


def _raise(error: BaseException) -> None:
    raise error


def _send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


class Strange(BaseException):
    """An exception whose `str` raises."""

    def __str__(self) -> str:
        raise SystemExit(0)


DEATHS: dict[str, Callable[[], object]] = {
    "exit 3": lambda: os._exit(3),
    "abort": os.abort,
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: _send(signal.SIGKILL),
    "term": lambda: _send(signal.SIGTERM),
    "sys.exit": lambda: sys.exit(0),
    "sys.exit text": lambda: sys.exit("a text"),
    "interrupt": lambda: _raise(KeyboardInterrupt("mine")),
    "generator": lambda: _raise(GeneratorExit("mine")),
    "strange": lambda: _raise(Strange()),
    "surrogate": lambda: _raise(ValueError("photo \udcff\0 of it")),
    "long": lambda: _raise(ValueError(10**7 * "x")),
}
"""Faults that end a trial or its process at epoch 1."""
EARLY = ("hang", "crowd", "memory", *DEATHS)
"""Faults at epoch 1, before any trial is pruned; the other faults are at epoch 2."""
WHEN = list(MEASURED)  # columns in which two runs of one study differ


def objective(values: dict[str, Any], epoch: int) -> float:
    """A toy objective: more labels are always better, and each regime has a best learning rate of its own."""
    best = {"scratch": 1e-2, "partial_freeze": 3e-3, "fine_tune": 1e-3}[values["regime"]]
    miss = abs(math.log10(values["lr"] / best)) + 0.1 * abs((values.get("freeze_depth") or 3) - 3)
    return values["label_fraction"] * (1 - math.exp(-epoch / 3)) - 0.1 * miss


def never(trial: str, epoch: int, objective: float) -> bool:
    """A pruner that lets every trial run."""
    return False


def state(space: Space = SPACE, seed: int = 0, pruner: Callable[[], Any] = lambda: never) -> tuple[State, list[dict]]:
    """A state, and the list of events that it records."""
    events: list[dict] = []
    plan = Plan(space.trials, space.epochs, space.replicates, seed)
    return State(space.cells(), plan, pruner, lambda event: events.append(json.loads(json.dumps(event)))), events


def values_of(toy: State, trial: Any) -> dict[str, Any]:
    """A trial's whole configuration."""
    return toy.cells[trial.cell].values | trial.tuned


def play(toy: State, steps: int | None = None) -> None:
    """Run a state's trials one after another, without Ray; stops after `steps` reports, None runs to the end."""
    while steps is None or steps > 0:
        trial = toy.next_trial()
        if trial is None:
            return
        for epoch in range(toy.plan.epochs + 1):
            score = objective(values_of(toy, trial), epoch)
            last = epoch == toy.plan.epochs
            decision = toy.report(trial.id, epoch, score, last, rows=[], worker="", time=0.0)
            if steps is not None:
                steps -= 1
                if steps == 0:
                    return
            if decision != "continue":
                break


def toy_results(jobs: list[dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    """In place of `worker.results`: yield objectives by epoch, and write each start and report into a journal."""
    remaining = list(jobs)
    for job in jobs:
        note(Path(job["journal"]), job["trial"], "start")
    for epoch in range(jobs[0]["epochs"] + 1):
        time.sleep(jobs[0].get("pause", 0.0))
        results = {job["trial"]: _toy_result(job, epoch, alone=len(jobs) == 1) for job in remaining}
        remaining = [job for job in remaining if "failure" not in results[job["trial"]]]
        yield results


def _toy_result(job: dict[str, Any], epoch: int, alone: bool) -> dict[str, Any]:
    fault = job["config"].get("fault")
    if epoch != (1 if fault in EARLY else 2):
        fault = None
    if fault == "exit":
        os._exit(1)
    if fault in DEATHS:
        DEATHS[fault]()
    if fault == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if fault == "memory" or (fault == "crowd" and job["gpus"] < 1):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore of it")
    if fault == "raise" and alone:
        raise RuntimeError("a fault at epoch 2")
    if fault == "raise":
        return {"failure": "RuntimeError: a fault at epoch 2", "traceback": ""}
    note(Path(job["journal"]), job["trial"], epoch)
    score = objective(job["config"], epoch)
    return {"epoch": epoch, "objective": score, "last": epoch == job["epochs"], "rows": []}


def note(journal: Path, trial: str, what: object) -> None:
    """Append a line in one write, so that lines of several processes do not mix."""
    with journal.open("a") as file:
        file.write(f"{trial} {what}\n")


def without_order(events):
    """Events by trial, kind and epoch, whatever their order; a repeated report replaces the earlier one."""
    return {(event["trial"], event["kind"], event.get("epoch")): event for event in events}
