"""`python -m study.run --space gtsrb`: one command from a question to an answer.

Knows the order of things (arguments, data, search, table, report) and what each exit code means; imports neither torch
nor Ray before the arguments are checked.
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from analysis.shell import command, files
from study.backend import preflight
from study.cli import checks, messages, options, prepare
from study.cli.signals import Stop
from study.errors import DONE, FAILED, INTERRUPTED, Damaged, UserError
from study.pretraining import fetch
from study.search.study import Study, asked, identity, job
from study.space import Space
from study.space.config import config
from study.space.space import Cell
from study.storage import ledger, mirror, store
from study.storage import study_folder as folders
from study.storage.free_space import Room

if TYPE_CHECKING:
    from study.backend.session import Packing, Place
    from study.cli.console import Console
    from study.search.state import State

LOG_WIDTH = 120  # columns where the output is no terminal
REPORT = 5e3  # bytes that a trial's report takes in the ledger, its rows in the table and their drawings, generously


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    with command.ending("study.run") as end:
        args = options.parse(argv)
        if args.list:
            print(messages.listing())
        else:
            end.code = _run(args, end)
    return end.code


def _run(args: argparse.Namespace, end: command.Ending) -> int:
    space, cells, folder = options.question(args)  # runs a space's code, which a signal ends at once
    checks.check_cells(cells, space.epochs)
    stop = Stop(args.time_budget)
    if args.inspect:
        prepare.inspect(cells, args.data, stop.check, _console(), args.seed)
        return DONE
    gpus = None if args.gpus_per_trial == options.AUTO else args.gpus_per_trial
    preflight.check(args.address, args.cpus_per_trial, gpus)
    store.check()
    new = folders.missing(folder)
    files.refuse_links(folder)
    with folders.lock(folder):
        files.sweep(folder)
        try:
            with mirror.kept(folder, args.out, args.resume) as kept:
                folders.check_free(folder, args.resume)
                from study.cli import existing

                events = existing.read(folder, networks=not kept)  # this and the next before minutes are spent on data
                told = options.name(args), args.scale, space, args.seed, args.deterministic, args.cache_half
                folders.check_same(folder, asked(*told), args.resume)
                return _locked_run(args, space, cells, folder, events, stop, kept, end)
        finally:
            folders.leave_empty(folder, new)


def _locked_run(
    args: argparse.Namespace,
    space: Space,
    cells: list[Cell],
    folder: Path,
    events: list[ledger.Event],
    stop: Stop,
    kept: "mirror.Mirror | None",
    end: command.Ending,
) -> int:
    console = _console()
    room = Room((folder, store.root()), 1e9 * args.keep_free)
    room.check(_reports(space, cells))

    def check() -> None:
        stop.check()
        room.check()
        if kept:
            kept.beat()  # images and weights may take longer than another machine waits

    study = _put_together(args, space, cells, folder, kept, check, console)
    from study.backend import nodes, pretrain_first
    from study.backend.session import cluster

    say = partial(console.print, soft_wrap=True)

    def ready() -> None:
        stop.listen()
        check()
        if args.address is not None:
            nodes.ready(study, check, say)

    with cluster(args.address, args.cpus_per_trial, _gpus(args, study, console), args.deterministic, ready) as place:
        folders.check_same(folder, identity(study), args.resume)  # before hours of training are spent
        study.absent.update(pretrain_first.train(study.starts, place, args.checkpoint_every, check, say))
        if len(study.absent) == len(cells):
            raise UserError("; ".join(dict.fromkeys(study.absent.values())))
        folders.begin(folder, identity(study), args.resume)
        end.resume = "what was reported is kept, and the same command with --resume resumes it"
        stop.begun()
        sources = ", ".join(dict.fromkeys(prepared.source for prepared in study.prepared))
        size = f"{messages.plan(cells, space, study.absent)} → {kept.uri if kept else messages.shown(folder)}"
        console.print(f"{study.name} ({study.scale}) on {sources}", size, sep="\n", soft_wrap=True)
        state = _search(study, events, place, stop, room, console)
        Thread(target=import_module, args=("analysis.report.study_report",)).start()  # while Ray ends, which is waiting
    stop.listen()
    stop.settled()
    return _finish(study, state, console)


def _put_together(
    args: argparse.Namespace,
    space: Space,
    cells: list[Cell],
    folder: Path,
    kept: "mirror.Mirror | None",
    check: Callable[[], None],
    console: "Console",
) -> Study:
    """Fetch weights and data that a study needs, look at them, decode them, and check all cells against them."""
    absent = fetch.fetch_weights(cells)
    if args.download:
        from study.data import download

        for name in dict.fromkeys(str(cell.values["task"]) for cell in cells):
            download.fetch(name, args.data, console.print)
    prepare.inspect(cells, args.data, check, console, args.seed)
    study = Study(
        name=options.name(args),
        scale=args.scale,
        space=space,
        cells=cells,
        prepared=prepare.prepare([config(cell.values) for cell in cells], args.data, check, console),
        folder=folder,
        seed=args.seed,
        deterministic=args.deterministic,
        checkpoint_seconds=args.checkpoint_every,
        real=bool(args.data),
        cache_gb=args.cache_gb,
        half=args.cache_half,
        absent=absent,
        starts=prepare.starts(cells, space.replicates, args.seed, (args.data, args.source_data), check, console),
        trial_timeout=args.trial_timeout,
        mirror=kept,
    )
    checks.check_data(cells, study.prepared)
    return study


def _console() -> "Console":
    from study.cli.console import Console

    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


def _reports(space: Space, cells: list[Cell]) -> float:
    """Estimate the bytes of a study's ledger, table and report."""
    return REPORT * len(cells) * (space.trials + space.replicates) * (space.epochs + 1)


