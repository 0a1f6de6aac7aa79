"""A study as `study.run` runs it, in this process and without Ray: its trials are trained here, one after another.

For tests of what is around a search: real data, trainings, checkpoints, networks and files, in a second.
`python -m tests.support.inline …` is the command so, in a process of its own; its report has numbers in the place
of ink.
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
from tests.bad_inputs import data, spaces
from tests.support import undrawn_run

FIELDS = {
    "task": "'pets'",
    "compared": "{'label_fraction': (0.5, 1.0)}",
    "fixed": "{'family': 'small_cnn', 'regime': 'scratch', 'image_size': 16, 'batch_size': 4, 'augment': 0.0}",
}
OPTIONS = "--space mine.py --data data --out out --deterministic --checkpoint-every 0s"


def space(**changes: str) -> str:
    """The study's space file, with some of its fields written otherwise."""
    return spaces.text(**FIELDS | changes)


@contextmanager
def cluster(*args: object) -> Iterator[Place]:
    """Hold nothing."""
    yield Place(1.0, 0.0, 1)


class Search:
    """In the place of `search.run`."""

    def __init__(self, reports: int | None = None) -> None:
        """Take the number of reports after which it is as if somebody stopped it; None: it goes to the end."""
        self.left = reports

    def __call__(self, state, job, storage, place, ended, stop, **more) -> None:
        while (trial := state.next_trial()) is not None:
            for said in worker.results([job(trial) | {"threads": 1, "gpu": False, "gpus": 0.0}]):
                if self.left == 0:
                    return
                self.left = None if self.left is None else self.left - 1
                decision = state.report(trial.id, **said[trial.id], worker="here:1", time=0.0)
                if decision != "continue":
                    ended(trial.id)
                    break


def on_workers(
    call: Callable[..., object], jobs: Sequence[tuple[object, ...]], place: Place, check: Callable[[], None]
) -> Iterator[tuple[int, Exception | None]]:
    """In the place of `cluster.on_workers`, one call after another."""
    for number, job in enumerate(jobs):
        check()
        try:
            call(*job)
        except Exception as error:
            yield number, error
        else:
            yield number, None


def without_ray(patch: pytest.MonkeyPatch, reports: int | None = None) -> None:
    """Put these in the places of Ray."""
    patch.setattr("study.backend.session.cluster", cluster)
    patch.setattr("study.backend.pretrain_first.on_workers", on_workers)
    patch.setattr(tune, "run", Search(reports))


def install(patch: pytest.MonkeyPatch, reports: int | None = None) -> None:
    """Put these in the places of Ray, and words in the place of a report."""
    without_ray(patch, reports)
    patch.setattr("analysis.report.study_report.write", written)


def written(frame: object, folder: Path) -> list[Path]:
    """Write a report without pictures."""
    (folder / "report.html").write_text("a report")
    return [folder / "report.html"]


def study(here: Path, *more: str, reports: int | None = None, options: str = OPTIONS) -> int:
    """Run the study that is in a folder, or make one there; its exit code."""
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
    """Run the command with these words in this process; its exit code and what it printed.

    Args:
        words: its arguments.
        store: to be used instead of the tests' own.
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
