"""`python -m study.run --space gtsrb`: one command from a question to an answer.

Knows the order of things (arguments, data, search, table, report) and what each exit code means; imports neither torch
nor Ray before the arguments are checked.
"""

import argparse
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from study import arguments, checks, ledger, screen, store
from study import folder as folders
from study.config import UserError
from study.reads import read_values
from study.space import Cell, Space
from study.stop import INTERRUPTED, Stop, Stopped

if TYPE_CHECKING:
    from rich.console import Console

    from study.cluster import Packing, Place
    from study.data import Prepared
    from study.state import State, Trial

DONE, FAILED_TRIALS, USAGE, REFUSED, STORAGE, LOCKED = 0, 1, arguments.USAGE, 4, 5, 6
LOG_WIDTH = 120  # columns where the output is no terminal
TABLE_EVERY = 20.0  # seconds between two writings of the table while the study runs


@dataclass(frozen=True)
class Study:
    """What is put together before Ray starts; `prepared` has one entry a cell."""

    name: str
    scale: str
    space: Space
    cells: list[Cell]
    prepared: list["Prepared"]
    folder: Path
    seed: int
    deterministic: bool
    checkpoint_seconds: float
    real: bool
    """Whether the data are real: a published figure is no yardstick for a stand-in."""
    cache_gb: float
    half: bool
    """Whether what is kept of frozen stages' outputs is in half precision."""
    absent: dict[int, str]
    """Number of a cell whose pretrained weights cannot be had here → why."""


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    args = arguments.parse(argv)
    try:
        if args.list:
            print(screen.listing())
            return DONE
        return _run(args, Stop(args.time_budget))
    except UserError as error:
        return _say(error, USAGE)
    except (ledger.Damaged, store.Damaged) as error:
        return _say(error, REFUSED)
    except folders.Locked as error:
        return _say(error, LOCKED)
    except Stopped:
        return _say("stopped before the search began; the same command starts again", INTERRUPTED)
    except OSError as error:
        return _say(f"storage failed: {error}; what was reported is kept, --resume goes on", STORAGE)


def _run(args: argparse.Namespace, stop: Stop) -> int:
    space, cells, folder = arguments.question(args)
    checks.check_cells(cells, space.epochs)
    with folders.lock(folder):
        try:
            folders.check_free(folder, args.resume)
            return _locked_run(args, space, cells, folder, stop)
        finally:
            folders.leave_empty(folder)


def _locked_run(args: argparse.Namespace, space: Space, cells: list[Cell], folder: Path, stop: Stop) -> int:
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
    absent = checks.fetch_weights(cells)
    study = Study(
        name=arguments.name(args),
        scale=args.scale,
        space=space,
        cells=cells,
        prepared=_prepare(cells, args, stop, console),
        folder=folder,
        seed=args.seed,
        deterministic=args.deterministic,
        checkpoint_seconds=args.checkpoint_every,
        real=bool(args.data),
        cache_gb=args.cache_gb,
        half=args.cache_half,
        absent=absent,
    )
    checks.check_data(cells, study.prepared)
    from study.cluster import cluster

    with cluster(args.address, args.cpus_per_trial, _gpus(args, study, console), args.deterministic) as place:
        stop.listen()
        stop.check()
        folders.begin(folder, _identity(study), args.resume)
        sources = ", ".join(dict.fromkeys(prepared.source for prepared in study.prepared))
        size = f"{screen.plan(cells, space, absent)} → {os.path.relpath(folder)}"
        console.print(f"{study.name} ({study.scale}) on {sources}", size, sep="\n", soft_wrap=True)
        state = _search(study, place, stop, console)
        Thread(target=import_module, args=("analysis.report",)).start()  # while Ray ends, which is waiting
    return _finish(study, state, console)


def _prepare(cells: list[Cell], args: argparse.Namespace, stop: Stop, console: "Console") -> list["Prepared"]:
    """Decode or render each data set that the cells need, once."""
    from rich.progress import Progress

    from study import data, download

    if args.download:
        for name in dict.fromkeys(str(cell.values["task"]) for cell in cells):
            download.fetch(name, args.data, console.print)
    made: dict[tuple[Any, ...], Prepared] = {}
    wanted = [tuple(read_values(cell.values)[key] for key in ("task", "image_size", "crop")) for cell in cells]
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for task, size, crop in dict.fromkeys(wanted):
            bar = progress.add_task(f"{task} at {size} px", total=None)

            def advance(done: int, total: int, bar: Any = bar) -> None:
                progress.update(bar, completed=done, total=total)
                stop.check()

            made[task, size, crop] = data.prepare(task, args.data, size, crop, advance)
    return [made[one] for one in wanted]


def _gpus(args: argparse.Namespace, study: Study, console: "Console") -> "float | Packing | None":
    """Give the GPUs of a trial, or what finds them once Ray runs."""
    if args.gpus_per_trial != arguments.AUTO:
        return args.gpus_per_trial
    from study import gpu_memory, packing

    bytes_each = 0 if not study.cache_gb else 2 if study.half else 4
    tried = packing.cases(study.cells, study.prepared, study.absent, bytes_each)
    say = partial(console.print, soft_wrap=True)
    return lambda most: packing.chosen(tried, *gpu_memory.needs(tried), most, say)


