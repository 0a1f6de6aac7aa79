"""Trials on a worker: their data opened, their scores checked, their checkpoints and models kept.

Knows files and trials, but neither Ray nor what a score decides.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.training.failures import failure, text_of
from study.training.report_checks import checked

if TYPE_CHECKING:
    from study.data.prepare import TaskData
    from study.models.earlier import Earlier
    from study.space.config import Config
    from study.training.report import Report
    from study.training.trial import CacheSettings


Results = dict[str, dict[str, Any]]
"""By trial: its result, or what it failed with."""


def results(jobs: Sequence[dict[str, Any]]) -> Generator[Results]:
    """Yield the results of the trials that a worker trains at once.

    The first result of a resumed trial repeats the checkpoint's scores: a kill may have swallowed the report of them.

    Args:
        jobs: one a trial; several are trained together. Each has trial, role, config, seed, epochs, prepared,
            split_seed, draw_seed, threads, gpu, checkpoints (folder), checkpoint_seconds, model (folder, or None),
            source (entry of the store with the initial weights, or None), earlier (of each task that these
            learnt: config, prepared, entry), cache (budget in bytes, half, code). Paths are as `store.name` writes
            them; `store` is used where this machine has none of its own, `uri` is where the study is kept besides.

    Yields:
        Results with the seconds that each took, by what they were `spent` on.

    Raises:
        ValueError: a report of a trial that is trained alone is not one (`training/report_checks.py`).
        OSError: the storage fails.
    """
    from study.storage import store
    from study.training import timing

    store.prefer(jobs[0].get("store"))
    each = _together(jobs) if len(jobs) > 1 else _alone(jobs[0])
    timing.taken()
    last = time.perf_counter()
    for found in each:
        spent, now = timing.taken(), time.perf_counter()
        spent["other"] = now - last - sum(spent.values())
        share = {what: round(seconds / len(found), 6) for what, seconds in spent.items()}
        yield {trial: result | {"spent": share} for trial, result in found.items()}
        last = time.perf_counter()


def end(checkpoints: Path) -> None:
    """Tell the worker that trains a trial, if it sees this folder, that the trial has been ended; drop its checkpoints.

    Args:
        checkpoints: the trial's folder.
    """
    shutil.rmtree(checkpoints, ignore_errors=True)
    with contextlib.suppress(OSError):  # then it is trained in vain
        checkpoints.parent.mkdir(exist_ok=True)
        _mark(checkpoints).touch()


def _mark(checkpoints: Path) -> Path:
    return checkpoints.with_name(f"{checkpoints.name}.ended")


def _alone(job: dict[str, Any]) -> Iterator[Results]:
    from study.training.timing import spent

    with spent("setup"):
        from study.storage import checkpoints, ledger_schema, trial_mirror
        from study.training import trial

        folder, asked, opened, device, cache = _begin(job)
        trial_mirror.fetch(job)
    found = checkpoints.latest(folder, of=_what(job), report=ledger_schema.REPORT)
    if found is not None:
        yield {job["trial"]: found.report}
    resume = None if found is None else (found.report["epoch"], found.report["seconds"], found.state)
    saved, after = time.monotonic(), -1 if resume is None else resume[0]
    earlier, source = _earlier(job), _source(job)
    reports = trial.run(
        asked,
        opened,
        job["seed"],
        epochs=job["epochs"],
        device=device,
        resume=resume,
        cache=cache,
        source=source,
        earlier=earlier,
    )
    for report in _own(reports):
        result = checked(report, job["epochs"], after)
        after = report.epoch
        _refuse_other(found.report if found else None, result)
        if report.last:
            _keep_model(job, opened, report, earlier)
        if time.monotonic() - saved >= job["checkpoint_seconds"]:
            checkpoints.save(folder, checkpoints.Checkpoint(report.state(), result), of=_what(job))
            trial_mirror.keep(job)
            saved = time.monotonic()
        yield {job["trial"]: result}


def _together(jobs: Sequence[dict[str, Any]]) -> Iterator[Results]:
    """Train search trials as `fused.run` does; from a checkpoint each goes on alone."""
    from study.space.config import config
    from study.training.timing import spent

    with spent("setup"):
        from study.storage import checkpoints, store, trial_mirror
        from study.training import fused_heads

        _, _, opened, device, cache = _begin(jobs[0])
    folders = [store.at(job["checkpoints"]) for job in jobs]
    members = [fused_heads.Member(config(job["config"]), job["seed"]) for job in jobs]
    saved, after = time.monotonic(), dict.fromkeys(range(len(jobs)), -1)

    def ended(number: int) -> bool:
        return _mark(folders[number]).exists()

    bundled = fused_heads.run(
        members, opened, jobs[0]["epochs"], device=device, cache=cache, ended=ended, source=_source(jobs[0])
    )
    for said in _own(bundled):
        found = {jobs[number]["trial"]: _result(each, jobs[number], after[number]) for number, each in said.items()}
        after |= {number: each.epoch for number, each in said.items() if not isinstance(each, Exception)}
        if time.monotonic() - saved >= jobs[0]["checkpoint_seconds"]:
            for number, each in said.items():
                result = found[jobs[number]["trial"]]
                if not isinstance(each, Exception) and "failure" not in result and not ended(number):
                    made = checkpoints.Checkpoint(each.state(), result)
                    checkpoints.save(folders[number], made, of=_what(jobs[number]))
                    trial_mirror.keep(jobs[number])
            saved = time.monotonic()
        yield found


def _begin(job: dict[str, Any]) -> "tuple[Path, Config, TaskData, str, CacheSettings]":
    """Give a job's checkpoint folder, configuration, data, device and cache."""
    import torch

    from study.data import prepare, splits
    from study.space.config import config
    from study.storage import store
    from study.training import trial

    torch.set_num_threads(job["threads"])
    asked, seeds = config(job["config"]), (job["split_seed"], job["draw_seed"])
    prepared, sealed = prepare.Prepared(**job["prepared"]), job["role"] == "search"
    opened = prepare.open_data(prepared, splits.cut(asked), *seeds, sealed)
    device = "cuda" if job["gpu"] else "cpu"
    return store.at(job["checkpoints"]), asked, opened, device, trial.CacheSettings(**job["cache"])


