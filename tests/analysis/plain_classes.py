"""The texts that a report must have about confused classes, each number in them from the table; see `plain`."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from scipy import stats

from tests.analysis.plain import Study, few, spread
from tests.analysis.plain_answers import places, regime


class Answered(NamedTuple):
    """The answers of a comparison's highest cell: images by class (rows) and answer (columns), over n replicates."""

    words: str
    counts: pd.DataFrame
    n: int


def answered(study: Study) -> list[Answered]:
    answers = study.df[(study.df["metric"] == "count") & (study.df["task"] == study.df["trained_on"])]
    known = []
    for place in places(study):
        rows = answers[answers["trial"].isin(study.again(place.cells[0])["trial"])]
        if len(rows):
            counts = rows.pivot_table("score", "truth", "answer", aggfunc="sum", fill_value=0)
            words = place.words.removeprefix("At ").replace(" (", " · ").replace(")", "")
            known.append(Answered(f"{words} · {regime(study, place.cells[0])}", counts, rows["trial"].nunique()))
    return known


def share(hits: float, of: float, n: int) -> tuple[float, float, float]:
    """A share with Wilson's interval over `of / n` images, interpolated linearly between whole numbers."""
    images = max(round(of / n), 1)
    at = hits / of * images
    ends = [stats.binomtest(k, images).proportion_ci(0.95, "wilson") for k in (int(at), min(int(at) + 1, images))]
    low, high = (one + (at - int(at)) * (two - one) for one, two in zip(*ends, strict=True))
    return (hits / of, low, high)


def confusion(study: Study) -> Iterator[str]:
    """The five largest shares of wrong answers; ties go to the first comparison and class."""
    known, rows = answered(study), []
    for words, counts, n in known:
        for truth, counted in counts.iterrows():
            wrong = counted.drop(truth, errors="ignore")
            rows += [(hits / counted.sum(), words, truth, name, hits, counted.sum(), n) for name, hits in wrong.items()]
    where = len(known) > 1
    for _, words, truth, answer, hits, of, n in sorted(rows, key=lambda row: -row[0])[:5]:
        middle, low, high = (f"{100 * one:.0f} %" for one in share(hits, of, n))
        place = f" ({words})" if where else ""
        yield f"{truth} taken for {answer}{place} {middle} [{low}, {high}] of {of / n:,.0f} images"
    if known:
        yield f"number of classes: {len({*known[0].counts.index, *known[0].counts.columns})}."


def recall(study: Study) -> Iterator[str]:
    known = answered(study)
    for words, counts, n in known:
        recalls = {name: share(counted.get(name, 0), counted.sum(), n) for name, counted in counts.iterrows()}
        lowest = sorted(recalls, key=lambda name: recalls[name][0])[:5]
        texts = [f"{name} {spread(recalls[name], 'recall')}" for name in lowest]
        yield from ((f"{words}: " if len(known) > 1 and not at else "") + one for at, one in enumerate(texts))
    if known:
        images = pd.concat([counts.sum(axis=1) / n for _, counts, n in known])
        yield f"over {few(images)} images a class and n = {few(pd.Series([n for *_, n in known]))} replicates"
