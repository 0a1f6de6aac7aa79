"""The study that is killed: it trains nothing, but goes through the real search, ledger, lock, table and Ray.

Knows how to keep a journal of what ran; nothing of when it is killed, nor of what has to hold then.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _chaos_points
from benchmarks._chaos_points import Crash
from study.backend import tune, worker
from study.backend.session import cluster
from study.cli import existing
from study.cli.signals import Stop
from study.errors import INTERRUPTED
from study.search import pruner as asha
from study.search import table as tables
from study.search.state import Plan, State, Trial
from study.space import Space, log_uniform
from study.storage import durable, ledger
from study.storage import study_folder as folders

SPACE = Space(
    task="gtsrb",
    compared={"regime": ("scratch", "fine_tune"), "label_fraction": (0.1, 1.0)},
    tuned={"lr": log_uniform(1e-4, 1e-1), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    trials=6,
    epochs=9,
    replicates=2,
)


class NodeChecks(NamedTuple):
    """A study, and how it is to run."""

    folder: str
    seed: int = 0
    every: int = 1
    """Epochs between two checkpoints of a trial."""
    slots: int = 1
    """Trials at a time; 1 is deterministic."""
    pause: float = 0.02
    """Seconds a step."""
    address: str | None = None
    """Of a Ray cluster that is there."""
    crash: Crash = Crash()
    space: Space = SPACE


class Journaled(tune.Worker):
    """Steps through numbers that depend on every step before, and writes each into the journal."""

    def _start(self, jobs: list[dict[str, Any]]) -> None:
        self.cleanup()
        self._results = results(jobs[0])


def run(asked: NodeChecks) -> None:
    """Run, or go on with, the study; the exit codes are those of `study.run`."""
    stop = Stop(None)
    output = os.open(f"{asked.folder}/output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):  # Ray says much of each worker and node that dies
        os.dup2(output, stream)
    _chaos_points.arm_driver(asked.crash)
    with folders.lock(Path(asked.folder)):
        sys.exit(0 if _locked(asked, Path(asked.folder), stop).done() else INTERRUPTED)


def _locked(asked: NodeChecks, folder: Path, stop: Stop) -> State:
    cells, space = asked.space.cells(), asked.space
    common = {"source": "no data: nothing is trained", "published": None, "as_published": False}
    told = [{"name": cell.name, "values": cell.values} | common for cell in cells]
    about = {"space": {"name": "chaos"} | space.as_dict(), "cells": told, "seed": asked.seed}
    folders.begin(folder, about, resume=True)
    events = list(ledger.read(folder / "ledger"))
    existing.refuse_lost(folder, events)
    book = ledger.Ledger(folder / "ledger", len(events))
    pruner = asha.asha(space.epochs, 1, 3)
    state = State(cells, Plan(space.trials, space.epochs, space.replicates, asked.seed), pruner, book.append)
    state.replay(events)

    def job(trial: Trial) -> dict[str, Any]:
        kept = {"checkpoints": str(folder / "checkpoints" / trial.id), "journal": str(folder / "journal.txt")}
        crash = asked.crash._replace(driver=os.getpid())
        about = {"trial": trial.id, "seed": trial.seed, "epochs": space.epochs, "tuned": dict(trial.tuned)}
        return about | kept | {"every": asked.every, "pause": asked.pause, "crash": list(crash)}

    def ended(trial: str) -> None:
        note(folder / "journal.txt", trial, "ended")
        worker.end(folder / "checkpoints" / trial)
        write_table(folder)

    with cluster(asked.address, gpus=0.0) as place:
        stop.listen()
        wanted = replace(place, slots=asked.slots)
        tune.run(
            state, job, storage=folder / "tune", place=wanted, ended=ended, stop=stop.requested, trainable=Journaled
        )
    stop.listen()
    book.close()
    write_table(folder)
    return state


def write_table(folder: Path) -> None:
    """Fold the ledger into the table."""
    tables.write(
        tables.from_events(folders.read_study(folder), ledger.read(folder / "ledger")), folder / "table.parquet"
    )


def results(job: dict[str, Any]) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield a trial's results as a real worker does: a checkpoint's scores first, if there is one."""
    bomb, journal = _chaos_points.arm_worker(Crash(*job["crash"])), Path(job["journal"])
    folder = Path(job["checkpoints"])
    note(journal, job["trial"], "start")
    epoch, value = _latest(folder) or (0, _first(job))
    yield {job["trial"]: _result(job, epoch, value)}
    while epoch < job["epochs"]:
        time.sleep(job["pause"] / 2)
        bomb.at("in mid-step")
        time.sleep(job["pause"] / 2)
        epoch, value = epoch + 1, 3.9 * value * (1 - value)  # chaotic: what went wrong once shows ever after
        note(journal, job["trial"], epoch, value)
        if epoch % job["every"] == 0:
            _keep(folder, epoch, value, bomb)
        yield {job["trial"]: _result(job, epoch, value)}


def note(journal: Path, *words: object) -> None:
    """Append a line in one write, so that processes do not mix theirs."""
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(words) + "\n")


def _first(job: dict[str, Any]) -> float:
    return 0.1 + (job["seed"] % 1000) / 2000 + job["tuned"]["lr"]


def _keep(folder: Path, epoch: int, value: float, bomb: _chaos_points.Bomb) -> None:
    def fill(making: Path) -> None:
        (making / "epoch").write_text(json.dumps(epoch), encoding="utf-8")
        bomb.at("in mid-checkpoint")
        (making / "value").write_text(json.dumps(value), encoding="utf-8")

    durable.write_folder(folder / f"{epoch:06d}", fill)


def _latest(folder: Path) -> tuple[int, float] | None:
    for path in sorted(folder.glob("[0-9]*"), reverse=True):
        return json.loads((path / "epoch").read_text(encoding="utf-8")), json.loads(
            (path / "value").read_text(encoding="utf-8")
        )
    return None


def _result(job: dict[str, Any], epoch: int, value: float) -> dict[str, Any]:
    row = {"epoch": epoch, "step": epoch, "phase": 0, "trained_on": "gtsrb", "seconds": job["pause"] * epoch}
    row |= {"task": "gtsrb", "split": "val", "metric": "accuracy", "score": value}
    return {"epoch": epoch, "objective": value, "last": epoch == job["epochs"], "rows": [row]}
