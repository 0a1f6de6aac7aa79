"""`python -m study.watch results/gtsrb`: exports a running or ended study for optuna-dashboard and TensorBoard.

It only reads the study's files, so it cannot harm it.
"""

import argparse
import contextlib
import importlib.util
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from analysis.shell import command, files
from analysis.shell.text import printable
from study.cli.arguments import seconds
from study.errors import Locked, UserError
from study.storage import ledger
from study.storage import study_folder as folders

if TYPE_CHECKING:
    from study.watch.event_files import EventFiles
    from study.watch.optuna_storage import OptunaStorage

EXTRA = "pip install -c constraints.txt -e '.[watch]'"


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    with command.ending("study.watch") as end:
        args = _parse(argv)
        with contextlib.suppress(KeyboardInterrupt):  # this ends --every
            _watch(args.folder, args.out or args.folder, args.every)
    return end.code


def _parse(argv: list[str] | None) -> argparse.Namespace:
    description = "What optuna-dashboard and TensorBoard open, made from a study."
    parser = command.Parser(prog="python -m study.watch", description=description, allow_abbrev=False)
    parser.add_argument(
        "folder", type=command.path, metavar="DIR", help="the study's folder, of one that runs or has ended"
    )
    parser.add_argument("--every", type=seconds, metavar="10s", help="keep in step with it until Ctrl-C, this often")
    parser.add_argument("--out", type=command.path, metavar="DIR", help="where to write (default: the study's folder)")
    return parser.parse_args(argv)


def _watch(folder: Path, out: Path, every: float | None) -> None:
    if not (folder / "study.json").exists():
        raise UserError(f"{folder}: holds no study yet; name the folder that study.run says it writes to")
    files.refuse_links(out)
    study = folders.read_study(folder)
    out.mkdir(parents=True, exist_ok=True)
    held = filelock.FileLock(out / ".watch.lock")
    try:
        held.acquire(timeout=0)
    except filelock.Timeout:
        raise Locked(f"{out} is being written by another study.watch") from None
    with held:
        from study.watch.event_files import EventFiles
        from study.watch.optuna_storage import OptunaStorage

        reader = ledger.Reader(folder / "ledger", study)
        events = list(reader.news())  # before anything is written: a damaged study is not exported
        views = OptunaStorage(out / "optuna.log", study), EventFiles(out / "tensorboard", study)
        _step(events, views)
        _print_commands(out, every)
        while every is not None:
            time.sleep(max(1.0, every))
            _step(list(reader.news()), views)


def _step(events: list[ledger.Event], views: "tuple[OptunaStorage, EventFiles]") -> None:
    for view in views:
        view.take(events)
        view.write()


def _print_commands(out: Path, every: float | None) -> None:
    where = printable(os.path.relpath(out))
    print(f"optuna-dashboard {where}/optuna.log            # http://127.0.0.1:8080")
    print(f"tensorboard --logdir {where}/tensorboard       # http://localhost:6006")
    absent = [name for name in ("optuna_dashboard", "tensorboard") if importlib.util.find_spec(name) is None]
    if absent:
        print(f"not installed here: {', '.join(absent)}; {EXTRA}")
    if every is not None:
        print(f"both are kept in step with {where}, every {every:g} s; Ctrl-C ends this", flush=True)


if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
