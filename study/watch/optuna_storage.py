"""An Optuna storage with one Optuna study a cell, made from a ledger's search trials and kept in step with it.

Knows the ledger's events and Optuna; nothing that a study does depends on this file.
"""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from study.errors import Damaged
from study.storage import reading
from study.storage.ledger import Event
from study.storage.schema import short

optuna.logging.set_verbosity(optuna.logging.WARNING)

JOURNAL = 2**30
"""Bytes of a journal, at most: 1 GB, which a million trials do not fill."""
STATES = {"continue": TrialState.RUNNING, "prune": TrialState.PRUNED, "complete": TrialState.COMPLETE}
ENDED = (TrialState.PRUNED, TrialState.COMPLETE)


@dataclass
class _Trial:
    """A search trial as far as the ledger tells."""

    event: Event
    state: TrialState = TrialState.RUNNING
    objectives: dict[int, float] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    error: str = ""

    def value(self) -> float | None:
        """Give its last objective, once it has ended; Optuna keeps that of pruned trials too."""
        return self.objectives[max(self.objectives)] if self.state in ENDED else None


class OptunaStorage:
    """A journal file that `optuna-dashboard` and `optuna.load_study` open; what it holds already is kept."""

    def __init__(self, path: Path, study: dict[str, Any]) -> None:
        """Open the file, or make it.

        Args:
            path: of the journal.
            study: study.json's content.

        Raises:
            Damaged: the file is there and is no journal.
        """
        self._cells, self._space = study["cells"], study["space"]
        self._trials: dict[str, _Trial] = {}
        self._changed: dict[str, None] = {}
        try:
            _mend(path)
            self._storage = JournalStorage(JournalFileBackend(str(path)))
            self._studies = {each.study_name: each._study_id for each in self._storage.get_all_studies()}
            found = [trial for each in self._studies.values() for trial in self._storage.get_all_trials(each)]
            self._ids = {trial.user_attrs["trial"]: trial._trial_id for trial in found}
        except OSError:
            raise
        except Exception as error:  # whatever Optuna meets in a journal that is none
            told = f"is no storage of this command ({type(error).__name__}: {short(str(error))})"
            raise Damaged(f"{path}: {told}; delete it, and it is made anew") from None

    def take(self, events: Iterable[Event]) -> None:
        """Fold new events of the ledger."""
        for event in events:
            name = event["trial"]
            if event["kind"] == "suggest" and event["role"] == "search":
                self._trials[name] = _Trial(event)
            elif name in self._trials and event["kind"] == "report":
                self._trials[name].state = STATES[event["decision"]]
                self._trials[name].objectives[event["epoch"]] = event["objective"]
                if event.get("time") is not None:
                    self._trials[name].times.append(datetime.fromtimestamp(event["time"], UTC))
            elif name in self._trials and event["kind"] == "fail":
                self._trials[name].state, self._trials[name].error = TrialState.FAIL, event["error"]
            if name in self._trials:
                self._changed[name] = None

    def write(self) -> None:
        """Bring the file in step with what was taken."""
        for name in self._changed:
            if name in self._ids:
                self._go_on(self._trials[name], self._ids[name])
            else:
                study = self._study(self._trials[name].event["cell"])
                self._ids[name] = self._storage.create_new_trial(study, self._frozen(self._trials[name]))
        self._changed.clear()

    def _study(self, cell: int) -> int:
        """Give the number of a cell's Optuna study; it is made with the cell's first trial."""
        name = self._cells[cell]["name"]
        if name not in self._studies:
            made = optuna.create_study(study_name=name, storage=self._storage, direction="maximize")
            about = {"space": self._space["name"], "data": self._cells[cell]["source"]}
            for key, value in (about | self._cells[cell]["values"]).items():
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

    def _go_on(self, trial: _Trial, number: int) -> None:
        """Add to a trial that the storage knows what is new of it."""
        there = self._storage.get_trial(number)
        if there.state.is_finished():
            return
        for epoch, objective in trial.objectives.items():
            if there.intermediate_values.get(epoch) != objective:
                self._storage.set_trial_intermediate_value(number, epoch, objective)
        for key, text in _error(trial).items():
            self._storage.set_trial_user_attr(number, key, text)
        if trial.state.is_finished():
            value = trial.value()
            self._storage.set_trial_state_values(number, trial.state, None if value is None else [value])


def _mend(path: Path) -> None:
    """Cut off a torn last line, which a killed writer leaves: Optuna would append to it and then read neither.

    Raises:
        ValueError: another line is none of a journal.
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


def _distribution(told: dict[str, Any]) -> BaseDistribution:
    """Make Optuna's distribution of one as study.json tells it."""
    if "values" in told:
        return CategoricalDistribution(told["values"])
    if told["integer"]:
        return IntDistribution(int(told["low"]), int(told["high"]), log=told["log"])
    return FloatDistribution(told["low"], told["high"], log=told["log"])
