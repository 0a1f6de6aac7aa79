"""Trials on a worker: opens their data, trains them, checks their scores, and saves their checkpoints and models.

Knows files and trials, but neither Ray nor what a score decides.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.storage.events import WorkerReport
from study.training.failures import Failure, failure, text_of
from study.training.report_checks import checked

if TYPE_CHECKING:
    from study.data.prepare import TaskData
    from study.models.cards import NewCard
    from study.models.earlier import Earlier
    from study.search.job import Job
    from study.space.config import Config
    from study.training.report import Report
    from study.training.trial import CacheSettings


Results = dict[str, WorkerReport | Failure]
"""Trial → its report after an epoch, or its failure."""


def results(jobs: "Sequence[Job]") -> Generator[Results]:
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
    from study.storage import store
    from study.training import timing

    store.prefer(jobs[0].get("store"))
    rounds = _together(jobs) if len(jobs) > 1 else _alone(jobs[0])
    timing.taken()
    last = time.perf_counter()
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


def _mark(checkpoints: Path) -> Path:
    return checkpoints.with_name(f"{checkpoints.name}.ended")


def _alone(job: "Job") -> Iterator[Results]:
    from study.training.timing import spent

    with spent("setup"):
        from study.storage import checkpoints, ledger_schema, trial_mirror
        from study.training import trial

        folder, config, data, device, cache = _begin(job)
        trial_mirror.fetch(job)
    checkpoint = checkpoints.latest(folder, of=_identity(job), report=ledger_schema.REPORT)
    resume: trial.Resume | None = None
    if checkpoint is not None:
        resume = checkpoint.report["epoch"], checkpoint.report["seconds"], checkpoint.state
        yield {job["trial"]: checkpoint.report}
    saved, after = time.monotonic(), -1 if resume is None else resume[0]
    earlier = _earlier(job)
    reports = trial.run(
        config,
        data,
        job["seed"],
        epochs=job["epochs"],
        device=device,
        resume=resume,
        cache=cache,
        source=_source(job),
        earlier=earlier,
    )
    for report in _own_errors(reports):
        result = checked(report, job["epochs"], after)
        after = report.epoch
        _refuse_other(checkpoint.report if checkpoint else None, result)
        if report.last:
            _save_model(job, data, report, earlier)
        if time.monotonic() - saved >= job["checkpoint_seconds"]:
            checkpoints.save(folder, checkpoints.Checkpoint(report.state(), result), of=_identity(job))
            trial_mirror.keep(job)
            saved = time.monotonic()
        yield {job["trial"]: result}


def _together(jobs: "Sequence[Job]") -> Iterator[Results]:
    """Train search trials with `fused_heads.run`; from a checkpoint each resumes alone."""
    from study.space.config import config
    from study.training.timing import spent

    with spent("setup"):
        from study.storage import checkpoints, store, trial_mirror
        from study.training import fused_heads

        _, _, data, device, cache = _begin(jobs[0])
    folders = [store.at(job["checkpoints"]) for job in jobs]
    members = [fused_heads.Member(config(job["config"]), job["seed"]) for job in jobs]
    saved, after = time.monotonic(), dict.fromkeys(range(len(jobs)), -1)

    def ended(number: int) -> bool:
        return _mark(folders[number]).exists()

    rounds = fused_heads.run(
        members, data, epochs=jobs[0]["epochs"], device=device, cache=cache, ended=ended, source=_source(jobs[0])
    )
    for reports in _own_errors(rounds):
        by_trial = {
            jobs[number]["trial"]: _result(report, jobs[number], after[number]) for number, report in reports.items()
        }
        after |= {number: report.epoch for number, report in reports.items() if not isinstance(report, Exception)}
        if time.monotonic() - saved >= jobs[0]["checkpoint_seconds"]:
            for number, report in reports.items():
                result = by_trial[jobs[number]["trial"]]
                if not isinstance(report, Exception) and "failure" not in result and not ended(number):
                    checkpoint = checkpoints.Checkpoint(report.state(), result)
                    checkpoints.save(folders[number], checkpoint, of=_identity(jobs[number]))
                    trial_mirror.keep(jobs[number])
            saved = time.monotonic()
        yield by_trial


def _begin(job: "Job") -> "tuple[Path, Config, TaskData, str, CacheSettings]":
    """Return a job's checkpoint folder, configuration, data, device and cache."""
    import torch

    from study.data import prepare, splits
    from study.space.config import config
    from study.storage import store
    from study.training import trial

    torch.set_num_threads(job["threads"])
    hyperparameters, prepared = config(job["config"]), prepare.Prepared(**job["prepared"])
    sealed = job["role"] == "search"
    data = prepare.open_data(prepared, splits.cut(hyperparameters), job["split_seed"], job["draw_seed"], sealed)
    device = "cuda" if job["gpu"] else "cpu"
    return store.at(job["checkpoints"]), hyperparameters, data, device, trial.CacheSettings(**job["cache"])


