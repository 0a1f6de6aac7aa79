"""All cells in one Ray Tune run: one searcher and one scheduler serve a sampler and an ASHA bracket for each cell.

Only this module, `trainable.py` and `search/pruner.py` import ray.tune. Decisions are made in `search/state.py`.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
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
from ray.tune.progress_reporter import ProgressReporter
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from study.backend import exit_causes
from study.backend.guard import Guard
from study.backend.session import Place
from study.backend.trainable import Worker
from study.backend.watchdog import Watch
from study.search.bundles import Bundles
from study.search.job import Job
from study.search.state import State, Trial
from study.storage.events import ReportFields, WorkerReport
from study.training.failures import Failure


class _Unsaved:
    """An object with an empty pickle: Ray pickles searchers, schedulers and stoppers, and we never read that back."""

    def __getstate__(self) -> dict[str, object]:
        return {}


class CellSearcher(_Unsaved, Searcher):
    """Hands the state's next trials to Tune."""

    def __init__(self, state: State, slots: int, bundles: Bundles, job: Callable[[Trial], Job], guard: Guard) -> None:
        super().__init__()
        self._state, self._slots, self._bundles, self._job, self._guard = state, slots, bundles, job, guard

    def suggest(self, trial_id: str) -> Any:
        return self._guard(self._suggest, otherwise=None)

    def _suggest(self) -> Any:
        if self._state.done():
            return Searcher.FINISHED
        if self._bundles.full(self._slots):
            return None
        trials = self._bundles.next()
        if not trials and not self._state.live:
            raise RuntimeError("the study is not done, but nothing runs and nothing can start")
        return {"jobs": [self._job(trial) for trial in trials]} if trials else None

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

    def __init__(
        self,
        state: State,
        bundles: Bundles,
        ended: Callable[[str], None],
        guard: Guard,
        stop: "StopWhen",
        shared: bool = False,
    ) -> None:
        super().__init__()
        self._state, self._bundles, self._ended, self._guard, self._watch = state, bundles, ended, guard, stop.watch
        self._stop, self._shared = stop, shared

    def choose_trial_to_run(self, tune_controller: Any) -> None:
        """Choose nothing, so that a free worker gets the newest trial.

        Tune would choose the first pending trial, even while a worker of its own is starting. It would then end that
        worker, and with trials shorter than a start only one worker would ever run.
        """

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        self._watch.heard(trial.trial_id)
        continues = self._guard(lambda: self._record(_names(trial), result), otherwise=False)
        return TrialScheduler.CONTINUE if continues else TrialScheduler.STOP

    def _record(self, names: list[str], result: dict[str, Any]) -> bool:
        """Record a worker's results of a bundle; returns whether any of its trials continues."""
        if "storage" in result:
            raise OSError(f"trial {', '.join(names)}: {result['storage'][0]['failure']}")
        if "broken" in result:
            (broken,) = result["broken"]
            end = self._bundles.crowded if broken["memory"] and self._shared else self._bundles.broken
            for name in end(names, broken["failure"], broken["traceback"]):
                self._ended(name)
            return False
        self._bundles.heard(names)
        for name, report in result["results"]:
            if name in self._state.live:  # a worker trains an ended trial until it sees its mark
                self._record_one(name, report, result["worker"], result["time"])
        return not self._state.live.isdisjoint(names)

    def _record_one(self, name: str, report: WorkerReport | Failure, worker: str, when: float) -> None:
        if "failure" in report:
            self._state.fail(name, report["failure"], report["traceback"])
            decision = "fail"
        else:
            fields: ReportFields = {"rows": report["rows"], "worker": worker, "time": when}
            if "spent" in report:
                fields["spent"] = report["spent"]
            if "costs" in report:
                fields["costs"] = report["costs"]
            decision = self._state.report(name, report["epoch"], report["objective"], report["last"], **fields)
        if decision != "continue":
            self._ended(name)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """Record trials whose worker died; a worker's own exceptions are results."""
        if not self._stop.stop_all():  # after a signal to all processes the trial resumes with the study
            self._guard(lambda: self._record_death(trial), otherwise=None)

    def _record_death(self, trial: Any) -> None:
        hung, names = self._watch.why(trial.trial_id), _names(trial)
        died = f"the worker died ({exit_causes.reason(trial.error_file)})"
        for name in self._bundles.broken(names, hung) if hung else self._bundles.lost(names, died):
            self._ended(name)


