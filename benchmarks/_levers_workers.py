"""Lever of `benchmarks.levers`: a worker that is kept for the next trial. Knows nothing of data or networks."""

import os
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks._pairs import Row, Setting
from study.backend import tune as search
from study.backend.session import cluster

TRIALS, WORKERS = 8, 2
_counted = 0.0
"""CPU seconds of this process that trials before have been charged with."""


class Trivial(search.tune.Trainable):
    """A trial that imports torch and trains nothing."""

    def setup(self, config: dict[str, Any]) -> None:
        """Keep nothing."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        return True

    def step(self) -> dict[str, Any]:
        """Report what the process has taken since its last trial; the first of a process pays for its start."""
        global _counted
        import torch

        began, _counted = _counted, time.process_time()
        return {"done": True, "took": _counted - began, "threads": torch.get_num_threads()}


class Free(search.tune.schedulers.FIFOScheduler):
    """As in `study.backend.tune`, which says why: no trial is chosen here, so that a free worker gets the newest."""

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """Choose nothing."""


def reuse(setting: Setting) -> Iterator[Row]:
    """Keep a worker for the next trials, against a new process for each."""
    figures: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    with cluster(gpus=0.0) as place:
        workers = min(WORKERS, place.slots)
        cores = place.slots // workers
        _study(setting, True, workers, workers, cores)  # Ray's own first steps are nobody's
        for _ in range(setting.repeats):
            for kept, measured in figures.items():
                measured.append(_study(setting, kept, TRIALS, workers, cores))
    told = (
        ("worker reuse: a later trial", "3.6 s → 0.02–0.08 s (prototypes)", "CPU s of its worker"),
        (f"worker reuse: a study of {TRIALS} trials", "two starts in place of eight: 4×", "s a trial"),
    )
    for number, line in enumerate(told):
        used, without = ([figure[number] for figure in figures[kept]] for kept in (True, False))
        yield Row(*line, used, without)


def _study(setting: Setting, kept: bool, trials: int, workers: int, cores: int) -> tuple[float, float]:
    """Run trials on so many workers, each of so many cores, handed out as `study.backend.tune` does: as many as fit.

    Returns:
        CPU seconds of a worker for a trial, the median of all, and real seconds of the study a trial.
    """
    tune = search.tune
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(workers)  # so that all workers start at once
    began = time.perf_counter()
    found = tune.Tuner(
        tune.with_resources(Trivial, {"cpu": cores}),
        tune_config=tune.TuneConfig(
            num_samples=trials, max_concurrent_trials=workers, scheduler=Free(), reuse_actors=kept
        ),
        run_config=tune.RunConfig(
            storage_path=str(setting.scratch),
            name=f"run-{time.time_ns()}",
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    ).fit()
    wall = time.perf_counter() - began
    if found.num_errors:
        raise RuntimeError(f"{found.num_errors} of {trials} trivial trials failed: {found.errors[0]}")
    return median((found[number].metrics or {})["took"] for number in range(trials)), wall / trials
