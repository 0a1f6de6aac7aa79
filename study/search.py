"""All cells in one Ray Tune run: one searcher and one scheduler that serve a sampler and an ASHA bracket per cell.

The only module that imports ray.tune; knows nothing of training (`trial.py`) or of what a decision follows from
(`state.py`).
"""

import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.update(  # before ray is imported
    RAY_AIR_NEW_OUTPUT="0",
    RAY_USAGE_STATS_ENABLED="0",
    RAY_worker_niceness="0",  # Ray's 15 lets trials starve on a shared machine
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_DISABLE_SIGINT_HANDLER="1",  # run.py has its own, for SIGTERM too
    TUNE_DISABLE_STRICT_METRIC_CHECKING="1",
    TUNE_GLOBAL_CHECKPOINT_S="1000000000",  # Tune's own state is never read
    TUNE_WARN_THRESHOLD_S="60",
)

import ray
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from ray.tune.search import Searcher

from study.config import UserError
from study.state import Prune, State, Trial
from study.worker import Worker

OBJECTIVE = "objective"


@dataclass(frozen=True)
class Resources:
    """What one trial occupies and where: CPUs, GPUs (None: one where there are any), a cluster's address."""

    cpus: float = 1.0
    gpus: float | None = None
    address: str | None = None
    deterministic: bool = False


def asha(epochs: int, grace_period: int, reduction_factor: int) -> Callable[[], Prune]:
    """Give a maker of ASHA brackets, one a cell: Ray's own scheduler, asked directly.

    Source: Li et al. 2018, arXiv:1810.05934, §3.2.
    """

    def bracket() -> Prune:
        scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric=OBJECTIVE,
            mode="max",
            max_t=max(epochs, grace_period + 1),
            grace_period=grace_period,
            reduction_factor=reduction_factor,
        )
        known: set[str] = set()

        def stops(trial: str, epoch: int, objective: float) -> bool:
            stand_in: Any = SimpleNamespace(trial_id=trial)  # ours, not Tune's: it stays the same over a resume
            controller: Any = None
            if trial not in known:
                known.add(trial)
                scheduler.on_trial_add(controller, stand_in)
            result = {"epoch": epoch, OBJECTIVE: objective}
            return scheduler.on_trial_result(controller, stand_in, result) == TrialScheduler.STOP

        return stops

    return bracket


class _Unsaved:
    """Ray pickles searchers, schedulers and stoppers into a state that we never read back: leave it empty."""

    def __getstate__(self) -> dict[str, object]:
        return {}


class CellSearcher(_Unsaved, Searcher):
    """Hands the state's next trial to Tune."""

    def __init__(self, state: State, slots: int, job: Callable[[Trial], dict[str, Any]]) -> None:
        super().__init__()
        self._state, self._slots, self._job = state, slots, job

    def suggest(self, trial_id: str) -> Any:
        if self._state.done():
            return Searcher.FINISHED
        if len(self._state.live) >= self._slots:
            return None
        trial = self._state.next_trial()
        return None if trial is None else {"job": self._job(trial)}

    def on_trial_complete(self, trial_id: str, result: dict | None = None, error: bool = False) -> None:
        """Nothing to do: the scheduler has recorded how the trial ended."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the ledger has it."""

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Nothing to save: the ledger has it."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is ever read back from Tune's folder."""


class CellScheduler(_Unsaved, tune.schedulers.FIFOScheduler):
    """Records each result with its decision, cell by cell; trials start in the order of their suggestion."""

    def __init__(self, state: State, changed: Callable[[], None]) -> None:
        super().__init__()
        self._state, self._changed = state, changed

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        name = trial.config["job"]["trial"]
        if "failure" in result:
            self._state.fail(name, result["failure"], result["traceback"])
            decision = "fail"
        else:
            keys = ("epoch", OBJECTIVE, "last", "rows", "worker", "time")
            decision = self._state.report(name, **{key: result[key] for key in keys})
        self._changed()
        return TrialScheduler.CONTINUE if decision == "continue" else TrialScheduler.STOP

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Record a trial whose worker died: its own exceptions come as results."""
        name = trial.config["job"]["trial"]
        self._state.fail(name, f"the worker died ({_reason(trial)})")
        self._changed()


class StopWhen(_Unsaved, tune.Stopper):
    """Ends the run when asked to: a signal came, or the time budget is spent."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self._asked()


