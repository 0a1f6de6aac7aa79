"""What must stand in a report under a heading, word by word, each number in it from the table; see `plain`.

Intervals of resamples are drawn once more: with the same seeds, by indices, without the functions of the analysis.
"""

import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from math import inf
from typing import NamedTuple

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution
from scipy import stats

from tests.analysis.plain import (
    Study,
    better,
    chance,
    few,
    mann_whitney,
    mean,
    number,
    p_value,
    percent,
    score,
    spread,
)
from tests.analysis.plain_tables import Rival, as_well, pairs, rivals, separated, tested

RESAMPLES = 2000
TOLD = {"freeze_depth": "freezing depth", "lr": "learning rate"}


class Place(NamedTuple):
    """A place that is spoken of: how, and its cells, the highest mean test score first."""

    words: str
    cells: list[str]


def places(study: Study) -> list[Place]:
    """Of versions the corrected ones alone."""
    found: dict[str, list[str]] = {}
    for cell, told in study.cells.items():
        if told.get("version", "corrected") == "corrected":
            share = percent(study.trials.loc[study.trials["cell"] == cell, "label_fraction"].iloc[0])
            rest = study.title(cell, "regime", "label_fraction")
            found.setdefault(f"At {share} of the labels" + (f" ({rest})" if rest else ""), []).append(cell)
    ordered = {
        words: sorted(cells, key=lambda cell: -study.again(cell)["test"].mean()) for words, cells in found.items()
    }
    return [Place(words, cells) for words, cells in ordered.items()]


def regime(study: Study, cell: str) -> str:
    return study.trials.loc[study.trials["cell"] == cell, "regime"].iloc[0]


def standing(one: Rival) -> int:
    return int(one.less[1] > 0) + separated(one.a, one.b)


def compared(study: Study, place: Place) -> list[Rival]:
    """The highest of a place against those who are spoken of: the next, or all that it cannot be told from; scratch."""
    first, *others = place.cells
    found = [rivals(study, first, other) for other in others]
    tied = [one for one in found if not standing(one)][:3]
    return [*(tied or found[:1]), *(one for one in found if one.other == "scratch" and one not in (tied or found[:1]))]


def wins(study: Study) -> Iterator[str]:
    for place in places(study) if "regime" in study.keys else ():
        told = compared(study, place)
        best, points = told[0], " points"
        if standing(best):
            verb = "wins" if standing(best) == 2 else "leads"
            yield f"{place.words} {best.one} {verb}: {spread(best.less, study.metric)}{points} above {best.other}"
        else:
            yield (
                f"{place.words} {best.one} has the highest mean but cannot be told apart at n = {few_of(best)} from "
                f"{best.other} ({spread(best.less, study.metric)}{points} below)"
            )
        yield from (f"{spread(one.less, study.metric)} above {one.other}" for one in told[1:] if standing(one))
        cells = [place.cells[0], *(one.cell for one in told)]
        each = [f"{regime(study, cell)} {tested(study, cell)}, n = {len(study.again(cell))}" for cell in cells]
        yield f"Mean test {study.metric} (%): {'; '.join(each)}. P({best.one} > "
        for one in told:
            yield (
                f"P({one.one} > {one.other}) = {chance(better(one.a, one.b))}, Mann–Whitney p = "
                f"{p_value(mann_whitney(one.a, one.b))}, difference {one.how}, {len(one.a)} pairs: "
            )


def few_of(one: Rival) -> str:
    return few(pd.Series([len(one.a), len(one.b)]))


def values(study: Study) -> Iterator[str]:
    """The tuned values of the highest at each place, and how much all winners lean upwards."""
    for place in places(study):
        first, told = place.cells[0], []
        for key in TOLD:
            found = as_well(study, first, key)
            if found is None:
                continue
            tried, also = f"tried: {ends(found.tried)}", "as in all that did as well"
            if found.near.nunique() > 1:
                also = f"and {ends(found.near)} as well"
            also += f" ({len(found.near)} of {len(found.tried)} trials; {tried})"
            if len(found.near) == 1:
                also = f"and no other of {len(found.tried)} trials did as well ({tried})"
            told.append(f"{TOLD[key]} {number(found.winner)}, {also}")
        who = f", {regime(study, first)}" if "regime" in study.keys else ""
        yield from (f"{place.words}{who}: {each}" if not at else each for at, each in enumerate(told))
    found = [excess(study, cell)[0] for cell in picked(study)]
    if len(found) > 1:
        yield f"lies {spread(mean(pd.Series(found), -inf, inf), study.metric)} points above that of their replicates"
        yield f"(n = {len(found)} cells)"


