"""The texts that a report must have about the search, word by word, each number from the table; see `plain`."""

import warnings
from collections.abc import Iterator
from itertools import combinations
from math import inf

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution

from tests.analysis.plain import Study, few, number, score
from tests.analysis.plain_answers import done, draw_again, regime


def searched(study: Study) -> dict[str, pd.DataFrame]:
    """The search trials of each cell that ended with a score, with their last epoch."""
    trials = study.trials[study.trials["state"].isin(["complete", "pruned"]) & (study.trials["role"] == "search")]
    trials = trials.assign(last=study.own.groupby("trial")["epoch"].max()).dropna(subset="val")
    return {cell: trials[trials["cell"] == cell] for cell in study.cells if (trials["cell"] == cell).any()}


def expected(scores: np.ndarray) -> np.ndarray:
    """The mean best score over all choices of 1 … m of m scores; the last axis has scores, in the result budgets."""
    size = scores.shape[-1]
    budgets = [list(combinations(range(size), budget)) for budget in range(1, size + 1)]
    return np.stack([np.mean([scores[..., list(one)].max(axis=-1) for one in draws], axis=0) for draws in budgets], -1)


def tuning(study: Study) -> Iterator[str]:
    known = searched(study)
    for group in known.values():
        curve = expected(group["val"].to_numpy(dtype=float))
        first, last = (score(curve[at], study.metric) for at in (0, -1))
        yield f"{first} to {last} at {len(group)}"
    yield f"n = {few(pd.Series([len(group) for group in known.values()]))} trials"
    states = pd.concat(known.values())["state"]
    yield f"({(states == 'pruned').sum()} of {len(states)} were pruned)"
    yield f"at full budget it is {score(min(map(upper, known.values())), study.metric)} % or more"
    yield from overtaking(study, known)


def upper(group: pd.DataFrame) -> float:
    """The upper end of opda's band at full budget, drawn with the seed that the report draws with."""
    draw = np.random.default_rng([0, len(group)])
    options = {"generator": draw, "method": "ld_equal_tailed", "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of equal scores
        band = EmpiricalDistribution.confidence_bands(group["val"].to_numpy(dtype=float), 0.95, 0.0, 1.0, **options)[0]
    return float(band.average_tuning_curve(len(group)))


def overtaking(study: Study, known: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Which regime is ahead in the end, from which budget on, and in how many resamples."""
    order = sorted(known)
    scores = {cell: known[cell]["val"].to_numpy(dtype=float) for cell in order}
    draws = {
        cell: expected(draw_again(np.random.default_rng([0, place]), pd.Series(scores[cell])))
        for place, cell in enumerate(order)
    }
    panels: dict[str, list[str]] = {}
    for cell in known if "regime" in study.keys else ():
        panels.setdefault(study.title(cell, "regime"), []).append(cell)
    pairs_seen, never_overtaken = 0, 0
    for panel, cells in panels.items():
        for pair in combinations(cells, 2):
            pairs_seen += 1
            budget = min(len(scores[cell]) for cell in pair)
            first, last = sorted(pair, key=lambda cell: -expected(scores[cell])[budget - 1])
            at = from_on(expected(scores[first])[:budget] - expected(scores[last])[:budget])
            gaps = draws[first][:, :budget] - draws[last][:, :budget]
            ends = np.quantile([from_on(gap) for gap in gaps], [0.025, 0.975], method="inverted_cdf")
            never_overtaken += at == 1
            if 1 < at < inf:
                texts = [f"beyond {budget}" if end == inf else f"{end:.0f}" for end in ends]
                share = 100 * (gaps[:, -1] > 1e-9).mean()
                yield (
                    f"{regime(study, first)} overtakes {regime(study, last)} ({panel}) at {at:.0f} trials "
                    f"[{', '.join(texts)}], and is ahead at {budget} trials in {share:.3g} % of resamples."
                )
    if never_overtaken:
        yield f"In {never_overtaken} of {pairs_seen} pairs who is ahead after one trial is not overtaken"


def from_on(gap: np.ndarray) -> float:
    """The budget from which on all differences are above 0."""
    below = np.flatnonzero(gap <= 1e-9)
    return 1.0 if not len(below) else inf if below[-1] == len(gap) - 1 else float(below[-1] + 2)


def by_epochs(study: Study) -> Iterator[str]:
    known = searched(study)
    costs = {cell: float(group["last"].mean()) for cell, group in known.items()}
    if len({round(cost, 6) for cost in costs.values()}) > 1:
        for cell, group in known.items():
            yield f"to {score(group['val'].max(), study.metric)} at {len(group) * costs[cell]:.4g}"


def rungs(study: Study) -> Iterator[str]:
    scores = study.scores("val", study.metric)
    scores = scores[scores["role"] == "search"]
    last = scores.groupby("trial")["epoch"].transform("max")
    stops = set(scores.loc[(scores["state"] == "pruned") & (scores["epoch"] == last), "epoch"])
    for cell in searched(study) if stops else ():
        mine = scores[scores["cell"] == cell]
        at = sorted({*stops, mine.loc[mine["state"] == "complete", "epoch"].max()} & set(mine["epoch"]))
        yield f"{study.title(cell)} " + ", ".join(f"{(mine['epoch'] == one).sum()} at epoch {one}" for one in at)


def basin(study: Study) -> Iterator[str]:
    """The learning rates within 1 % of the best."""
    sizes = []
    for cell in study.cells:
        group = done(study, cell)
        if len(group):
            near = group.loc[group["val"] >= 0.99 * group["val"].max(), "lr"]
            sizes.append(len(near))
            yield f"{study.title(cell)} {number(near.min())} to {number(near.max())}"
    yield f"cell's best score (n = {few(pd.Series(sizes))} a cell"


def workers(study: Study) -> Iterator[str]:
    """Spans from the start of a trial's first report to its last report, and their share of each worker's time."""
    rows = study.own.dropna(subset=["worker", "time", "epoch", "seconds"])
    reports = rows.groupby(["worker", "trial", "epoch"])[["time", "seconds"]].max().reset_index("epoch", drop=True)
    took = reports["seconds"].groupby(level="trial").diff().fillna(reports["seconds"]).clip(lower=0)
    reports["begin"] = reports["time"] - took
    spans = reports.groupby(level=["worker", "trial"]).agg(begin=("begin", "min"), end=("time", "max"))
    whole, shares = spans["end"].max() - spans["begin"].min(), []
    for _, group in spans.sort_values("begin").groupby(level="worker"):
        until, total = -inf, 0.0
        for begin, end in group[["begin", "end"]].to_numpy():
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        shares.append(total / whole)
        yield f"{len(group)} trials, busy {100 * shares[-1]:.0f} %"
    unit, seconds = ("minutes", 60) if whole >= 120 else ("seconds", 1)
    many = f"{len(shares)} worker{'s' * (len(shares) > 1)}"
    yield f"n = {len(spans)} trials on {many} in {whole / seconds:.3g} {unit}"
    yield f"Trained {100 * np.mean(shares):.0f} % of the time"
