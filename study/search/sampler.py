"""The next configuration of a cell, as a pure function of the cell's history and a seed.

It knows no other cells and no files, so that a study is resumed by calling it with the same history again.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from study.space.space import Choice, Distribution, Value

optuna.logging.set_verbosity(optuna.logging.WARNING)

MOST = 128  # past trials of a cell that TPE sees: its cost grows with them (docs/speed.md)
GOOD = 0.1  # share of them that TPE models as good
THEN = datetime(2000, 1, 1)  # Optuna requires the time of a trial, which TPE does not read
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "running": TrialState.RUNNING}


class Past(NamedTuple):
    """One earlier trial of the cell: its tuned values, its objective by epoch, and its state."""

    values: Mapping[str, Value]
    objectives: Mapping[int, float]
    state: str


def suggest(
    tuned: Mapping[str, Distribution], history: Sequence[Past], seed: int, startup: int, most: int = MOST
) -> dict[str, Value]:
    """Sample the next configuration by TPE, from this cell's trials alone.

    Args:
        tuned: hyperparameter → distribution.
        history: the cell's trials in the order of their suggestion. Running ones count as bad (constant liar), so that
            parallel trials differ. Pruned ones count with the scores that they reached, failed ones not at all.
        seed: of this one suggestion, so that a resumed study samples what an uninterrupted one does.
        startup: number of trials that are drawn at random before TPE models them.
        most: number of past trials that TPE sees at most; `thinned` chooses them.

    Source: Bergstra et al. 2011 (TPE), in Optuna's multivariate form (Falkner et al. 2018, arXiv:1807.01774).
    """
    space = {name: _distribution(distribution) for name, distribution in tuned.items()}
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    seen = thinned([past for past in history if past.state != "failed"], most)
    study.add_trials([_past_trial(past, space) for past in seen])
    return dict(study.ask(space).params)


def thinned(history: Sequence[Past], most: int) -> list[Past]:
    """Choose the past trials that TPE sees, so that a suggestion costs the same however long the history is.

    Args:
        history: trials, none of which failed.
        most: number of trials to choose. All running ones are chosen, and as many of the best as TPE models as good.
            The others are spread evenly over the order of suggestion.

    Returns:
        Trials in their order: at most `most`, or more if there are more good and running ones.
    """
    if len(history) <= most:
        return list(history)
    chosen = {number for number, past in enumerate(history) if past.state == "running"}
    ended = [number for number in range(len(history)) if number not in chosen]
    chosen.update(sorted(ended, key=lambda number: _merit(history[number]), reverse=True)[: math.ceil(GOOD * most)])
    rest = [number for number in ended if number not in chosen]
    room = max(0, most - len(chosen))
    chosen.update(rest[(2 * place + 1) * len(rest) // (2 * room)] for place in range(room))
    return [history[number] for number in sorted(chosen)]


def _merit(past: Past) -> tuple[bool, int, float]:
    """Rank as TPE does: complete trials first, then those that were pruned later; ties by objective."""
    last = max(past.objectives)
    complete = past.state == "complete"
    return complete, 0 if complete else last, past.objectives[last]


class _PastTrial(FrozenTrial):
    """A past trial that is never copied: Optuna's deep copies would be most of the cost of a suggestion."""

    def __deepcopy__(self, memo: object) -> "_PastTrial":
        return self


def _past_trial(past: Past, space: dict[str, BaseDistribution]) -> FrozenTrial:
    last = max(past.objectives, default=None)
    return _PastTrial(
        number=0,
        trial_id=0,
        state=STATES[past.state],
        value=past.objectives[last] if last is not None and past.state == "complete" else None,
        intermediate_values={} if last is None else {last: past.objectives[last]},
        params=dict(past.values),
        distributions=space,
        datetime_start=THEN,
        datetime_complete=None if past.state == "running" else THEN,
        user_attrs={},
        system_attrs={},
    )


def _distribution(distribution: Distribution) -> BaseDistribution:
    if isinstance(distribution, Choice):
        return CategoricalDistribution(distribution.values)
    if distribution.integer:
        return IntDistribution(int(distribution.low), int(distribution.high), log=distribution.log)
    return FloatDistribution(distribution.low, distribution.high, log=distribution.log)
