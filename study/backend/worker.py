"""A worker's results: the reports of the trials that it trains at once, with the time that each took.

Imports no torch before the first trial, so that the driver, which ends trials, never does.
"""

import contextlib
import shutil
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from study import plugins
from study.search.job import Job, Results
from study.storage import store
from study.training import timing


def results(jobs: Sequence[Job]) -> Generator[Results]:
    """Yield the results of the trials that a worker trains at once.

    The first result of a resumed trial repeats the checkpoint's scores, since a kill may have lost their report.

    Args:
        jobs: one a trial; several are trained together.

    Yields:
        Results, with the seconds that each took by what they were `spent` on.

    Raises:
        ValueError: a trial that is trained alone makes an invalid report (`training/report_checks.py`).
        OSError: the storage fails.
    """
    store.prefer(jobs[0].get("store"))
    plugins.fix(jobs[0].get("own_code", ()))
    timing.taken()
    last = time.perf_counter()
    with timing.spent("setup"):
        from study.backend import bundle_training  # imports torch, which takes seconds
    rounds = bundle_training.together(jobs, _has_ended) if len(jobs) > 1 else bundle_training.alone(jobs[0])
    for by_trial in rounds:
        spent, now = timing.taken(), time.perf_counter()
        spent["other"] = now - last - sum(spent.values())
        share = {what: round(seconds / len(by_trial), 6) for what, seconds in spent.items()}
        yield {trial: result | {"spent": share} for trial, result in by_trial.items()}
        last = time.perf_counter()


def end(checkpoints: Path) -> None:
    """Drop a trial's checkpoints, and mark it as ended for a worker that still trains it and sees this folder.

    Args:
        checkpoints: the trial's folder.
    """
    shutil.rmtree(checkpoints, ignore_errors=True)
    with contextlib.suppress(OSError):  # without the mark it is trained in vain
        checkpoints.parent.mkdir(exist_ok=True)
        _mark(checkpoints).touch()


def _has_ended(checkpoints: Path) -> bool:
    return _mark(checkpoints).exists()


def _mark(checkpoints: Path) -> Path:
    return checkpoints.with_name(f"{checkpoints.name}.ended")