def _identity(study: Study) -> dict[str, Any]:
    """What makes a study this one: a resume with any of it changed is refused."""
    cells = [
        {"name": cell.name, "values": cell.values, "published": cell.published if study.real else None}
        | {"source": prepared.source, "data": prepared.fingerprint, "as_published": cell.as_published}
        for cell, prepared in zip(study.cells, study.prepared, strict=True)
    ]
    space = {"name": study.name, "scale": study.scale} | study.space.as_dict()
    rest: dict[str, Any] = {"seed": study.seed, "deterministic": study.deterministic, "cache_half": study.half}
    return {"space": space, "cells": cells} | rest | {"code": folders.code_fingerprint()}


def _search(study: Study, place: "Place", stop: Stop, console: "Console") -> "State":
    """Run, or go on with, the search; the state is done unless it was stopped before its end."""
    from study import bundles, records, search, worker
    from study.progress import Progress
    from study.state import Plan, State

    space = study.space
    events = list(ledger.read(study.folder / "ledger"))
    records.refuse_lost(study.folder / "table.parquet", events)
    book = ledger.Ledger(study.folder / "ledger", len(events))
    plan = Plan(space.trials, space.epochs, space.replicates, study.seed)
    pruner = search.asha(space.epochs, space.grace_period, space.reduction_factor)
    patience = {number: checks.last_phase(cell, space.epochs) for number, cell in enumerate(study.cells)}
    state = State(study.cells, plan, pruner, book.append, study.absent, patience)
    state.replay(events)
    state.skip()
    table = _Every(TABLE_EVERY, lambda: _write_table(study.folder))

    def ended(trial: str) -> None:
        worker.end(study.folder / "checkpoints" / trial)
        table()

    try:
        with Progress(state, console) as progress:

            def asked_to_stop() -> bool:
                progress.update()
                return stop.asked()

            job, workers = partial(_job, study), max(1, place.slots // max(1, len(study.cells) - len(study.absent)))
            bundle = lambda trial: bundles.size(study.cells[trial.cell], space.trials, workers)  # noqa: E731
            search.run(state, job, study.folder / "tune", place, ended, asked_to_stop, bundle=bundle)
    finally:
        book.close()
        _write_table(study.folder)
    return state


def _job(study: Study, trial: "Trial") -> dict[str, Any]:
    """What the worker gets: plain values only."""
    return {
        "trial": trial.id,
        "role": trial.role,
        "config": study.cells[trial.cell].values | trial.tuned,
        "seed": trial.seed,
        "epochs": study.space.epochs,
        "prepared": asdict(study.prepared[trial.cell]),
        "split_seed": study.seed,
        "draw_seed": study.seed if trial.role == "search" else trial.seed,
        "checkpoints": str(study.folder / "checkpoints" / trial.id),
        "checkpoint_seconds": study.checkpoint_seconds,
        "cache": {"budget": int(study.cache_gb * 1e9), "half": study.half, "code": folders.code_fingerprint()},
        "model": str(study.folder / "models" / trial.id) if trial.id.endswith("-r000") else None,
    }


def _finish(study: Study, state: "State", console: "Console") -> int:
    """Write the report, print the cells, say what was written; returns the exit code."""
    from analysis import report, table
    from analysis.once import remembering

    try:
        frame = table.load(study.folder)
    except table.TableError as error:
        raise ledger.Damaged(str(error)) from error
    with remembering():
        written = [*report.write(frame, study.folder)[:1], study.folder / "table.parquet", study.folder / "models"]
        screen.print_cells(report.cell_table(frame), console)
        console.print(report.note(frame))
    for path in filter(Path.exists, written):
        console.print(f"wrote {os.path.relpath(path)}", soft_wrap=True)
    if not state.done():
        words = [word for word in sys.orig_argv[1:] if word != "--resume"]
        console.print(f"stopped before its end; go on with: python {shlex.join(words)} --resume", soft_wrap=True)
        return INTERRUPTED
    for name in ("tune", "checkpoints"):
        shutil.rmtree(study.folder / name, ignore_errors=True)
    if state.alone:
        first = next(iter(state.alone.values()))
        console.print(f"{len(state.alone)} trials broke when trained together and were trained one by one: {first}")
    failed = state.count("failed")
    if failed:
        console.print(f"done, with {failed} of {state.total()} trials failed: the report lists their errors")
    if state.absent:
        console.print(f"done, but {len(state.absent)} of {len(state.cells)} cells were not run: the report says why")
    return FAILED_TRIALS if failed or state.absent else DONE


class _Every:
    """Calls a function, but not more often than every so many seconds, and a twentieth of the time at most."""

    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self._seconds, self._call, self._last = seconds, call, time.monotonic()

    def __call__(self) -> None:
        began = time.monotonic()
        if began - self._last >= self._seconds:
            self._call()
            self._last = time.monotonic()
            self._seconds = max(self._seconds, 20 * (self._last - began))


def _write_table(folder: Path) -> None:
    from study import records

    records.write(records.table(folders.read_study(folder), ledger.read(folder / "ledger")), folder / "table.parquet")


def _say(error: object, code: int) -> int:
    print(f"study.run: {error}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
