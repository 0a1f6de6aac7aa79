"""What a study goes through: its folder is taken, it is prepared, executed and finished.

Commands and functions call `carry_out`; neither torch nor Ray is imported before the options are checked.
"""

import shutil
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from analysis.shell import files
from study import plugins
from study.backend import preflight
from study.cli import checks, closing, messages, prepare, signals
from study.cli.options import Options
from study.cli.question import Question
from study.errors import DONE, Damaged, UserError
from study.plugins import trusted
from study.search.study import Study, identity, job, settings_of
from study.space.config import config
from study.storage import ledger, mirror, store
from study.storage import study_folder as folders
from study.storage.free_space import Room

if TYPE_CHECKING:
    from study.backend.session import Packing, Place
    from study.cli.console import Console
    from study.search.state import State, Trial

REPORT = 5e3  # bytes that a trial's report takes in the ledger, its rows in the table and their drawings, generously


class Caller(NamedTuple):
    """Who has a study run: a command, or a function."""

    stop: signals.StopRequest
    console: "Console"
    again: str
    """How the study is resumed."""
    begun: Callable[[], None] = lambda: None
    """Called once there is something to resume."""


def carry_out(chosen: Options, question: Question, caller: Caller) -> int:
    """Run what the options describe; gives the exit code."""
    with plugins.fixed(question.code):  # whatever becomes of the files meanwhile
        return _carried_out(chosen, question, caller)


def _carried_out(chosen: Options, question: Question, caller: Caller) -> int:
    if chosen.inspect:
        prepare.inspect(question.cells, chosen.data, caller.stop.check, caller.console, chosen.seed)
        return DONE
    gpus = None if isinstance(chosen.gpus_per_trial, str) else chosen.gpus_per_trial
    preflight.check(chosen.address, chosen.cpus_per_trial, gpus)
    store.check()
    trusted.remember(question.code)
    folder = question.folder
    new = folders.missing(folder)
    files.refuse_links(folder)
    with folders.lock(folder):
        files.sweep(folder)
        try:
            with mirror.mirrored(folder, chosen.out, chosen.resume) as copy:
                return _in_folder(chosen, question, copy, caller)
        finally:
            folders.leave_empty(folder, new)


def _in_folder(chosen: Options, question: Question, copy: "mirror.Mirror | None", caller: Caller) -> int:
    """Run the study in its folder, which is locked."""
    from study.cli import existing

    folder, space, cells = question.folder, question.space, question.cells
    folders.check_free(folder, chosen.resume)
    events = existing.read(folder, networks=not copy)  # this and the next before minutes are spent on data
    known = settings_of(
        question.name,
        chosen.scale,
        space,
        chosen.seed,
        deterministic=chosen.deterministic,
        cache_half=chosen.cache_half,
        exact=chosen.exact,
        own=question.code,
    )
    folders.check_same(folder, known, chosen.resume)
    room = Room((folder, store.root()), 1e9 * chosen.keep_free)
    room.check(REPORT * len(cells) * (space.trials + space.replicates) * (space.epochs + 1))

    def check() -> None:
        caller.stop.check()
        room.check()
        if copy:
            copy.beat()  # images and weights may take longer than another machine waits

    study = _prepare(chosen, question, copy, check, caller.console)
    state = _execute(study, chosen, events, check, room, caller)
    caller.stop.listen()
    caller.stop.settled()
    return _finish(study, state, caller)


def _prepare(
    chosen: Options, question: Question, copy: "mirror.Mirror | None", check: Callable[[], None], console: "Console"
) -> Study:
    """Fetch the weights and data that a study needs, inspect and decode them, and check all cells against them."""
    from study.pretraining import fetch

    space, cells = question.space, question.cells
    absent = fetch.fetch_weights(cells)
    prepare.import_weights(cells, partial(console.print, soft_wrap=True))
    if chosen.download and chosen.data is not None:
        from study.data import download

        for task in dict.fromkeys(str(cell.values["task"]) for cell in cells):
            download.fetch(task, chosen.data, console.print)
    prepare.inspect(cells, chosen.data, check, console, chosen.seed)
    sources = (chosen.data, chosen.source_data)
    study = Study(
        name=question.name,
        scale=chosen.scale,
        space=space,
        cells=cells,
        prepared=prepare.prepare([config(cell.values) for cell in cells], chosen.data, check, console),
        folder=question.folder,
        seed=chosen.seed,
        deterministic=chosen.deterministic,
        checkpoint_seconds=chosen.checkpoint_every,
        real=bool(chosen.data),
        cache_gb=chosen.cache_gb,
        half=chosen.cache_half,
        exact=chosen.exact,
        absent=absent,
        starts=prepare.starts(cells, space.replicates, chosen.seed, sources, check, console),
        trial_timeout=chosen.trial_timeout,
        code=question.code,
        mirror=copy,
    )
    checks.check_data(cells, study.prepared)
    return study


