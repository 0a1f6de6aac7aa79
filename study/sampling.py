"""The next configuration of a cell, as a pure function of the cell's history and a seed.

Knows nothing of Ray, other cells or files: a study is resumed by calling it with the same history again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from study.space import Choice, Distribution, Value

optuna.logging.set_verbosity(optuna.logging.WARNING)

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "running": TrialState.RUNNING,
}


class Past(NamedTuple):
    """One earlier trial of the cell: its tuned values, its objective by epoch, and how it stands."""

    values: Mapping[str, Value]
    objectives: Mapping[int, float]
    state: str


def suggest(tuned: Mapping[str, Distribution], history: Sequence[Past], seed: int, startup: int) -> dict[str, Value]:
    """Sample the next configuration by TPE, from this cell's trials alone.

    Args:
        tuned: hyperparameter → distribution.
        history: the cell's trials in the order of their suggestion; running ones count as bad (constant liar), so
            that parallel trials differ; pruned ones count with the scores that they reached.
        seed: of this one suggestion, so that a resumed study samples what an uninterrupted one does.
        startup: trials that are drawn at random before TPE models them.

    Source: Bergstra et al. 2011 (TPE), in Optuna's multivariate form (Falkner et al. 2018, arXiv:1807.01774).
    """
    space = {name: _distribution(distribution) for name, distribution in tuned.items()}
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials([_frozen(past, space) for past in history if past.objectives or past.state == "running"])
    return dict(study.ask(space).params)


def _frozen(past: Past, space: dict[str, BaseDistribution]) -> FrozenTrial:
    return optuna.trial.create_trial(
        params=dict(past.values),
        distributions=space,
        intermediate_values=dict(past.objectives),
        state=STATES[past.state],
        value=past.objectives[max(past.objectives)] if past.state == "complete" else None,
    )


def _distribution(distribution: Distribution) -> BaseDistribution:
    if isinstance(distribution, Choice):
        return CategoricalDistribution(distribution.values)
    if distribution.integer:
        return IntDistribution(int(distribution.low), int(distribution.high), log=distribution.log)
    return FloatDistribution(distribution.low, distribution.high, log=distribution.log)
