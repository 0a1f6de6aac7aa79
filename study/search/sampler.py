"""The next configuration of a cell, as a pure function of the cell's history and a seed.

Knows nothing of Ray, other cells or files: a study is resumed by calling it with the same history again.
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
GOOD = 0.1  # of which it models this share as good ones
THEN = datetime(2000, 1, 1)  # Optuna wants to know when a trial ran; TPE does not ask
STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "running": TrialState.RUNNING}


class Past(NamedTuple):
    """One earlier trial of the cell: its tuned values, its objective by epoch, and how it stands."""

    values: Mapping[str, Value]
    objectives: Mapping[int, float]
    state: str


def suggest(
    tuned: Mapping[str, Distribution], history: Sequence[Past], seed: int, startup: int, most: int = MOST
) -> dict[str, Value]:
    """Sample the next configuration by TPE, from this cell's trials alone.

    Args:
        tuned: hyperparameter → distribution.
        history: the cell's trials in the order of their suggestion; running ones count as bad (constant liar), so
            that parallel trials differ; pruned ones count with the scores that they reached, failed ones not at all.
        seed: of this one suggestion, so that a resumed study samples what an uninterrupted one does.
        startup: trials that are drawn at random before TPE models them.
        most: past trials that TPE sees; of more, those that `thinned` keeps.

    Source: Bergstra et al. 2011 (TPE), in Optuna's multivariate form (Falkner et al. 2018, arXiv:1807.01774).
    """
    space = {name: _distribution(distribution) for name, distribution in tuned.items()}
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    seen = thinned([past for past in history if past.state != "failed"], most)
    study.add_trials([_given(past, space) for past in seen])
    return dict(study.ask(space).params)


def thinned(history: Sequence[Past], most: int) -> list[Past]:
    """Choose the past trials that TPE sees, so that a suggestion costs the same however long the history is.

    Args:
        history: none of them failed.
        most: this many are left as they are; of more, there are left the running ones, as many of the best as TPE
            models as good, and of the others a part that is spread evenly over the order of suggestion.

    Returns:
        In their order, at most `most`, or the good and the running ones where these are more.
    """
    if len(history) <= most:
        return list(history)
    kept = {number for number, past in enumerate(history) if past.state == "running"}
    ended = [number for number in range(len(history)) if number not in kept]
    kept.update(sorted(ended, key=lambda number: _merit(history[number]), reverse=True)[: math.ceil(GOOD * most)])
    rest = [number for number in ended if number not in kept]
    room = max(0, most - len(kept))
    kept.update(rest[(2 * place + 1) * len(rest) // (2 * room)] for place in range(room))
    return [history[number] for number in sorted(kept)]


def _merit(past: Past) -> tuple[bool, int, float]:
    """Rank as TPE does: the complete before the pruned, of these the later pruned first, then by objective."""
    last = max(past.objectives)
    complete = past.state == "complete"
    return complete, 0 if complete else last, past.objectives[last]


class _Given(FrozenTrial):
    """A past trial made for one suggestion: Optuna copies what it is given, most of what a suggestion would cost."""

    def __deepcopy__(self, memo: object) -> "_Given":
        return self


def _given(past: Past, space: dict[str, BaseDistribution]) -> FrozenTrial:
    last = max(past.objectives, default=None)
    return _Given(
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
