"""Up to a cap, TPE sees the whole history; of a longer one it sees what it needs, at the same cost."""

import math

import numpy as np
import optuna
import pytest

from study.search.sampler import GOOD, MOST, Past, suggest, thinned
from study.space import choice, integers, log_uniform

TUNED = {"lr": log_uniform(1e-4, 1e-1), "depth": integers(1, 4), "optimizer": choice("adamw", "sgd")}
BEST = 1e-2


def past(number, states=("complete", "pruned", "complete", "failed", "running")):
    """A random trial, whose objective is better the nearer its rate is to `BEST`."""
    draw = np.random.default_rng(number)
    values = {"lr": 10 ** draw.uniform(-4, -1), "depth": int(draw.integers(1, 5)), "optimizer": "sgd"}
    score = -abs(math.log10(values["lr"] / BEST))
    state = states[number % len(states)]
    reached = 9 if state == "complete" else number % 5
    return Past(values, {epoch: score - 1 / (1 + epoch) for epoch in range(reached + 1)}, state)


def history(length, *states):
    return [past(number, *states) for number in range(length)]


def by_optuna(earlier, seed):
    """The suggestion after all earlier trials, as in Optuna's documentation."""
    space = {
        "lr": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "depth": optuna.distributions.IntDistribution(1, 4),
        "optimizer": optuna.distributions.CategoricalDistribution(("adamw", "sgd")),
    }
    states = {"failed": "FAIL"}
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=10, constant_liar=True, multivariate=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for one in earlier:
        study.add_trial(
            optuna.trial.create_trial(
                params=one.values,
                distributions=space,
                intermediate_values=one.objectives,
                state=optuna.trial.TrialState[states.get(one.state, one.state.upper())],
                value=one.objectives[9] if one.state == "complete" else None,
            )
        )
    return study.ask(space).params


@pytest.mark.parametrize("length", [0, 1, 9, 14, 40, MOST])
def test_up_to_the_cap_a_suggestion_is_optunas_own(length):
    assert suggest(TUNED, history(length), 3, startup=10) == by_optuna(history(length), 3)


def test_up_to_the_cap_nothing_is_left_out():
    assert thinned(history(MOST), MOST) == history(MOST)


def test_of_a_longer_history_the_running_and_the_best_are_kept_in_their_order():
    whole = history(700, ("complete", "pruned", "running", *["complete"] * 37))
    seen = thinned(whole, MOST)
    assert len(seen) == MOST
    numbers = [whole.index(one) for one in seen]
    assert numbers == sorted(set(numbers))
    assert [one for one in whole if one.state == "running"] == [one for one in seen if one.state == "running"]
    complete = sorted((one.objectives[9] for one in whole if one.state == "complete"), reverse=True)
    good = math.ceil(GOOD * MOST)
    best = sorted((one.objectives[9] for one in seen if one.state == "complete"), reverse=True)[:good]
    assert best == complete[:good]


def test_the_others_are_spread_evenly_over_the_whole_search():
    whole = history(10 * MOST, ("complete",))
    numbers = [whole.index(one) for one in thinned(whole, MOST)]
    assert np.histogram(numbers, bins=10, range=(0, len(whole)))[0].min() >= 0.8 * (1 - GOOD) * MOST / 10


def test_more_running_trials_than_the_cap_are_all_seen():
    assert len(thinned(history(2 * MOST, ("running",)), MOST)) == 2 * MOST


def test_the_best_of_pruned_trials_is_the_one_that_came_furthest():
    furthest = Past({}, {1: -9.0, 3: -9.0}, "pruned")
    whole = [*[Past({}, {1: -float(number)}, "pruned") for number in range(5)], furthest]
    assert thinned(whole, most=1) == [furthest]


def test_a_long_history_gives_the_same_suggestion_again_and_leads_to_the_optimum():
    whole = history(800, ("complete", "pruned"))
    suggestions = [suggest(TUNED, whole, seed, startup=10) for seed in range(20)]
    assert suggestions[:2] == [suggest(TUNED, whole, seed, startup=10) for seed in range(2)]
    distances = [abs(math.log10(values["lr"] / BEST)) for values in suggestions]
    assert np.median(distances) < 0.4  # 0.75 for random ones
    assert {values["optimizer"] for values in suggestions} <= {"adamw", "sgd"}


def test_failed_trials_are_as_if_they_had_not_been():
    failed = [past(number)._replace(state="failed", objectives={}) for number in range(20)]
    assert suggest(TUNED, failed, 7, 4) == suggest(TUNED, [], 7, 4)


def test_scores_of_any_size_leave_the_sample_within_its_bounds():
    odd = [
        past(number, ("complete",))._replace(objectives={9: (-1) ** number * 10.0 ** (15 * number)})
        for number in range(20)
    ]
    sample = suggest(TUNED, odd, 7, 4)
    assert 1e-4 <= sample["lr"] <= 1e-1
    assert sample["depth"] in range(1, 5)