def _execute(
    study: Study, chosen: Options, events: list[ledger.Event], check: Callable[[], None], room: Room, caller: Caller
) -> "State":
    """Hold Ray, train the weights that trials start from, and run the search."""
    from study.backend import nodes, pretrain_first, session

    write = partial(caller.console.print, soft_wrap=True)

    def ready() -> None:
        caller.stop.listen()
        check()
        if chosen.address is not None:
            nodes.ready(study, check, write)

    gpus = _gpus(chosen, study, write)
    with session.cluster(chosen.address, chosen.cpus_per_trial, gpus, chosen.deterministic, ready) as place:
        folders.check_same(study.folder, identity(study), chosen.resume)  # before hours of training are spent
        failed = pretrain_first.train(study.starts, place, chosen.checkpoint_every, check, write, study.code)
        study.absent.update(failed)
        if len(study.absent) == len(study.cells):
            raise UserError("; ".join(dict.fromkeys(study.absent.values())))
        folders.begin(study.folder, identity(study), chosen.resume)
        caller.begun()
        caller.stop.begun()
        write(messages.opening(study))
        state = _search(study, events, place, room, caller)
        Thread(target=import_module, args=("analysis.report.study_report",)).start()  # while Ray ends, which is waiting
    return state


def _gpus(chosen: Options, study: Study, write: Callable[[str], None]) -> "float | Packing | None":
    """Give the GPUs of a trial, or what finds them once Ray runs."""
    if not isinstance(chosen.gpus_per_trial, str):  # auto
        return chosen.gpus_per_trial
    from study.backend import gpu_memory, gpu_sharing

    bytes_each = 0 if not study.cache_gb else 2 if study.half else 4
    cases = gpu_sharing.cases(study.cells, study.prepared, study.absent, bytes_each)
    return lambda most: gpu_sharing.chosen(cases, *gpu_memory.needs(cases, code=study.code), most, write)


class Observer:
    """What happens beside a search: the progress, the table, the disk and the copy are looked after."""

    def __init__(self, study: Study, room: Room, caller: Caller, update: Callable[[], None]) -> None:
        """Take what is looked after; `update` shows the progress."""
        from study.search import autosave

        self._study, self._room, self._stop, self._update = study, room, caller.stop, update
        write = partial(caller.console.print, soft_wrap=True)
        self._table = autosave.Every(autosave.TABLE_EVERY, lambda: autosave.keep(study, write))

    def ended(self, trial: str) -> None:
        """Take away what only a trial that runs needs."""
        from study.backend import worker

        worker.end(self._study.folder / "checkpoints" / trial)
        if self._study.mirror:
            self._study.mirror.drop(f"checkpoints/{trial}")
        self._table()

    def stopping(self) -> bool:
        """Whether the search is to stop; called several times a second."""
        self._update()
        self._room.check()
        if self._study.mirror:
            self._study.mirror.beat()
        return self._stop.requested()


def _search(study: Study, events: list[ledger.Event], place: "Place", room: Room, caller: Caller) -> "State":
    """Run or resume the search; the state is done unless it was stopped before its end."""
    from study.backend import pretrain_first, tune
    from study.cli.progress import Progress
    from study.search import autosave, bundles, pruner
    from study.search.state import Plan, State

    space, cells = study.space, study.cells
    book = ledger.Ledger(study.folder / "ledger", len(events))
    plan = Plan(space.trials, space.epochs, space.replicates, study.seed)
    stopping = pruner.asha(space.epochs, space.grace_period, space.reduction_factor)
    patience = {number: checks.last_phase(cell, space.epochs) for number, cell in enumerate(cells)}
    state = State(cells, plan, stopping, book.append, study.absent, patience)
    state.replay(events)
    state.skip()
    recorded, pretrained = {event["trial"] for event in events}, list(pretrain_first.events(study.starts, study.absent))
    pretrain_first.refuse_other(events, pretrained)
    for event in pretrained:
        if event["trial"] not in recorded:
            book.append(event)
    workers = max(1, place.slots // max(1, len(cells) - len(study.absent)))

    def bundle(trial: "Trial") -> int:
        return bundles.size(cells[trial.cell], space.trials, workers)

    try:
        if study.mirror:
            study.mirror.push()  # before anything is trained: who finds checkpoints there finds a study
        with Progress(state, caller.console) as progress:
            watch = Observer(study, room, caller, progress.update)
            tune.run(
                state,
                partial(job, study),
                storage=study.folder / "tune",
                place=place,
                ended=watch.ended,
                stop=watch.stopping,
                bundle=bundle,
                timeout=study.trial_timeout,
            )
    finally:
        book.close()
        autosave.write_table(study.folder)
    return state


def _finish(study: Study, state: "State", caller: Caller) -> int:
    """Write the report, print the cells and how it went; gives the exit code."""
    write = partial(caller.console.print, soft_wrap=True)
    for path in filter(Path.exists, _write_report(study, caller.console)):
        write(f"wrote {messages.short(path)}")
    if study.mirror:
        study.mirror.push()
        write(f"copied to {study.mirror.uri}")
    if state.done():
        _clean_up(study)
    for line in closing.lines(state, caller.again):
        write(line)
    return closing.exit_code(state)


def _write_report(study: Study, console: "Console") -> list[Path]:
    """Write the report and print the cells; gives what a user is to look at."""
    from analysis.numbers.columns import TableError
    from analysis.numbers.study_table import StudyTable
    from analysis.numbers.table import load
    from analysis.report import study_report

    try:
        table = StudyTable(load(study.folder))
    except TableError as error:
        raise Damaged(str(error)) from error
    report = study_report.write(table, study.folder)[:1]
    messages.print_cells(study_report.cell_table(table), console)
    console.print(study_report.note(table))
    return [*report, study.folder / "table.parquet", study.folder / "models"]


def _clean_up(study: Study) -> None:
    """Take away what only a study that runs needs."""
    for name in mirror.OWN:
        shutil.rmtree(study.folder / name, ignore_errors=True)
    if study.mirror:
        study.mirror.drop("checkpoints")
