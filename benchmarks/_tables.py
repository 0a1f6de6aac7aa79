"""The figures of `benchmarks.study` as markdown tables, and whether they keep the bounds.

Numbers in, text out; knows nothing of processes, files or how a figure was measured.
"""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import _scores
from benchmarks._account import PARTS
from benchmarks._figures import Figures

WAYS = {"ray": "(a) Ray Tune", "optuna": "(b) Optuna", "ours": "this project"}


def verdicts(figures: Figures) -> list[str]:
    """List what is wrong: bounds that are missed, scores that disagree, runs that are missing."""
    found = []
    for name, workload in figures["workloads"].items():
        for peer, bound in zip(("ray", "optuna"), workload["bounds"], strict=True):
            ratios = _ratios(figures, name, peer)
            if not ratios:
                found.append(f"{name}: no repeat has both this project and {WAYS[peer]}")
            elif statistics.mean(ratios) < bound:
                found.append(f"{name}: {statistics.mean(ratios):.2f} times {WAYS[peer]}, at least {bound:g} is wanted")
        agreement = _agreement(figures, name)
        if agreement is not None and not agreement.holds:
            found.append(f"{name}: the ways' scores disagree")
    return found


def text(figures: Figures) -> str:
    """Write all tables."""
    machine = ", ".join(f"{key} {value}" for key, value in figures["machine"].items())
    setting = ", ".join(f"{key} {value}" for key, value in figures["setting"].items())
    parts = [f"Machine: {machine}. Setting: {setting}.", _ratio_table(figures), _rate_table(figures)]
    return "\n\n".join([*parts, _score_table(figures), _time_table(figures)])


def _ratio_table(figures: Figures) -> str:
    rows = []
    for name, workload in figures["workloads"].items():
        for peer, bound in zip(("ray", "optuna"), workload["bounds"], strict=True):
            ratios = _ratios(figures, name, peer)
            if ratios:
                kept = "ok" if statistics.mean(ratios) >= bound else "**MISSED**"
                each = ", ".join(f"{ratio:.3g}" for ratio in ratios)
                rows.append([name, WAYS[peer], _spread(ratios, ".3g"), each, f"{bound:g}", kept])
    head = ["workload", "trial-epochs per hour over", "mean (least–most)", "each repeat", "at least", ""]
    return _table(head, rows)


def _rate_table(figures: Figures) -> str:
    rows = []
    for name, way, runs in _by_way(figures):
        counts = [_spread([run[key] for run in runs], ".0f") for key in ("trials", "trial_epochs")]
        wall, rate = _spread([run["wall"] for run in runs], ".1f"), _spread([_rate(run) for run in runs], ",.0f")
        rows.append([name, WAYS[way], str(len(runs)), *counts, wall, rate, _spread(_gib(runs), ".2f")])
    head = ["workload", "way", "runs", "trials", "trial-epochs", "wall s", "trial-epochs per hour", "peak GiB (PSS)"]
    return _table(head, rows)


def _score_table(figures: Figures) -> str:
    rows = []
    for name in figures["workloads"]:
        agreement = _agreement(figures, name)
        if agreement is None:
            continue
        for way, score in agreement.scores.items():
            runs = [run for run in figures["runs"] if (run["workload"], run["way"]) == (name, way)]
            best = _spread([100 * max(row["accuracy"] for row in run["records"]) for run in runs], ".1f")
            interval = f"{100 * score.mean:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"
            about = [
                str(agreement.pairs),
                "–".join(map(str, dict.fromkeys(agreement.epochs))),
                f"{100 * agreement.largest:.1f}",
                "yes" if agreement.holds else "**NO**",
            ]
            rows.append([name, WAYS[way], interval, best, *about])
    head = ["workload", "way", "baseline, % [95 %]", "best trial, %", "pairs", "at epoch", "largest difference", "meet"]
    return _table(head, rows)


def _time_table(figures: Figures) -> str:
    rows = []
    for name, way, runs in _by_way(figures):
        if way == "ours":
            totals = [sum(run["seconds"].values()) for run in runs]
            shares = [
                statistics.mean(run["seconds"][part] / total for run, total in zip(runs, totals, strict=True))
                for part in PARTS
            ]
            rows.append([name, f"{statistics.mean(totals):.1f}", *(f"{100 * share:.1f}" for share in shares)])
    return _table(["workload", "workers × wall s", *(f"{part} %" for part in PARTS)], rows)


def _by_way(figures: Figures) -> Iterable[tuple[str, str, list[dict[str, Any]]]]:
    for name in figures["workloads"]:
        for way in WAYS:
            if runs := [run for run in figures["runs"] if (run["workload"], run["way"]) == (name, way)]:
                yield name, way, runs


def _ratios(figures: Figures, workload: str, peer: str) -> list[float]:
    """Give ours over a peer, for each repeat that has both."""
    rates = {(run["repeat"], run["way"]): _rate(run) for run in figures["runs"] if run["workload"] == workload}
    repeats = sorted({repeat for repeat, _ in rates})
    wanted = [repeat for repeat in repeats if (repeat, "ours") in rates and (repeat, peer) in rates]
    return [rates[repeat, "ours"] / rates[repeat, peer] for repeat in wanted]


def _agreement(figures: Figures, workload: str) -> _scores.Agreement | None:
    """Compare the scores of the repeats that all ways have."""
    repeats: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for run in figures["runs"]:
        if run["workload"] == workload:
            repeats.setdefault(run["repeat"], {})[run["way"]] = run["records"]
    whole = [{way: records[way] for way in WAYS} for records in repeats.values() if set(WAYS) <= set(records)]
    return _scores.compare(whole, figures["workloads"][workload]["images"]["val"])


def _rate(run: dict[str, Any]) -> float:
    return 3600 * run["trial_epochs"] / run["wall"]


def _gib(runs: Sequence[dict[str, Any]]) -> list[float]:
    return [run["memory"] / 2**30 for run in runs]


def _spread(values: Sequence[float], digits: str) -> str:
    """Write a mean with the smallest and the largest value, where they look different."""
    low, high = format(min(values), digits), format(max(values), digits)
    mean = format(statistics.mean(values), digits)
    return mean if low == high else f"{mean} ({low}–{high})"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
