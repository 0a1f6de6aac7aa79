"""`python -m benchmarks.history`: does it cost quality that TPE sees only part of a long history? docs/speed.md has it.

Searches of made-up objectives with noise, half of the trials pruned, with TPE seeing all or at most so many of them.
The best that an objective can be is 0. Trains nothing.
"""

import math
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from benchmarks import _markdown, _options
from study.search import sampler
from study.search.sampler import Past
from study.space import choice, log_uniform, uniform
from study.space.space import Distribution, Value

CAPS = (sys.maxsize, 256, sampler.MOST, 64, 32)
NOISE = 0.02
"""Standard deviation of one observation, in the objective's unit."""
EARLY = 0.05
"""Standard deviation of what is seen before the last epoch, when a trial may be pruned."""


class Objective(NamedTuple):
    """What is searched: the true score, at most 0."""

    name: str
    tuned: Mapping[str, Distribution]
    score: Callable[[Mapping[str, Value]], float]


def _off(values: Mapping[str, Value], name: str, best: float, width: float) -> float:
    """Give the squared distance of a rate from its best one, in decades, over `width`."""
    return (math.log10(float(values[name]) / best) / width) ** 2


def _bowl(values: Mapping[str, Value]) -> float:
    rates = _off(values, "lr", 3e-3, 1.5) + _off(values, "weight_decay", 1e-3, 3)
    return -(rates + (float(values["smoothing"]) - 0.1) ** 2)


def _trap(values: Mapping[str, Value]) -> float:
    """Score a bowl whose place depends on a choice; of the choices, two are .05 and .1 worse at their best."""
    best, worse = {"adamw": (3e-3, 0.0), "sgd": (0.1, 0.05), "adam": (3e-4, 0.1)}[str(values["optimizer"])]
    rates = _off(values, "lr", best, 1) + _off(values, "weight_decay", 1e-3, 3) + _off(values, "epsilon", 1e-6, 4)
    return -(rates + worse + sum((float(values[name]) - 0.3) ** 2 for name in ("dropout", "smoothing")) / 2)


RATES: dict[str, Distribution] = {"lr": log_uniform(1e-5, 1.0), "weight_decay": log_uniform(1e-6, 1e-1)}
OBJECTIVES = (
    Objective("3 hyperparameters", RATES | {"smoothing": uniform(0, 0.5)}, _bowl),
    Objective(
        "6 hyperparameters",
        RATES
        | {"epsilon": log_uniform(1e-9, 1e-3), "dropout": uniform(0, 0.9), "smoothing": uniform(0, 0.5)}
        | {"optimizer": choice("adamw", "sgd", "adam")},
        _trap,
    ),
)


def shortfall(objective: Objective, cap: int, trials: int, seed: int) -> float:
    """Search, and give by how much the trial with the best observed score misses the true best, 0 at the least."""
    random = np.random.default_rng(seed)
    history: list[Past] = []
    for number in range(trials):
        values = sampler.suggest(objective.tuned, history, seed * trials + number, startup=10, most=cap)
        true = objective.score(values)
        early, late = true + random.normal(0, EARLY), true + random.normal(0, NOISE)
        median = np.median([past.objectives[1] for past in history] or [-math.inf])
        pruned = early < median
        history.append(Past(values, {1: early} if pruned else {1: early, 2: late}, "pruned" if pruned else "complete"))
    complete = [past for past in history if past.state == "complete"]
    return -objective.score(max(complete, key=lambda past: past.objectives[2]).values)


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each number of past trials that TPE may see."""
    parser = _options.Parser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--trials", type=_options.at_least(20), default=400, help="of a search")
    parser.add_argument("--seeds", type=_options.at_least(2), default=8, help="searches of each kind")
    asked = parser.parse_args(arguments)
    rows = []
    for cap in CAPS:
        found = [[shortfall(one, cap, asked.trials, seed) for seed in range(asked.seeds)] for one in OBJECTIVES]
        cells = [f"{np.mean(each):.4f} ± {np.std(each, ddof=1) / math.sqrt(len(each)):.4f}" for each in found]
        rows.append(["all" if cap == sys.maxsize else str(cap), *cells])
    print(_markdown.table(["TPE sees", *(one.name for one in OBJECTIVES)], rows))


if __name__ == "__main__":
    main()
