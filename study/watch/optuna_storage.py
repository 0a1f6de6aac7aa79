"""An Optuna storage with one Optuna study per cell, made from a ledger's search trials and updated with it.

No study depends on this file.
"""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from study.errors import Damaged
from study.storage import reading
from study.storage.events import Event, SuggestEvent
from study.storage.schema import short
from study.storage.study_schema import DistributionEntry, StudyFile

optuna.logging.set_verbosity(optuna.logging.WARNING)

JOURNAL = 2**30
"""Most bytes of a journal: 1 GB, more than a million trials need."""
STATES = {"continue": TrialState.RUNNING, "prune": TrialState.PRUNED, "complete": TrialState.COMPLETE}
ENDED = (TrialState.PRUNED, TrialState.COMPLETE)


@dataclass
class _Trial:
    """A search trial according to the ledger so far."""

    event: SuggestEvent
    state: TrialState = TrialState.RUNNING
    objectives: dict[int, float] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    error: str = ""

    def value(self) -> float | None:
        """Return its last objective once it has ended; Optuna stores that of pruned trials too."""
        return self.objectives[max(self.objectives)] if self.state in ENDED else None


class OptunaStorage:
    """A journal file that `optuna-dashboard` and `optuna.load_study` open; trials that it holds already stay."""

    def __init__(self, path: Path, study: StudyFile) -> None:
        """Open the file, or create it.

        Args:
            path: of the journal.
            study: study.json's content.

        Raises:
            Damaged: the file exists and is no journal.
        """
        self._cells, self._space = study["cells"], study["space"]
        self._trials: dict[str, _Trial] = {}
        self._changed: dict[str, None] = {}
        try:
            _mend(path)
            self._storage = JournalStorage(JournalFileBackend(str(path)))
            self._studies = {one.study_name: one._study_id for one in self._storage.get_all_studies()}
            trials = [trial for number in self._studies.values() for trial in self._storage.get_all_trials(number)]
            self._ids = {trial.user_attrs["trial"]: trial._trial_id for trial in trials}
        except OSError:
            raise
        except Exception as error:  # whatever Optuna raises for a file that is no journal
            problem = f"is no storage of this command ({type(error).__name__}: {short(str(error))})"
            raise Damaged(f"{path}: {problem}; delete it, and it is made anew") from None

    def take(self, events: Iterable[Event]) -> None:
        """Fold new events of the ledger."""
        for event in events:
            name = event["trial"]
            if event["kind"] == "suggest" and event["role"] == "search":
                self._trials[name] = _Trial(event)
            if (trial := self._trials.get(name)) is None:
                continue
            self._changed[name] = None
            match event["kind"]:
                case "report":
                    trial.state = STATES[event["decision"]]
                    trial.objectives[event["epoch"]] = event["objective"]
                    if (reported := event.get("time")) is not None:
                        trial.times.append(datetime.fromtimestamp(reported, UTC))
                case "fail":
                    trial.state, trial.error = TrialState.FAIL, event["error"]

    def write(self) -> None:
        """Write the trials that changed."""
        for name in self._changed:
            if name in self._ids:
                self._update(self._trials[name], self._ids[name])
            else:
                study = self._study(self._trials[name].event["cell"])
                self._ids[name] = self._storage.create_new_trial(study, self._frozen(self._trials[name]))
        self._changed.clear()

    def _study(self, cell: int) -> int:
        """Return the number of a cell's Optuna study; create it with the cell's first trial."""
        name = self._cells[cell]["name"]
        if name not in self._studies:
            made = optuna.create_study(study_name=name, storage=self._storage, direction="maximize")
            attributes = {"space": self._space["name"], "data": self._cells[cell]["source"]}
            for key, value in (attributes | self._cells[cell]["values"]).items():
                made.set_user_attr(key, value)
            with warnings.catch_warnings(category=ExperimentalWarning, action="ignore"):
                made.set_metric_names(["validation score"])
            self._studies[name] = made._study_id
        return self._studies[name]

    def _frozen(self, trial: _Trial) -> FrozenTrial:
        tuned = trial.event["tuned"]
        now = datetime.now(UTC)
        return FrozenTrial(
            number=0,  # the storage counts
            trial_id=0,
            state=trial.state,
            value=trial.value(),
            datetime_start=min(trial.times, default=now),
            datetime_complete=max(trial.times, default=now) if trial.state.is_finished() else None,
            params=tuned,
            distributions={name: _distribution(self._space["tuned"][name]) for name in tuned},
            user_attrs={"trial": trial.event["trial"], "seed": trial.event["seed"]} | _error(trial),
            system_attrs={},
            intermediate_values=trial.objectives,
        )

    def _update(self, trial: _Trial, number: int) -> None:
        """Add new objectives, an error or the end to a trial of the storage."""
        stored = self._storage.get_trial(number)
        if stored.state.is_finished():
            return
        for epoch, objective in trial.objectives.items():
            if stored.intermediate_values.get(epoch) != objective:
                self._storage.set_trial_intermediate_value(number, epoch, objective)
        for key, text in _error(trial).items():
            self._storage.set_trial_user_attr(number, key, text)
        if trial.state.is_finished():
            value = trial.value()
            self._storage.set_trial_state_values(number, trial.state, None if value is None else [value])


def _mend(path: Path) -> None:
    """Cut off a torn last line, which a killed writer leaves: Optuna would append to it and then read neither.

    Raises:
        ValueError: another line is no JSON.
    """
    if not path.exists():
        return
    data = reading.read_bytes(path, JOURNAL)
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.splitlines():
        reading.parse(line)
    if whole != data:
        os.truncate(path, len(whole))


def _error(trial: _Trial) -> dict[str, str]:
    return {"error": trial.error} if trial.error else {}


def _distribution(written: DistributionEntry) -> BaseDistribution:
    """Convert a distribution of study.json to Optuna's."""
    if "values" in written:
        return CategoricalDistribution(written["values"])
    if written["integer"]:
        return IntDistribution(int(written["low"]), int(written["high"]), log=written["log"])
    return FloatDistribution(written["low"], written["high"], log=written["log"])