def _gpus(args: argparse.Namespace, study: Study, console: "Console") -> "float | Packing | None":
    """Give the GPUs of a trial, or what finds them once Ray runs."""
    if args.gpus_per_trial != options.AUTO:
        return args.gpus_per_trial
    from study.backend import gpu_memory, gpu_sharing

    bytes_each = 0 if not study.cache_gb else 2 if study.half else 4
    tried = gpu_sharing.cases(study.cells, study.prepared, study.absent, bytes_each)
    say = partial(console.print, soft_wrap=True)
    return lambda most: gpu_sharing.chosen(tried, *gpu_memory.needs(tried), most, say)


def _search(
    study: Study, events: list[ledger.Event], place: "Place", stop: Stop, room: Room, console: "Console"
) -> "State":
    """Run, or go on with, the search; the state is done unless it was stopped before its end."""
    from study.backend import pretrain_first, tune, worker
    from study.cli.progress import Progress
    from study.search import autosave, bundles
    from study.search import pruner as asha
    from study.search.state import Plan, State

    space = study.space
    book = ledger.Ledger(study.folder / "ledger", len(events))
    plan = Plan(space.trials, space.epochs, space.replicates, study.seed)
    pruner = asha.asha(space.epochs, space.grace_period, space.reduction_factor)
    patience = {number: checks.last_phase(cell, space.epochs) for number, cell in enumerate(study.cells)}
    state = State(study.cells, plan, pruner, book.append, study.absent, patience)
    state.replay(events)
    state.skip()
    known, given = {event["trial"] for event in events}, list(pretrain_first.events(study.starts, study.absent))
    pretrain_first.refuse_other(events, given)
    for event in given:
        if event["trial"] not in known:
            book.append(event)
    say = partial(console.print, soft_wrap=True)
    table = autosave.Every(autosave.TABLE_EVERY, lambda: autosave.keep(study, say))

    def ended(trial: str) -> None:
        worker.end(study.folder / "checkpoints" / trial)
        if study.mirror:
            study.mirror.drop(f"checkpoints/{trial}")
        table()

    try:
        if study.mirror:
            study.mirror.push()  # before anything is trained: who finds checkpoints there finds a study
        with Progress(state, console) as progress:

            def asked_to_stop() -> bool:
                progress.update()
                room.check()
                if study.mirror:
                    study.mirror.beat()
                return stop.asked()

            made, workers = partial(job, study), max(1, place.slots // max(1, len(study.cells) - len(study.absent)))
            bundle = lambda trial: bundles.size(study.cells[trial.cell], space.trials, workers)  # noqa: E731
            more: dict[str, Any] = {"bundle": bundle, "timeout": study.trial_timeout}
            tune.run(state, made, storage=study.folder / "tune", place=place, ended=ended, stop=asked_to_stop, **more)
    finally:
        book.close()
        autosave.write_table(study.folder)
    return state


def _finish(study: Study, state: "State", console: "Console") -> int:
    """Write the report, print the cells, say what was written; returns the exit code."""
    from analysis.numbers import table
    from analysis.numbers.memo import remembering
    from analysis.report import study_report

    try:
        frame = table.load(study.folder)
    except table.TableError as error:
        raise Damaged(str(error)) from error
    with remembering():
        written = [
            *study_report.write(frame, study.folder)[:1],
            study.folder / "table.parquet",
            study.folder / "models",
        ]
        trials, _ = table.apart(frame)
        messages.print_cells(study_report.cell_table(trials), console)
        console.print(study_report.note(trials))
    for path in filter(Path.exists, written):
        console.print(f"wrote {messages.shown(path)}", soft_wrap=True)
    if study.mirror:
        study.mirror.push()
        console.print(f"copied to {study.mirror.uri}", soft_wrap=True)
    if not state.done():
        console.print(f"stopped before its end; go on with: {messages.again()}", soft_wrap=True)
        return INTERRUPTED
    for name in mirror.OWN:
        shutil.rmtree(study.folder / name, ignore_errors=True)
    if study.mirror:
        study.mirror.drop("checkpoints")
    if state.losses:
        told = f"{len(state.losses)} trials went on after their worker had died"
        console.print(f"{told}, the last one because {state.lost_because}", soft_wrap=True)
    if state.alone:
        first = next(iter(state.alone.values()))
        console.print(f"{len(state.alone)} trials broke when trained together and were trained one by one: {first}")
    if state.wide:
        first = next(iter(state.wide.values()))
        console.print(f"{len(state.wide)} trials ran out of memory beside others and got a whole GPU: {first}")
    failed = state.count("failed")
    if failed:
        console.print(f"done, with {failed} of {state.total()} trials failed: the report lists their errors")
    if state.absent:
        console.print(f"done, but {len(state.absent)} of {len(state.cells)} cells were not run: the report says why")
    return FAILED if failed or state.absent else DONE


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
