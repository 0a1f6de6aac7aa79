"""Stands in for Ray alone: `study.run` trains its trials one after another in this process, everything else is real.

Use it for tests of commands and files: real data, trainings, checkpoints, networks and files, in a second. `study` runs
a small study of generated images without a report, `command` any command with its report. In a process of its own,
`python -m tests.support.inline …` is the command; its report has numbers instead of pictures.
"""

import io
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from study import run
from study.backend import tune, worker
from study.backend.session import Place
from study.plugins import Code
from tests.bad_inputs import data, spaces
from tests.support import undrawn_run

FIELDS = {
    "task": "'pets'",
    "compared": "{'label_fraction': (0.5, 1.0)}",
    "fixed": "{'family': 'small_cnn', 'regime': 'scratch', 'image_size': 16, 'batch_size': 4, 'augment': 0.0}",
}
OPTIONS = "--space mine.py --data data --out out --deterministic --checkpoint-every 0s"


def space(**changes: str) -> str:
    """The text of the study's space file, with some of its fields changed."""
    return spaces.text(**FIELDS | changes)


@contextmanager
def cluster(*args: object) -> Iterator[Place]:
    """In place of `session.cluster`: starts nothing."""
    yield Place(1.0, 0.0, 1)


class Search:
    """In place of `tune.run`: trains one trial after another in this process."""

    def __init__(self, reports: int | None = None) -> None:
        """Stop after so many reports, as after a signal; None runs to the end."""
        self.left = reports

    def __call__(self, state, job, *, ended, **ignored) -> None:
        while (trial := state.next_trial()) is not None:
            for results in worker.results([job(trial) | {"threads": 1, "gpu": False, "gpus": 0.0}]):
                if self.left == 0:
                    return
                self.left = None if self.left is None else self.left - 1
                decision = state.report(trial.id, **results[trial.id], worker="here:1", time=0.0)
                if decision != "continue":
                    ended(trial.id)
                    break


def on_workers(
    call: Callable[..., object],
    jobs: Sequence[tuple[object, ...]],
    place: Place,
    check: Callable[[], None],
    code: tuple[Code, ...] = (),
) -> Iterator[tuple[int, Exception | None]]:
    """In place of `session.on_workers`: one call after another."""
    for number, job in enumerate(jobs):
        check()
        try:
            call(*job)
        except Exception as error:
            yield number, error
        else:
            yield number, None


def without_ray(patch: pytest.MonkeyPatch, reports: int | None = None) -> None:
    """Replace Ray by these functions."""
    patch.setattr("study.backend.session.cluster", cluster)
    patch.setattr("study.backend.pretrain_first.on_workers", on_workers)
    patch.setattr(tune, "run", Search(reports))


def install(patch: pytest.MonkeyPatch, reports: int | None = None) -> None:
    """Replace Ray by these functions, and the report by a short text."""
    without_ray(patch, reports)
    patch.setattr("analysis.report.study_report.write", written)


def written(frame: object, folder: Path) -> list[Path]:
    """Write a report without pictures."""
    (folder / "report.html").write_text("a report")
    return [folder / "report.html"]


def study(here: Path, *more: str, reports: int | None = None, options: str = OPTIONS) -> int:
    """Run the study in a folder, which is made if there is none; returns the exit code."""
    if not (here / "mine.py").exists():
        spaces.write(space(), here)
        data.folder(here, each=8)
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, reports)
        os.chdir(here)
        try:
            return run.main([*shlex.split(options), *more])
        finally:
            os.chdir(before)


def command(*words: str, store: Path | None = None) -> tuple[int, str]:
    """Run the command in this process; returns its exit code and its output.

    Args:
        words: its arguments.
        store: used instead of the tests' own store.
    """
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        without_ray(patch)
        patch.setattr("analysis.figures.draw._draw", undrawn_run.draw)
        if store is not None:
            patch.setenv("STUDY_STORE", str(store))
        code = run.main(list(words))
    return code, printed.getvalue()


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as at_last:
        without_ray(at_last)
        at_last.setattr("analysis.figures.draw._draw", undrawn_run.draw)
        sys.exit(run.main())
