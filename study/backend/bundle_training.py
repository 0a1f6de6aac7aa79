"""Trains the trials of a bundle: opens their data, checks their scores, and saves their checkpoints and models.

Imports torch. Knows files and trials, but neither Ray nor what a score decides.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from study.data import prepare, splits
from study.data.prepare import TaskData
from study.models import cards, own_family, saved
from study.models.cards import NewCard
from study.models.earlier import Earlier
from study.search.job import Job, Results
from study.space.config import Config, config
from study.storage import checkpoints, ledger_schema, store, trial_mirror
from study.storage.error_texts import text_of
from study.storage.events import WorkerReport
from study.training import fused_heads, trial
from study.training.failures import Failure, failure
from study.training.report import Report
from study.training.report_checks import checked
from study.training.timing import spent
from study.training.trial import CacheSettings

T = TypeVar("T")


def alone(job: Job) -> Iterator[Results]:
    """Train one trial, from its newest checkpoint on."""
    with spent("setup"):
        folder, hyperparameters, data, device, cache = _begin(job)
        trial_mirror.fetch(job)
    checkpoint = checkpoints.latest(folder, of=_identity(job), report=ledger_schema.REPORT)
    resume: trial.Resume | None = None
    if checkpoint is not None:
        resume = checkpoint.report["epoch"], checkpoint.report["seconds"], checkpoint.state
        yield {job["trial"]: checkpoint.report}
    saved_at, after = time.monotonic(), -1 if resume is None else resume[0]
    earlier = _earlier(job)
    reports = trial.run(
        hyperparameters,
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
        if time.monotonic() - saved_at >= job["checkpoint_seconds"]:
            checkpoints.save(folder, checkpoints.Checkpoint(report.state(), result), of=_identity(job))
            trial_mirror.keep(job)
            saved_at = time.monotonic()
        yield {job["trial"]: result}


def together(jobs: Sequence[Job], ended: Callable[[Path], bool]) -> Iterator[Results]:
    """Train search trials with `fused_heads.run`; from a checkpoint each resumes alone.

    Args:
        jobs: of the trials.
        ended: whether the trial with these checkpoints was marked as ended.
    """
    with spent("setup"):
        _, _, data, device, cache = _begin(jobs[0])
    folders = [store.at(job["checkpoints"]) for job in jobs]
    members = [fused_heads.Member(config(job["config"]), job["seed"]) for job in jobs]
    saved_at, after = time.monotonic(), dict.fromkeys(range(len(jobs)), -1)

    def has_ended(number: int) -> bool:
        return ended(folders[number])

    rounds = fused_heads.run(
        members, data, epochs=jobs[0]["epochs"], device=device, cache=cache, ended=has_ended, source=_source(jobs[0])
    )
    for reports in _own_errors(rounds):
        by_trial = {
            jobs[number]["trial"]: _result(report, jobs[number], after[number]) for number, report in reports.items()
        }
        after |= {number: report.epoch for number, report in reports.items() if not isinstance(report, Exception)}
        if time.monotonic() - saved_at >= jobs[0]["checkpoint_seconds"]:
            for number, report in reports.items():
                result = by_trial[jobs[number]["trial"]]
                if not isinstance(report, Exception) and "failure" not in result and not has_ended(number):
                    checkpoint = checkpoints.Checkpoint(report.state(), result)
                    checkpoints.save(folders[number], checkpoint, of=_identity(jobs[number]))
                    trial_mirror.keep(jobs[number])
            saved_at = time.monotonic()
        yield by_trial


def _begin(job: Job) -> tuple[Path, Config, TaskData, str, CacheSettings]:
    """Return a job's checkpoint folder, configuration, data, device and cache."""
    torch.set_num_threads(job["threads"])
    hyperparameters, prepared = config(job["config"]), prepare.Prepared(**job["prepared"])
    sealed = job["role"] == "search"
    data = prepare.open_data(prepared, splits.cut(hyperparameters), job["split_seed"], job["draw_seed"], sealed)
    device = "cuda" if job["gpu"] else "cpu"
    return store.at(job["checkpoints"]), hyperparameters, data, device, CacheSettings(**job["cache"])


def _earlier(job: Job) -> list[Earlier]:
    """Open the tasks that a trial's initial weights have learnt, split as they were then."""
    tasks, seed = [], job["split_seed"]
    for task in job.get("earlier", ()):
        hyperparameters, prepared = config(task["config"]), prepare.Prepared(**task["prepared"])
        data = prepare.open_data(prepared, splits.cut(hyperparameters), seed, seed, job["role"] == "search")
        tasks.append(Earlier(hyperparameters, data, store.at(task["entry"])))
    return tasks


def _source(job: Job) -> Path | None:
    source = job.get("source")
    return store.at(source) if source else None


def _own_errors(reports: Iterator[T]) -> Iterator[T]:
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


def _result(report: Report | Exception, job: Job, after: int) -> WorkerReport | Failure:
    """Return the report of a bundle's member as plain values; a score that is no number fails this member alone."""
    try:
        if isinstance(report, Exception):
            raise report
        return checked(report, job["epochs"], after)
    except (ValueError, ArithmeticError) as error:
        return failure(error)


def _identity(job: Job) -> str:
    """Hash all that a training depends on: after a ledger was lost, a trial of the same name may differ."""
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


def _save_model(job: Job, data: TaskData, report: Report, earlier: Sequence[Earlier] = ()) -> None:
    """Save a trial's network with all that is needed to use it, if its job names a folder."""
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
            **cards.image_card(config(job["config"]), data, *report.normalization),
        }
        if own := own_family.described(str(job["config"].get("family", ""))):
            card["own_code"] = own
        saved.save(store.at(job["model"]), report.model(), card, earlier)
        trial_mirror.keep_model(job)