def _earlier(job: dict[str, Any]) -> "list[Earlier]":
    """Open the tasks that a trial's weights have learnt, cut as they were then."""
    from study.data import prepare, splits
    from study.models.earlier import Earlier
    from study.space.config import config
    from study.storage import store

    found, seed = [], job["split_seed"]
    for each in job.get("earlier", ()):
        asked, prepared = config(each["config"]), prepare.Prepared(**each["prepared"])
        opened = prepare.open_data(prepared, splits.cut(asked), seed, seed, job["role"] == "search")
        found.append(Earlier(asked, opened, store.at(each["entry"])))
    return found


def _source(job: dict[str, Any]) -> Path | None:
    from study.storage import store

    return store.at(job["source"]) if job.get("source") else None


def _own(reports: "Iterator[Any]") -> "Iterator[Any]":
    """Tell a trial's own OSErrors from the storage's, which have a number and stop the study.

    Raises:
        RuntimeError: in the place of one without a number (an image that PIL cannot read), or of a connection or a
            process that the trial's code began.
    """
    try:
        yield from reports
    except OSError as error:
        if error.errno is not None and not isinstance(error, ConnectionError | ChildProcessError | ProcessLookupError):
            raise
        raise RuntimeError(f"{type(error).__name__}: {text_of(error)}") from error


def _result(message: "Report | Exception", job: dict[str, Any], after: int) -> dict[str, Any]:
    """Give what a member of a bundle reports as plain values; a score that is no number fails it alone."""
    try:
        if isinstance(message, Exception):
            raise message
        return checked(message, job["epochs"], after)
    except (ValueError, ArithmeticError) as error:
        return failure(error)


def _what(job: dict[str, Any]) -> str:
    """Name what a trial trains: where a ledger was lost, one of the same name may have another learning rate."""
    from study.storage import store

    told = [job[name] for name in ("config", "seed", "epochs", "split_seed", "draw_seed")]
    return store.checksum_of(json.dumps(told, sort_keys=True).encode())


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


def _keep_model(job: dict[str, Any], opened: "TaskData", report: "Report", earlier: "Sequence[Earlier]" = ()) -> None:
    """Write the network of a trial that is asked for one, with all that is needed to use it."""
    from study.models import cards, saved
    from study.space.config import config
    from study.storage import store, trial_mirror

    if job["model"] is not None:
        own = [row for row in report.rows if row["task"] == row["trained_on"] and row["metric"] != "count"]
        scores = {f"{row['split']} {row['metric']}": row["score"] for row in own}
        card = {key: job[key] for key in ("trial", "config", "seed")}
        about = {"classes": list(opened.classes), "trained_on": job["prepared"]["source"], "scores": scores}
        about |= {
            "source_labels": opened.source_labels,
            "versions": cards.versions(),
            **cards.shown(config(job["config"]), opened, *report.normalization),
        }
        saved.save(store.at(job["model"]), report.model(), card | about, earlier)
        trial_mirror.keep_model(job)