def start_ray(resources: Resources) -> tuple[float, float]:
    """Start Ray here, or join the cluster at the address, and check that one trial fits it.

    Returns:
        CPUs and GPUs of one trial.

    Raises:
        UserError: no cluster at the address, or a trial wants more than it has.
    """
    for name in ("ray", "ray.tune"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    quiet: dict[str, Any] = {"logging_level": "CRITICAL", "log_to_driver": False, "configure_logging": False}
    try:
        if resources.address:
            ray.init(address=resources.address, **quiet)
        else:
            ray.init(address="local", include_dashboard=False, **quiet)
    except (ConnectionError, ValueError) as error:
        raise UserError(f"--address {resources.address}: no Ray cluster answers there ({_line(error)})") from error
    there = ray.cluster_resources()
    gpus = resources.gpus if resources.gpus is not None else float(there.get("GPU", 0) > 0)
    for option, wanted, kind in (("--cpus-per-trial", resources.cpus, "CPU"), ("--gpus-per-trial", gpus, "GPU")):
        if wanted > there.get(kind, 0):
            raise UserError(f"{option} {wanted:g}: the cluster has {there.get(kind, 0):g} {kind}s in all")
    return resources.cpus, gpus


def slots(cpus: float, gpus: float, deterministic: bool) -> int:
    """How many trials are handed out at once: as many as fit, and one more that waits so that no worker does."""
    there = ray.cluster_resources()
    wanted = {"CPU": cpus, "GPU": gpus}
    fit = min(math.floor(there.get(kind, 0) / each) for kind, each in wanted.items() if each > 0)
    return 1 if deterministic else fit + 1


def run(
    state: State,
    job: Callable[[Trial], dict[str, Any]],
    storage: Path,
    resources: Resources,
    changed: Callable[[], None] = lambda: None,
    stop: Callable[[], bool] = lambda: False,
    trainable: type = Worker,
) -> None:
    """Run what the state still asks for; returns when it is done, or when `stop` says so.

    Args:
        state: the study's, replayed when resumed.
        job: trial → what the trainable gets, under the configuration's key `job`, with `threads` and `gpu` added.
        storage: absolute path of Tune's own folder, disposable.
        resources: of one trial.
        changed: called after each event that came from a trial.
        stop: asked several times a second.
        trainable: a class whose `step` returns the keys that CellScheduler records.
    """
    if state.done():
        return
    cpus, gpus = start_ray(resources)
    place = {"threads": max(1, int(cpus)), "gpu": gpus > 0}
    handed_out = slots(cpus, gpus, resources.deterministic)
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(handed_out)  # so that all workers start at once
    try:
        tune.Tuner(
            tune.with_resources(trainable, {"cpu": cpus, "gpu": gpus}),
            tune_config=tune.TuneConfig(
                search_alg=CellSearcher(state, handed_out, lambda trial: job(trial) | place),
                scheduler=CellScheduler(state, changed),
                num_samples=-1,
                reuse_actors=True,
                trial_name_creator=lambda trial: trial.config["job"]["trial"],
                trial_dirname_creator=lambda trial: trial.config["job"]["trial"],
            ),
            run_config=tune.RunConfig(
                storage_path=str(storage),
                name=f"run-{time.time_ns()}",
                verbose=0,
                stop=StopWhen(stop),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
    finally:
        ray.shutdown()


def _reason(trial: Any) -> str:
    error = trial.get_error() if hasattr(trial, "get_error") else None
    return _line(error) if error else "killed or out of memory"


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:200]
