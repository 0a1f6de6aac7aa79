"""The texts that a report must have under a heading, word by word, each number in them from the table; see `plain`.

Intervals of resamples are drawn again: with the same seeds, by indices, without the functions of the analysis.
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
NAMES = {"freeze_depth": "freezing depth", "lr": "learning rate"}


class Place(NamedTuple):
    """A comparison that the report discusses: its words, and its cells, the highest mean test score first."""

    words: str
    cells: list[str]


def places(study: Study) -> list[Place]:
    """The comparisons of a study; if versions are compared, only those of corrected cells."""
    cells_of: dict[str, list[str]] = {}
    for cell, keys in study.cells.items():
        if keys.get("version", "corrected") == "corrected":
            share = percent(study.trials.loc[study.trials["cell"] == cell, "label_fraction"].iloc[0])
            rest = study.title(cell, "regime", "label_fraction")
            cells_of.setdefault(f"At {share} of the labels" + (f" ({rest})" if rest else ""), []).append(cell)
    ordered = {
        words: sorted(cells, key=lambda cell: -study.again(cell)["test"].mean()) for words, cells in cells_of.items()
    }
    return [Place(words, cells) for words, cells in ordered.items()]


def regime(study: Study, cell: str) -> str:
    return study.trials.loc[study.trials["cell"] == cell, "regime"].iloc[0]


def standing(one: Rival) -> int:
    return int(one.less[1] > 0 and one.less[2] - one.less[1] > 1e-9) + separated(one.a, one.b)


def compared(study: Study, place: Place) -> list[Rival]:
    """The highest cell of a comparison against the ones that the report names.

    These are the next one, or up to three that do not differ significantly from it, and scratch.
    """
    first, *others = place.cells
    matches = [rivals(study, first, other) for other in others]
    tied = [one for one in matches if not standing(one)][:3]
    named = tied or matches[:1]
    return [*named, *(one for one in matches if one.other == "scratch" and one not in named)]


def wins(study: Study) -> Iterator[str]:
    for place in places(study) if "regime" in study.keys else ():
        matches = compared(study, place)
        best, points = matches[0], " points"
        if standing(best):
            verb = "wins" if standing(best) == 2 else "leads"
            yield f"{place.words} {best.one} {verb}: {spread(best.less, study.metric)}{points} above {best.other}"
        else:
            yield (
                f"{place.words} {best.one} has the highest mean but cannot be told apart at n = {few_of(best)} from "
                f"{best.other} ({spread(best.less, study.metric)}{points} below)"
            )
        yield from (f"{spread(one.less, study.metric)} above {one.other}" for one in matches[1:] if standing(one))
        cells = [place.cells[0], *(one.cell for one in matches)]
        means = [f"{regime(study, cell)} {tested(study, cell)}, n = {len(study.again(cell))}" for cell in cells]
        yield f"Mean test {study.metric} (%): {'; '.join(means)}. P({best.one} > "
        for one in matches:
            yield (
                f"P({one.one} > {one.other}) = {chance(better(one.a, one.b))}, Mann–Whitney p = "
                f"{p_value(mann_whitney(one.a, one.b))}, difference {one.how}, {len(one.a)} pairs: "
            )


def few_of(one: Rival) -> str:
    return few(pd.Series([len(one.a), len(one.b)]))


def values(study: Study) -> Iterator[str]:
    """The tuned values of the highest cell in each comparison, and the mean excess of all winners."""
    for place in places(study):
        first, texts = place.cells[0], []
        for key in NAMES:
            values = as_well(study, first, key)
            if values is None:
                continue
            tried, also = f"tried: {ends(values.tried)}", "as in all that did as well"
            if values.near.nunique() > 1:
                also = f"and {ends(values.near)} as well"
            also += f" ({len(values.near)} of {len(values.tried)} trials; {tried})"
            if len(values.near) == 1:
                also = f"and no other of {len(values.tried)} trials did as well ({tried})"
            texts.append(f"{NAMES[key]} {number(values.winner)}, {also}")
        contender = f", {regime(study, first)}" if "regime" in study.keys else ""
        yield from (f"{place.words}{contender}: {text}" if not at else text for at, text in enumerate(texts))
    excesses = [excess(study, cell)[0] for cell in picked(study)]
    if len(excesses) > 1:
        yield f"lies {spread(mean(pd.Series(excesses), -inf, inf), study.metric)} points above that of their replicates"
        yield f"(n = {len(excesses)} cells)"


def ends(values: pd.Series) -> str:
    return "–".join(dict.fromkeys((number(values.min()), number(values.max()))))


def done(study: Study, cell: str) -> pd.DataFrame:
    trials = study.trials
    return trials[(trials["cell"] == cell) & (trials["role"] == "search") & (trials["state"] == "complete")]


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
    """The share of the labels with which each regime reaches scratch with all labels; in the order of the report."""
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
        points = [reached(shares, means, target) for *means, target in zip(*drawn, strict=True)]
        low, high = np.quantile(points, [0.025, 0.975], method="inverted_cdf")
        at = reached(shares, [one.mean() for one in scores], goal.mean())
        texts = [outside(one, shares) for one in (low, high)]
        if abs(at) < inf:
            whole = percent(max(base))
            yield f"{name} reaches with {two(at)} [{', '.join(texts)}] of the labels what scratch scores with {whole}"
            known = [study.own.loc[study.own["cell"] == cells[name][share], "train_images"].max() for share in shares]
            if max(abs(low), abs(high)) < inf:
                images = [np.exp(np.interp(np.log(one), np.log(shares), np.log(known))) for one in (at, low, high)]
                count, *rest = (f"{float(f'{one:.3g}'):,.0f}" for one in images)
                yield f"about {count} images [{', '.join(rest)}] instead of {known[-1]:,}"
        else:
            yield f"{name} {'is above' if at < 0 else 'does not reach'}"
        yield f"{spread(mean(goal), study.metric)}; at least n = {min(map(len, scores))} replicates a cell"


def draw_again(draw: np.random.Generator, values: pd.Series) -> np.ndarray:
    """Resamples of values, one a row."""
    array = values.to_numpy(dtype=float)
    return array[draw.integers(0, len(array), (RESAMPLES, len(array)))]


def reached(shares: list[float], means: list[float], target: float) -> float:
    """Where lines over the logarithm of the shares first reach a target; infinite if they do not."""
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
        matches = [rivals(study, one, other) for one, other in combinations(place.cells, 2)]
        tied = [one for one in matches if not standing(one)]
        names = [f"{one.one} and {one.other} ({spread(one.less, study.metric)})" for one in tied]
        if names:
            yield (
                f"{place.words}, {len(names)} of {len(matches)} pair{'s' * (len(matches) > 1)} not told apart at "
                f"n = {few_of(tied[0])}: {'; '.join(names)}."
            )
    if known and all(len(one.a) == len(one.b) == 3 for one in known):
        yield "No pair can be separated by the exact test at n = 3"
