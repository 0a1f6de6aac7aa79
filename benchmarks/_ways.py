"""Runs one workload one way, in a process of its own, and gives the figures of that run as plain values.

Knows how each way is started and where it leaves its scores; nothing of the order of runs or of bounds.
"""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _account, _workloads
from benchmarks._process import Run, run
from benchmarks._workloads import Workload
from study.storage import ledger

ROOT = Path(__file__).parents[1]
PEERS = {"ray": "benchmarks._peer_ray", "optuna": "benchmarks._peer_optuna"}
TIMEOUT = 3600.0  # seconds


class Failed(RuntimeError):
    """A run that did not come to its end; the text has its last lines."""


class Setting(NamedTuple):
    """What all runs of a benchmark share."""

    family: str
    size: int
    """Side of the images, pixels."""
    extra: tuple[str, ...]
    """More words for `study.run`."""
    scratch: Path
    """A folder for what no run needs from another."""


def measure(way: str, workload: Workload, setting: Setting, images: Path, links: Path, seed: int) -> dict[str, Any]:
    """Run a workload one way.

    Args:
        way: ours, or one of `PEERS`.
        workload: what is searched.
        setting: of all runs.
        images: the files in GTSRB's layout, for ours.
        links: the same files for ImageFolder, for the peers.
        seed: of the run; ours cuts the splits that `links` has.

    Returns:
        wall (seconds), start (seconds of it: of ours until the first worker begins, of a peer until its first epoch
        begins), memory (bytes), trials, trial_epochs, records (see `_scores`), and of ours workers, seconds (by part,
        see `_account`), overhead (of a trial, likewise) and spans.

    Raises:
        Failed: the run did.
    """
    shutil.rmtree(setting.scratch, ignore_errors=True)
    setting.scratch.mkdir()
    if way == "ours":
        return _ours(workload, setting, images, seed)
    out, task = setting.scratch / "out.json", setting.scratch / "task.json"
    values = _workloads.task(workload, setting.family, setting.size, seed)
    task.write_text(json.dumps(values | {"data": str(links), "out": str(out)}), encoding="utf-8")
    done = _run(["-m", PEERS[way], str(task)], setting.scratch)
    records = [
        row for trial in json.loads(out.read_text(encoding="utf-8")) for row in _of_peer(trial, len(values["depths"]))
    ]
    return _figures(done, min(row.pop("begun") for row in records), records)


def _ours(workload: Workload, setting: Setting, images: Path, seed: int) -> dict[str, Any]:
    """Run the command as a user would, with an empty store, so that decoding and caching are paid for."""
    space, out = setting.scratch / f"{workload.name}.py", setting.scratch / "out"
    space.write_text(_workloads.space(workload, setting.family, setting.size), encoding="utf-8")
    words = ["--space", str(space), "--data", str(images), "--out", str(out), "--seed", str(seed)]
    done = _run(["-m", "study.run", *words, "--scale", "full", "--replicates", "0", *setting.extra], setting.scratch)
    events = list(ledger.read(out / "ledger"))
    depths = _workloads.depths(workload, setting.family)
    workers = _workers(events)
    seconds = _account.account(events, done.start, done.end, workers)
    begun = min(span.begin for span in _account.spans(events))
    found = _figures(done, begun, _of_ours(events, depths))
    found |= {"overhead": _account.overhead(events)}
    return found | {"workers": workers, "seconds": seconds, "spans": _spans(events, done.start, depths)}


def _run(words: list[str], scratch: Path) -> Run:
    """Run Python with the same surroundings for all ways.

    Raises:
        Failed: its exit code is not 0.
    """
    log = scratch / "log.txt"
    environment = {"STUDY_STORE": str(scratch / "store"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment |= {"RAY_worker_niceness": "0", "RAY_USAGE_STATS_ENABLED": "0"}  # 15 starves on a shared machine
    done = run([sys.executable, *words], ROOT, environment, log, TIMEOUT)
    if done.code:
        last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise Failed(f"exit code {done.code} after {done.end - done.start:.0f} s:\n{last}")
    return done


def _figures(done: Run, begun: float, records: list[dict[str, Any]]) -> dict[str, Any]:
    trained = [row for row in records if row["epoch"] > 0]
    counts = {"trials": len({row["trial"] for row in records}), "trial_epochs": len(trained)}
    times = {"wall": done.end - done.start, "start": begun - done.start}
    return times | {"memory": done.memory} | counts | {"records": records}


def _of_peer(trial: dict[str, Any], cells: int) -> list[dict[str, Any]]:
    number, config = trial["number"], trial["config"]
    about = {"trial": number, "depth": config["freeze_depth"], "baseline": number < cells}
    about |= {name: config[name] for name in _workloads.TUNED}
    return [about | row | {"epoch": int(row["epoch"])} for row in trial["epochs"]]


def _of_ours(events: list[ledger.Event], depths: tuple[int, ...]) -> list[dict[str, Any]]:
    trials, found = {}, {}
    for event in events:
        name = event["trial"]
        if event["kind"] == "suggest":
            about = {"trial": name, "depth": depths[event["cell"]], "baseline": name.endswith("-s000")}
            trials[name] = about | event["tuned"]
        elif event["kind"] == "report":
            scores = {(row["split"], row["metric"]): row["score"] for row in event["rows"]}
            about = {"epoch": event["epoch"], "accuracy": event["objective"], "loss": scores.get(("train", "loss"))}
            found[name, event["epoch"]] = trials[name] | about
    return list(found.values())


def _workers(events: list[ledger.Event]) -> int:
    """Count the workers that there could have been: those that were, or one a core where no GPU is the limit."""
    import torch

    seen = len({event["worker"] for event in events if event["kind"] == "report"})
    return seen if torch.cuda.is_available() else max(seen, len(os.sched_getaffinity(0)))


def _spans(events: list[ledger.Event], start: float, depths: tuple[int, ...]) -> list[dict[str, Any]]:
    """Give the stretches of each worker, numbered from 1 in the order of their beginning, seconds from the start on."""
    cells = {event["trial"]: event["cell"] for event in events if event["kind"] == "suggest"}
    found = _account.spans(events)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(span.worker for span in found), start=1)}
    return [
        {"worker": numbers[span.worker], "begin": span.begin - start, "end": span.end - start}
        | {"trials": len(span.trials), "depth": depths[cells[span.trials[0]]]}
        for span in found
    ]
