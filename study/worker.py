"""The trainable: steps a trial's generator, checks its scores, keeps its checkpoints and turns exceptions into results.

Knows Ray's Trainable and files, but neither what a trial does nor what its scores decide.
"""

import os
import socket
import time
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray.tune import Trainable

if TYPE_CHECKING:
    from study.trial import Report


class Worker(Trainable):
    """One trial after another in one process; torch, the data and the device are set up once."""

    _results: Generator[dict[str, Any]] | None = None

    def setup(self, config: dict[str, Any]) -> None:
        self._start(config["job"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._start(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        """Train to the next report; an exception is a result too, so that it costs this trial only."""
        try:
            assert self._results is not None
            return next(self._results) | {"worker": f"{socket.gethostname()}:{os.getpid()}", "time": time.time()}
        except Exception as error:
            self.cleanup()
            _free_device()
            return {"failure": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}

    def cleanup(self) -> None:
        if self._results is not None:
            self._results.close()

    def _start(self, job: dict[str, Any]) -> None:
        self.cleanup()
        self._results = results(job)


def results(job: dict[str, Any]) -> Generator[dict[str, Any]]:
    """Yield a trial's results, from its newest checkpoint on where it has one.

    The first result of a resumed trial repeats the checkpoint's scores: a kill may have swallowed the report of them.

    Args:
        job: trial, role, config, seed, epochs, prepared, split_seed, draw_seed, threads, gpu, checkpoints (folder),
            checkpoint_seconds, model (folder, or None).

    Raises:
        ValueError: a score is no finite number.
    """
    import torch

    from study import checkpoints, data, models, trial
    from study.config import config
    from study.metrics import check_score

    torch.set_num_threads(job["threads"])
    folder = Path(job["checkpoints"])
    found = checkpoints.latest(folder)
    if found is not None:
        yield found.report
    opened = data.open_data(
        data.Prepared(**job["prepared"]),
        job["config"]["label_fraction"],
        job["split_seed"],
        job["draw_seed"],
        sealed=job["role"] == "search",
    )
    device = "cuda" if job["gpu"] else "cpu"
    resume = None if found is None else (found.report["epoch"], found.report["seconds"], found.state)
    reports: Iterator[Report] = trial.run(config(job["config"]), opened, job["seed"], job["epochs"], device, resume)
    saved = time.monotonic()
    for report in reports:
        for row in report.rows:
            check_score(row["metric"], row["score"])
        result = {"epoch": report.epoch, "objective": report.objective, "last": report.last, "rows": report.rows}
        if report.last and job["model"]:
            scores = {f"{row['split']} {row['metric']}": row["score"] for row in report.rows}
            card = {key: job[key] for key in ("trial", "config", "seed")}
            about = {"classes": opened.classes, "trained_on": job["prepared"]["source"], "scores": scores}
            models.save(Path(job["model"]), report.model(), card | about)
        elif time.monotonic() - saved >= job["checkpoint_seconds"]:
            seconds = report.rows[-1]["seconds"]
            checkpoints.save(folder, checkpoints.Checkpoint(report.state(), result | {"seconds": seconds}))
            saved = time.monotonic()
        yield result


def _free_device() -> None:
    """Give a failed trial's memory back, so that the next one on this worker fits."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
