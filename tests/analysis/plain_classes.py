"""What must stand in a report of classes that are taken for others, each number in it from the table; see `plain`."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from scipy import stats

from tests.analysis.plain import Study, few, spread
from tests.analysis.plain_answers import places, regime


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
