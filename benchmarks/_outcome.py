"""What the figures of `benchmarks.study` come to, and whether they keep the bounds.

Numbers in, numbers and one line a problem out; knows nothing of processes, files or how a figure was measured.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import _scores
from benchmarks._account import BESIDE
from benchmarks._figures import Figures

WAYS = {"ray": "(a) Ray Tune", "optuna": "(b) Optuna", "ours": "this project"}
PEERS = ("ray", "optuna")
"""In the order of a workload's bounds."""
START = 12.0
"""Seconds until the first worker of ours begins, on average at most."""
OVERHEAD = 0.3
"""Seconds a trial of ours beside its training, once its worker is warm, on average at most."""


class Ratio(NamedTuple):
    """Trial-epochs an hour of ours over those of a peer, one a repeat."""

    each: list[float]
    without_start: list[float]
    """Likewise, of the time after the start-up on both sides. A peer's has the making of its first trial's data set and
    network in it, ours ends before: no favour to ours."""
    bound: float

    @property
    def mean(self) -> float:
        """The geometric one, which favours neither side: the arithmetic one is never smaller."""
        return statistics.geometric_mean(self.each)

    @property
    def holds(self) -> bool:
        return self.mean >= self.bound


class Cost(NamedTuple):
    """What a workload's runs of ours cost beside training, one figure a run."""

    start: list[float]
    """Seconds until the first worker begins."""
    parts: dict[str, list[float]]
    """Seconds a trial, for each of `BESIDE`; see `_account.overhead`."""

    @property
    def overhead(self) -> list[float]:
        """Seconds of workers a trial."""
        return [sum(run) for run in zip(*self.parts.values(), strict=True)]

    def verdict(self) -> dict[str, tuple[float, float]]:
        """Give the mean and the bound of both; no overhead is nan."""
        overhead = statistics.mean(self.overhead) if self.overhead else math.nan
        return {
            "s of start-up": (statistics.mean(self.start), START),
            "s of overhead a trial": (overhead, OVERHEAD),
        }


def verdicts(figures: Figures) -> list[str]:
    """List what is wrong: bounds that are missed, scores that disagree, what is missing."""
    found = []
    for name in figures["workloads"]:
        for peer in PEERS:
            found += [f"{name}: {problem}" for problem in _of_peer(figures, name, peer)]
        told = cost(figures, name)
        for what, (mean, bound) in told.verdict().items() if told else ():
            if not mean <= bound:
                found.append(f"{name}: {mean:.2f} {what}, at most {bound:g} are wanted")
    return found


def _of_peer(figures: Figures, workload: str, peer: str) -> list[str]:
    """List what is wrong between this project and a peer."""
    found = ratio(figures, workload, peer)
    if found is None:
        return [f"no repeat has both this project and {WAYS[peer]}"]
    problems = []
    if not found.holds:
        problems.append(f"{found.mean:.2f} times {WAYS[peer]}, at least {found.bound:g} is wanted")
    scores = agreement(figures, workload, peer)
    if scores is None:
        problems.append(f"no score of this project can be compared with one of {WAYS[peer]}")
    elif not scores.holds:
        problems.append(f"the scores differ by {100 * scores.mean:+.1f} points from those of {WAYS[peer]}")
    return problems


def ratio(figures: Figures, workload: str, peer: str) -> Ratio | None:
    """Divide the rates of each repeat that both have; None without any."""
    pairs = _both(figures, workload, peer)
    if not pairs:
        return None
    each = [rate(ours) / rate(other) for ours, other in pairs]
    without = [rate(ours, ours["start"]) / rate(other, other["start"]) for ours, other in pairs]
    return Ratio(each, without, figures["workloads"][workload]["bounds"][PEERS.index(peer)])


def agreement(figures: Figures, workload: str, peer: str) -> _scores.Agreement | None:
    """Compare the scores of each repeat that both have; None where they have none in common."""
    pairs = [(ours["records"], other["records"]) for ours, other in _both(figures, workload, peer)]
    comparisons = len(figures["workloads"]) * len(PEERS)
    return _scores.compare(pairs, figures["workloads"][workload]["images"]["val"], comparisons) if pairs else None


def cost(figures: Figures, workload: str) -> Cost | None:
    """Give what ours spends beside training; None without a run."""
    found = runs(figures, workload, "ours")
    warm = [run["overhead"] for run in found if run["overhead"]]
    parts = {part: [run[part] for run in warm] for part in BESIDE}
    return Cost([run["start"] for run in found], parts) if found else None


def runs(figures: Figures, workload: str, way: str) -> list[dict[str, Any]]:
    """List a way's runs of a workload."""
    return [run for run in figures["runs"] if (run["workload"], run["way"]) == (workload, way)]


def rate(run: dict[str, Any], start: float = 0.0) -> float:
    """Give trial-epochs an hour, of the time after `start` seconds."""
    return 3600 * run["trial_epochs"] / (run["wall"] - start)


def _both(figures: Figures, workload: str, peer: str) -> Sequence[tuple[dict[str, Any], dict[str, Any]]]:
    """Pair ours with a peer's run of the same repeat, in the order of repeats."""
    ours, other = ({run["repeat"]: run for run in runs(figures, workload, way)} for way in ("ours", peer))
    return [(ours[repeat], other[repeat]) for repeat in sorted(ours.keys() & other.keys())]