def ends(values: pd.Series) -> str:
    return "–".join(dict.fromkeys((number(values.min()), number(values.max()))))


def done(study: Study, cell: str) -> pd.DataFrame:
    found = study.trials
    return found[(found["cell"] == cell) & (found["role"] == "search") & (found["state"] == "complete")]


def picked(study: Study) -> list[str]:
    """The cells in which a winner was picked from several."""
    return [cell for cell in study.cells if len(done(study, cell)) > 1]


def excess(study: Study, cell: str) -> tuple[float, float, float]:
    return mean(study.winner(cell)["val"] - study.again(cell)["val"], -1, 1)


def curse(study: Study) -> Iterator[str]:
    for cell in picked(study):
        yield f"{study.title(cell)} {spread(excess(study, cell), study.metric)}"
    counts = pd.Series([len(done(study, cell)) for cell in picked(study)])
    yield f"the highest of {few(counts)} complete search trials"


def saved(study: Study) -> Iterator[str]:
    """With which share of the labels each reaches what scratch does with all; drawn in the order of the report."""
    if "regime" not in study.keys or "label_fraction" not in study.keys:
        return
    draw, cells = np.random.default_rng(2026), {}
    for cell in study.cells:
        cells.setdefault(regime(study, cell), {})[float(study.cells[cell]["label_fraction"])] = cell
    base = cells.pop("scratch")
    goal = study.again(base[max(base)])["test"]
    for name in sorted(cells, key=lambda name: -study.again(cells[name][min(cells[name])])["test"].mean()):
        shares = sorted(cells[name])
        scores = [study.again(cells[name][share])["test"] for share in shares]
        drawn = [draw_again(draw, one).mean(axis=1) for one in (*scores, goal)]
        found = [reached(shares, means, target) for *means, target in zip(*drawn, strict=True)]
        low, high = np.quantile(found, [0.025, 0.975], method="inverted_cdf")
        at = reached(shares, [one.mean() for one in scores], goal.mean())
        told = [outside(one, shares) for one in (low, high)]
        if abs(at) < inf:
            whole = percent(max(base))
            yield f"{name} reaches with {two(at)} [{', '.join(told)}] of the labels what scratch scores with {whole}"
            known = [study.own.loc[study.own["cell"] == cells[name][share], "train_images"].max() for share in shares]
            if max(abs(low), abs(high)) < inf:
                images = [np.exp(np.interp(np.log(one), np.log(shares), np.log(known))) for one in (at, low, high)]
                about, *rest = (f"{float(f'{one:.3g}'):,.0f}" for one in images)
                yield f"about {about} images [{', '.join(rest)}] instead of {known[-1]:,}"
        else:
            yield f"{name} {'is above' if at < 0 else 'does not reach'}"
        yield f"{spread(mean(goal), study.metric)}; at least n = {min(map(len, scores))} replicates a cell"


def draw_again(draw: np.random.Generator, values: pd.Series) -> np.ndarray:
    """Resamples of values, one a row."""
    found = values.to_numpy(dtype=float)
    return found[draw.integers(0, len(found), (RESAMPLES, len(found)))]


def reached(shares: list[float], means: list[float], target: float) -> float:
    """Where lines over the logarithm of the shares first reach a target; infinite where outside."""
    if means[0] >= target:
        return -inf
    for left in range(len(shares) - 1):
        if means[left + 1] >= target:
            part = (target - means[left]) / (means[left + 1] - means[left])
            return float(shares[left] * (shares[left + 1] / shares[left]) ** part)
    return inf


def outside(at: float, shares: list[float]) -> str:
    if abs(at) < inf:
        return two(at)
    return f"below {percent(shares[0])}" if at < 0 else f"above {percent(shares[-1])}"


def two(share: float) -> str:
    return f"{float(f'{100 * share:.2g}'):g} %"