class Watching(_Unsaved, tune.Callback):
    """Looks for trials that hang, many times a second, and ends all workers when the run must stop."""

    def __init__(self, watch: Watch, guard: Guard) -> None:
        self._watch, self._guard = watch, guard
        self._running: list[Any] = []

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._running.append(trial)

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._running = [trial for trial in self._running if not trial.is_finished()]
        workers = {trial.trial_id: trial.temporary_state.ray_actor for trial in self._running}
        self._guard(lambda: self._watch.look(workers), otherwise=None)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if self._watch.stopped:
            self._watch.end_all()


class StopWhen(_Unsaved, tune.Stopper):
    """Ends the run when it should stop, or when the guard holds an error."""

    def __init__(self, should_stop: Callable[[], bool], guard: Guard, watch: Watch) -> None:
        self._should_stop, self._guard, self.watch = should_stop, guard, watch

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        self.watch.stopped = self._guard(self._should_stop, otherwise=True) or self._guard.error is not None
        return self.watch.stopped


def run(
    state: State,
    job: Callable[[Trial], Job],
    *,
    storage: Path,
    place: Place,
    ended: Callable[[str], None] = lambda trial: None,
    stop: Callable[[], bool] = lambda: False,
    trainable: type = Worker,
    bundle: Callable[[Trial], int] = lambda trial: 1,
    timeout: float | None = None,
) -> None:
    """Run the remaining trials of a state; returns when all are done, or when `stop` returns true.

    Args:
        state: the study's, replayed if it is resumed.
        job: trial → its job. The trainable gets a list of them under the configuration's key `jobs`, with `threads`,
            `gpu` and `gpus` added; the key `trial` is the trial's id.
        storage: absolute path of Tune's own folder, disposable.
        place: resources of one trial, in a running cluster.
        ended: called with the id of a trial whose end is recorded.
        stop: called several times a second.
        trainable: a `Worker`, whose `_results` yield by trial the keys that CellScheduler records.
        bundle: trial → how many of its cell's search trials one worker may train at once.
        timeout: seconds without a report after which a trial is ended; None waits for ever.

    Raises:
        Exception: whatever recording, sampling or a worker's storage raised, once all trials are stopped.
    """
    if state.done():
        return
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(place.slots)  # so that all workers start at once
    guard, bundles = Guard(), Bundles(state, bundle)
    stopper = StopWhen(stop, guard, Watch(timeout))
    threads, shared = max(1, int(place.cpus)), 0 < place.gpus < 1

    def placed(trial: Trial) -> Job:
        gpus = 1.0 if trial.id in state.wide and shared else place.gpus
        return job(trial) | {"threads": threads, "gpu": place.gpus > 0, "gpus": gpus}

    searcher = CellSearcher(state, place.slots, bundles, placed, guard)
    scheduler = CellScheduler(state, bundles, ended, guard, stopper, shared)
    resources = tune.with_resources(trainable, partial(_resources, place.cpus))
    run_config = _run_config(storage, stopper, guard)
    tune.Tuner(resources, tune_config=_tune_config(searcher, scheduler), run_config=run_config).fit()
    if guard.error is not None:
        raise guard.error


def _tune_config(searcher: Searcher, scheduler: TrialScheduler) -> tune.TuneConfig:
    return tune.TuneConfig(
        search_alg=searcher,
        scheduler=scheduler,
        num_samples=-1,
        reuse_actors=True,
        trial_name_creator=lambda trial: _names(trial)[0],
        trial_dirname_creator=lambda trial: _names(trial)[0],
    )


def _run_config(storage: Path, stopper: StopWhen, guard: Guard) -> tune.RunConfig:
    return tune.RunConfig(
        storage_path=str(storage),
        name=f"run-{time.time_ns()}",
        verbose=0,
        stop=stopper,
        callbacks=[Watching(stopper.watch, guard)],
        checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        progress_reporter=Silent(),
    )


class Silent(ProgressReporter):
    """Reports nothing: in a notebook Tune's own clears the cell, whatever its verbosity."""

    def should_report(self, trials: list[Any], done: bool = False) -> bool:
        return False

    def report(self, trials: list[Any], done: bool, *sys_info: str) -> None:
        """Never called."""


def _resources(cpus: float, config: dict[str, Any]) -> tune.PlacementGroupFactory:
    """Return the resources of one of Tune's trials."""
    return tune.PlacementGroupFactory([{"CPU": cpus, "GPU": config["jobs"][0]["gpus"]}])


def _names(trial: Any) -> list[str]:
    """Return the ids of our trials in one of Tune's."""
    return [job["trial"] for job in trial.config["jobs"]]
