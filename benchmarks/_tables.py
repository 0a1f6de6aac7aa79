"""The figures of `benchmarks.study` as Markdown tables.

Numbers in, text out; knows nothing of how a figure was measured, and of verdicts only what `_outcome` says.
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import _outcome
from benchmarks._account import PARTS
from benchmarks._figures import Figures
from benchmarks._markdown import table
from benchmarks._outcome import BESIDE, PEERS, WAYS


def text(figures: Figures) -> str:
    """Write all tables."""
    machine = ", ".join(f"{key} {value}" for key, value in figures["machine"].items())
    setting = ", ".join(f"{key} {value}" for key, value in figures["setting"].items())
    parts = [f"Machine: {machine}. Setting: {setting}.", _ratio_table(figures), _rate_table(figures)]
    return "\n\n".join([*parts, _score_table(figures), _cost_table(figures), _time_table(figures)])


def _ratio_table(figures: Figures) -> str:
    rows = []
    for name, peer in _pairs(figures):
        if found := _outcome.ratio(figures, name, peer):
            each = ", ".join(f"{ratio:.3g}" for ratio in found.each)
            ratios = (_geometric(found.each), each, _geometric(found.without_start), f"{found.bound:g}")
            rows.append([name, WAYS[peer], *ratios, _kept(found.holds)])
    head = ["workload", "trial-epochs per hour over", "geometric mean (least–most)", "each repeat"]
    return table([*head, "without start-up on either side", "at least", ""], rows, 2)


def _rate_table(figures: Figures) -> str:
    rows = []
    for name, way, runs in _by_way(figures):
        counts = [_spread([run[key] for run in runs], ".0f") for key in ("trials", "trial_epochs")]
        times = [_spread([run[key] for run in runs], ".1f") for key in ("wall", "start")]
        rate, memory = _spread(list(map(_outcome.rate, runs)), ",.0f"), [run["memory"] / 2**30 for run in runs]
        rows.append([name, WAYS[way], str(len(runs)), *counts, *times, rate, _spread(memory, ".2f")])
    head = ["workload", "way", "runs", "trials", "trial-epochs", "wall s", "of it start-up s", "trial-epochs per hour"]
    return table([*head, "peak GiB (PSS)"], rows, 2)


def _score_table(figures: Figures) -> str:
    rows = []
    for name, peer in _pairs(figures):
        if found := _outcome.agreement(figures, name, peer):
            interval = f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"
            means = [f"{100 * mean:.1f}" for mean in found.scores]
            epochs = "–".join(map(str, dict.fromkeys(found.epochs)))
            best = [_best(_outcome.runs(figures, name, way)) for way in ("ours", peer)]
            holds = "yes" if found.holds else "**NO**"
            rows.append([name, WAYS[peer], *means, interval, str(found.pairs), epochs, *best, holds])
    head = ["workload", "this project and", "baseline, ours %", "theirs %", "mean difference, points [95 % of all]"]
    return table([*head, "pairs", "at epoch", "best trial, ours %", "theirs %", "agree"], rows, 2)


def _cost_table(figures: Figures) -> str:
    rows = []
    for name in figures["workloads"]:
        if found := _outcome.cost(figures, name):
            (start, most), (overhead, each) = found.verdict().values()
            parts = [_spread(found.parts[part], ".2f") for part in BESIDE]
            kept = _kept(start <= most), _kept(overhead <= each)
            line = [_spread(found.start, ".1f"), f"{most:g}", kept[0], *parts, _spread(found.overhead, ".2f")]
            rows.append([name, *line, f"{each:g}", kept[1]])
    head = ["workload", "start-up s", "at most", "", *(f"{part}, s a trial" for part in BESIDE)]
    return table([*head, f"overhead = {' + '.join(BESIDE)}, s a trial", "at most", ""], rows)


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
    return table(["workload", "workers × wall s", *(f"{part} %" for part in PARTS)], rows)


def _pairs(figures: Figures) -> Iterator[tuple[str, str]]:
    """List the workloads, each with each peer."""
    return ((name, peer) for name in figures["workloads"] for peer in PEERS)


def _by_way(figures: Figures) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    for name in figures["workloads"]:
        for way in WAYS:
            if runs := _outcome.runs(figures, name, way):
                yield name, way, runs


def _best(runs: Sequence[dict[str, Any]]) -> str:
    return _spread([100 * max(row["accuracy"] for row in run["records"]) for run in runs], ".1f")


def _kept(holds: bool) -> str:
    return "ok" if holds else "**MISSED**"


def _geometric(values: Sequence[float]) -> str:
    return _between(statistics.geometric_mean(values), values, ".3g")


def _spread(values: Sequence[float], digits: str) -> str:
    return _between(statistics.mean(values), values, digits) if values else "–"


def _between(middle: float, values: Sequence[float], digits: str) -> str:
    """Write a mean with the smallest and the largest value, where they look different."""
    low, high = format(min(values), digits), format(max(values), digits)
    return format(middle, digits) if low == high else f"{format(middle, digits)} ({low}–{high})"