def open_pairs(study: Study) -> Iterator[str]:
    known = [rivals(study, one, other) for _, one, other in pairs(study)]
    for place in places(study) if known else ():
        met = [rivals(study, one, other) for one, other in combinations(place.cells, 2)]
        found = [one for one in met if not standing(one)]
        names = [f"{one.one} and {one.other} ({spread(one.less, study.metric)})" for one in found]
        if names:
            yield (
                f"{place.words}, {len(names)} of {len(met)} pair{'s' * (len(met) > 1)} not told apart at "
                f"n = {few_of(found[0])}: {'; '.join(names)}."
            )
    if known and all(len(one.a) == len(one.b) == 3 for one in known):
        yield "No pair can be separated by the exact test at n = 3"


def searched(study: Study) -> dict[str, pd.DataFrame]:
    """By cell: the search trials that ended with a score, with their last epoch."""
    found = study.trials[study.trials["state"].isin(["complete", "pruned"]) & (study.trials["role"] == "search")]
    found = found.assign(last=study.own.groupby("trial")["epoch"].max()).dropna(subset="val")
    return {cell: found[found["cell"] == cell] for cell in study.cells if (found["cell"] == cell).any()}


def expected(scores: np.ndarray) -> np.ndarray:
    """The mean over all choices of 1 … m of m scores of the best of them; scores in the last axis, by budget last."""
    size = scores.shape[-1]
    choices = [list(combinations(range(size), many)) for many in range(1, size + 1)]
    return np.stack([np.mean([scores[..., list(one)].max(axis=-1) for one in each], axis=0) for each in choices], -1)


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
    given = {"generator": draw, "method": "ld_equal_tailed", "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of equal scores
        band = EmpiricalDistribution.confidence_bands(group["val"].to_numpy(dtype=float), 0.95, 0.0, 1.0, **given)[0]
    return float(band.average_tuning_curve(len(group)))


def overtaking(study: Study, known: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Who is ahead in the end, from which budget on, and in how many resamples."""
    order = sorted(known)
    scores = {cell: known[cell]["val"].to_numpy(dtype=float) for cell in order}
    draws = {
        cell: expected(draw_again(np.random.default_rng([0, place]), pd.Series(scores[cell])))
        for place, cell in enumerate(order)
    }
    panels: dict[str, list[str]] = {}
    for cell in known if "regime" in study.keys else ():
        panels.setdefault(study.title(cell, "regime"), []).append(cell)
    met, kept = 0, 0
    for panel, cells in panels.items():
        for pair in combinations(cells, 2):
            met += 1
            budget = min(len(scores[cell]) for cell in pair)
            first, last = sorted(pair, key=lambda cell: -expected(scores[cell])[budget - 1])
            at = from_on(expected(scores[first])[:budget] - expected(scores[last])[:budget])
            gaps = draws[first][:, :budget] - draws[last][:, :budget]
            ends = np.quantile([from_on(gap) for gap in gaps], [0.025, 0.975], method="inverted_cdf")
            kept += at == 1
            if 1 < at < inf:
                told = [f"beyond {budget}" if end == inf else f"{end:.0f}" for end in ends]
                share = 100 * (gaps[:, -1] > 1e-9).mean()
                yield (
                    f"{regime(study, first)} overtakes {regime(study, last)} ({panel}) at {at:.0f} trials "
                    f"[{', '.join(told)}], and is ahead at {budget} trials in {share:.3g} % of resamples."
                )
    if kept:
        yield f"In {kept} of {met} pairs who is ahead after one trial is not overtaken"


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
    found = study.scores("val", study.metric)
    found = found[found["role"] == "search"]
    last = found.groupby("trial")["epoch"].transform("max")
    stops = set(found.loc[(found["state"] == "pruned") & (found["epoch"] == last), "epoch"])
    for cell in searched(study) if stops else ():
        mine = found[found["cell"] == cell]
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
    """Spans from the first report, less what it took, to the last; of each worker the share that they cover."""
    found = study.own.dropna(subset=["worker", "time", "epoch", "seconds"])
    each = found.groupby(["worker", "trial", "epoch"])[["time", "seconds"]].max().reset_index("epoch", drop=True)
    each["begin"] = each["time"] - each["seconds"].groupby(level="trial").diff().fillna(each["seconds"]).clip(lower=0)
    spans = each.groupby(level=["worker", "trial"]).agg(begin=("begin", "min"), end=("time", "max"))
    whole, shares = spans["end"].max() - spans["begin"].min(), []
    for _, rows in spans.sort_values("begin").groupby(level="worker"):
        until, total = -inf, 0.0
        for begin, end in rows[["begin", "end"]].to_numpy():
            total += max(0.0, end - max(begin, until))
            until = max(until, end)
        shares.append(total / whole)
        yield f"{len(rows)} trials, busy {100 * shares[-1]:.0f} %"
    unit, seconds = ("minutes", 60) if whole >= 120 else ("seconds", 1)
    many = f"{len(shares)} worker{'s' * (len(shares) > 1)}"
    yield f"n = {len(spans)} trials on {many} in {whole / seconds:.3g} {unit}"
    yield f"Trained {100 * np.mean(shares):.0f} % of the time"


class Answered(NamedTuple):
    """What the highest cell of a place answered: images by class (rows) and answer (columns), over n replicates."""

    words: str
    counts: pd.DataFrame
    n: int


def answered(study: Study) -> list[Answered]:
    found = study.df[(study.df["metric"] == "count") & (study.df["task"] == study.df["trained_on"])]
    told = []
    for place in places(study):
        rows = found[found["trial"].isin(study.again(place.cells[0])["trial"])]
        if len(rows):
            counts = rows.pivot_table("score", "truth", "answer", aggfunc="sum", fill_value=0)
            words = place.words.removeprefix("At ").replace(" (", " · ").replace(")", "")
            told.append(Answered(f"{words} · {regime(study, place.cells[0])}", counts, rows["trial"].nunique()))
    return told


def share(hits: float, of: float, n: int) -> tuple[float, float, float]:
    """A share with Wilson's interval over `of / n` images; between whole numbers on a straight line."""
    images = max(round(of / n), 1)
    at = hits / of * images
    found = [stats.binomtest(k, images).proportion_ci(0.95, "wilson") for k in (int(at), min(int(at) + 1, images))]
    low, high = (one + (at - int(at)) * (two - one) for one, two in zip(*found, strict=True))
    return (hits / of, low, high)


def confusion(study: Study) -> Iterator[str]:
    """The five largest shares of wrong answers; of equal ones those of the first place and class."""
    known, rows = answered(study), []
    for words, counts, n in known:
        for truth, given in counts.iterrows():
            wrong = given.drop(truth, errors="ignore")
            rows += [(hits / given.sum(), words, truth, name, hits, given.sum(), n) for name, hits in wrong.items()]
    where = len(known) > 1
    for _, words, truth, answer, hits, of, n in sorted(rows, key=lambda row: -row[0])[:5]:
        about, low, high = (f"{100 * one:.0f} %" for one in share(hits, of, n))
        place = f" ({words})" if where else ""
        yield f"{truth} taken for {answer}{place} {about} [{low}, {high}] of {of / n:,.0f} images"
    if known:
        yield f"number of classes: {len({*known[0].counts.index, *known[0].counts.columns})}."


def recall(study: Study) -> Iterator[str]:
    known = answered(study)
    for words, counts, n in known:
        each = {name: share(given.get(name, 0), given.sum(), n) for name, given in counts.iterrows()}
        lowest = sorted(each, key=lambda name: each[name][0])[:5]
        told = [f"{name} {spread(each[name], 'recall')}" for name in lowest]
        yield from ((f"{words}: " if len(known) > 1 and not at else "") + one for at, one in enumerate(told))
    if known:
        images = pd.concat([counts.sum(axis=1) / n for _, counts, n in known])
        yield f"over {few(images)} images a class and n = {few(pd.Series([n for *_, n in known]))} replicates"


SAID: dict[str, Callable[[Study], Iterator[str]]] = {
    "Which wins, and by how much?": wins,
    "Which freezing depth and learning rate?": values,
    "How many labels are saved?": saved,
    "What could not be concluded?": open_pairs,
    "The winner's curse": curse,
    "Tuning curves": tuning,
    "Tuning curves, by epochs": by_epochs,
    "Rungs of early stopping": rungs,
    "Learning-rate response": basin,
    "Time line of the workers": workers,
    "Which classes are taken for which": confusion,
    "Recall and precision by class": recall,
}
"""By heading: what must stand below it."""
