"""A trial on a worker: its data opened, its scores checked, its checkpoints and model kept.

Knows files and trials, but neither Ray nor what a score decides.
"""

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.data import TaskData
    from study.trial import Report


def results(job: dict[str, Any]) -> Generator[dict[str, Any]]:
    """Yield a trial's results, from its newest checkpoint on where it has one.

    The first result of a resumed trial repeats the checkpoint's scores: a kill may have swallowed the report of them.

    Args:
        job: trial, role, config, seed, epochs, prepared, split_seed, draw_seed, threads, gpu, checkpoints (folder),
            checkpoint_seconds, model (folder, or None), cache (budget in bytes, half, code).

    Raises:
        ValueError: a score is no finite number.
        OSError: the storage fails.
    """
    import torch

    from study import checkpoints, data, trial
    from study.config import config

    torch.set_num_threads(job["threads"])
    folder, prepared = Path(job["checkpoints"]), data.Prepared(**job["prepared"])
    found = checkpoints.latest(folder)
    if found is not None:
        yield found.report
    sealed = job["role"] == "search"
    asked = config(job["config"])
    seeds = (job["split_seed"], job["draw_seed"])
    opened = data.open_data(prepared, asked.label_fraction, *seeds, sealed=sealed, validation=asked.validation)
    device = "cuda" if job["gpu"] else "cpu"
    resume = None if found is None else (found.report["epoch"], found.report["seconds"], found.state)
    cache = trial.CacheSettings(**job["cache"])
    reports: Iterator[Report] = trial.run(asked, opened, job["seed"], job["epochs"], device, resume, cache)
    saved = time.monotonic()
    for report in reports:
        result = _checked(report)
        _refuse_other(found.report if found else None, result)
        if report.last:
            _keep_model(job, opened, prepared.source, report)
        if time.monotonic() - saved >= job["checkpoint_seconds"]:
            checkpoints.save(folder, checkpoints.Checkpoint(report.state(), result))
            saved = time.monotonic()
        yield result


def _checked(report: "Report") -> dict[str, Any]:
    """Give the report as plain values.

    Raises:
        ValueError: a score is no finite number.
    """
    from study.metrics import check_score

    for row in report.rows:
        check_score(row["metric"], row["score"])
    seconds = max(row["seconds"] for row in report.rows)
    about = {"epoch": report.epoch, "seconds": seconds, "objective": report.objective, "last": report.last}
    return about | {"rows": report.rows}


def _refuse_other(before: dict[str, Any] | None, result: dict[str, Any]) -> None:
    """Compare the frozen state of a resumed trial with its checkpoint's, which does not hold it.

    Raises:
        RuntimeError: within one phase they differ: the pretrained weights are others now.
    """
    old, new = (before or result)["rows"][0], result["rows"][0]
    same_phase = old["phase"] == new["phase"]
    if same_phase and old["frozen_after"] != new["frozen_before"]:
        told = f"{old['frozen_after']} at epoch {old['epoch']}, {new['frozen_before']} after the resume"
        raise RuntimeError(f"the frozen stages are not those that the trial began with: {told}")


def _keep_model(job: dict[str, Any], opened: "TaskData", source: str, report: "Report") -> None:
    """Write the network of a trial that is asked for one, with all that is needed to use it."""
    from study import models

    if job["model"] is not None:
        scores = {f"{row['split']} {row['metric']}": row["score"] for row in report.rows}
        card = {key: job[key] for key in ("trial", "config", "seed")}
        about = {"classes": list(opened.classes), "trained_on": source, "scores": scores}
        about |= {"source_labels": opened.source_labels}
        models.save(Path(job["model"]), report.model(), card | about)
