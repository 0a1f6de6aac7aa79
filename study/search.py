"""All cells in one Ray Tune run: one searcher and one scheduler that serve a sampler and an ASHA bracket per cell.

The only module that imports ray.tune; knows nothing of training (`trial.py`) or of what a decision follows from
(`state.py`).
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.update(  # before ray.tune is imported
    RAY_AIR_NEW_OUTPUT="0",
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_DISABLE_SIGINT_HANDLER="1",  # run.py has its own, for SIGTERM too
    TUNE_DISABLE_STRICT_METRIC_CHECKING="1",
    TUNE_GLOBAL_CHECKPOINT_S="1000000000",  # Tune's own state is never read
    TUNE_WARN_THRESHOLD_S="60",
)

from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler
from ray.tune.search import Searcher

from study.cluster import Place
from study.state import Prune, State, Trial
from study.worker import Worker

OBJECTIVE = "objective"


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


def run(
    state: State,
    job: Callable[[Trial], dict[str, Any]],
    storage: Path,
    place: Place,
    changed: Callable[[], None] = lambda: None,
    stop: Callable[[], bool] = lambda: False,
    trainable: type = Worker,
) -> None:
    """Run what the state still asks for; returns when it is done, or when `stop` says so.

    Args:
        state: the study's, replayed when resumed.
        job: trial → what the trainable gets, under the configuration's key `job`, with `threads` and `gpu` added.
        storage: absolute path of Tune's own folder, disposable.
        place: what one trial occupies, in a cluster that is held.
        changed: called after each event that came from a trial.
        stop: asked several times a second.
        trainable: a class whose `step` returns the keys that CellScheduler records.
    """
    if state.done():
        return
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(place.slots)  # so that all workers start at once
    own = {"threads": max(1, int(place.cpus)), "gpu": place.gpus > 0}
    tune.Tuner(
        tune.with_resources(trainable, {"cpu": place.cpus, "gpu": place.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=CellSearcher(state, place.slots, lambda trial: job(trial) | own),
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


def _reason(trial: Any) -> str:
    error = trial.get_error() if hasattr(trial, "get_error") else None
    return _line(error) if error else "killed or out of memory"


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"[:200]
