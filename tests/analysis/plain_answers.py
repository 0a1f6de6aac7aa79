"""What must stand in a report under a heading, word by word, each number in it from the table; see `plain`.

Intervals of resamples are drawn once more: with the same seeds, by indices, without the functions of the analysis.
"""

from collections.abc import Iterator
from itertools import combinations
from math import inf
from typing import NamedTuple

import numpy as np
import pandas as pd

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
    return int(one.less[1] > 0 and one.less[2] - one.less[1] > 1e-9) + separated(one.a, one.b)


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