def _earlier(job: "Job") -> "list[Earlier]":
    """Open the tasks that a trial's initial weights have learnt, split as they were then."""
    from study.data import prepare, splits
    from study.models.earlier import Earlier
    from study.space.config import config
    from study.storage import store

    tasks, seed = [], job["split_seed"]
    for task in job.get("earlier", ()):
        hyperparameters, prepared = config(task["config"]), prepare.Prepared(**task["prepared"])
        data = prepare.open_data(prepared, splits.cut(hyperparameters), seed, seed, job["role"] == "search")
        tasks.append(Earlier(hyperparameters, data, store.at(task["entry"])))
    return tasks


def _source(job: "Job") -> Path | None:
    from study.storage import store

    source = job.get("source")
    return store.at(source) if source else None


def _own_errors(reports: "Iterator[Any]") -> "Iterator[Any]":
    """Pass reports on, and distinguish a trial's own OSErrors from the storage's, which stop the study.

    Raises:
        RuntimeError: replaces an OSError without a number (an image that PIL cannot read), or of a connection or a
            process of the trial's code.
        OSError: the storage fails; the error has a number.
    """
    try:
        yield from reports
    except OSError as error:
        if error.errno is not None and not isinstance(error, ConnectionError | ChildProcessError | ProcessLookupError):
            raise
        raise RuntimeError(f"{type(error).__name__}: {text_of(error)}") from error


def _result(report: "Report | Exception", job: "Job", after: int) -> WorkerReport | Failure:
    """Return the report of a bundle's member as plain values; a score that is no number fails this member alone."""
    try:
        if isinstance(report, Exception):
            raise report
        return checked(report, job["epochs"], after)
    except (ValueError, ArithmeticError) as error:
        return failure(error)


def _identity(job: "Job") -> str:
    """Hash all that a training depends on: after a ledger was lost, a trial of the same name may differ."""
    from study.storage import store

    values = [job["config"], job["seed"], job["epochs"], job["split_seed"], job["draw_seed"]]
    return store.checksum_of(json.dumps(values, sort_keys=True).encode())


def _refuse_other(before: WorkerReport | None, result: WorkerReport) -> None:
    """Compare the digest of a resumed trial's frozen stages, which no checkpoint holds, with the one before.

    Raises:
        RuntimeError: they differ within a phase, since the pretrained weights have changed.
    """
    old, new = (before or result)["rows"][0], result["rows"][0]
    same_phase = old["phase"] == new["phase"]
    if same_phase and old["frozen_after"] != new["frozen_before"]:
        digests = f"{old['frozen_after']} at epoch {old['epoch']}, {new['frozen_before']} after the resume"
        raise RuntimeError(f"the frozen stages are not those that the trial began with: {digests}")


def _save_model(job: "Job", data: "TaskData", report: "Report", earlier: "Sequence[Earlier]" = ()) -> None:
    """Save a trial's network with all that is needed to use it, if its job names a folder."""
    from study.models import cards, saved
    from study.space.config import config
    from study.storage import store, trial_mirror

    if job["model"] is not None:
        rows = [row for row in report.rows if row["task"] == row["trained_on"] and row["metric"] != "count"]
        scores = {f"{row['split']} {row['metric']}": row["score"] for row in rows}
        card: NewCard = {
            "trial": job["trial"],
            "config": job["config"],
            "seed": job["seed"],
            "classes": list(data.classes),
            "trained_on": job["prepared"]["source"],
            "scores": scores,
            "source_labels": data.source_labels,
            "versions": cards.versions(),
            **cards.shown(config(job["config"]), data, *report.normalization),
        }
        saved.save(store.at(job["model"]), report.model(), card, earlier)
        trial_mirror.keep_model(job)
