"""Which classes the best networks take for which, on the test split: the numbers.

Knows the rows of metric `count`: the number of images of a class (`truth`) that got one answer (`answer`) in a trial.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.numbers import comparisons, stats
from analysis.numbers.study_table import StudyTable, once

CLASSES = ("truth", "answer")
KIND = "95 % Wilson interval over the test images, each counted once with the mean over the replicates that answer it"
_COLUMNS = ("panel", "cell", "contender", "look", *CLASSES, "images", "n")


@once
def counts(table: StudyTable) -> pd.DataFrame:
    """The answers of the highest cell of each comparison, summed over its replicates.

    Args:
        table: its frame may lack the columns `truth` and `answer`.

    Returns:
        One row per comparison and pair of classes that occurs: `panel` (the comparison and its highest contender),
        `cell`, `contender`, `look`, `truth`, `answer`, `images` (of that class with that answer, over all replicates),
        `n` (replicates). The highest is the one of `comparisons.scored`, as in the report's answers. A comparison
        without such rows is left out.
    """
    rows = table.counts
    if not set(CLASSES) <= set(rows.columns):
        return pd.DataFrame(columns=list(_COLUMNS))
    rows = rows[~(rows["task"] != rows["trained_on"]).fillna(False)]
    rows = rows[rows["trial"].isin(table.replicates["trial"])].dropna(subset=[*CLASSES, "score"])
    rows = rows[rows["epoch"].eq(rows.groupby("trial")["epoch"].transform("max")).fillna(True)]
    parts = []
    for place in comparisons.answered(table) if len(rows) else ():
        best = place.rows.iloc[0]
        answers = rows[rows["cell"] == best["cell"]]
        sums = answers.groupby(list(CLASSES))["score"].sum().rename("images").reset_index()
        title = [comparisons.title(place)] * (len(place.rows) > 1 or comparisons.title(place) != "everywhere")
        sums = sums.assign(
            panel=" · ".join([*title, best["contender"]]),
            cell=best["cell"],
            contender=best["contender"],
            look=best["look"],
            n=answers["trial"].nunique(),
        )
        parts.append(sums[list(_COLUMNS)])
    parts = [part for part in parts if len(part)] or [pd.DataFrame(columns=list(_COLUMNS))]
    return pd.concat(parts, ignore_index=True)


def classes(counted: pd.DataFrame) -> list[str]:
    """The class names in rows of `counts`, with numbers in them sorted by size."""
    names = {str(name) for key in CLASSES for name in counted[key]}
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def matrix(table: StudyTable) -> pd.DataFrame:
    """The confusion matrix of the highest cell of each comparison, by rows.

    Returns:
        The rows of `counts` with `share` (of the images of `truth`; a row of the matrix adds up to 1), `row` and
        `column` (the positions of both classes, the same in all panels), `size` (the number of classes).
    """
    counted = counts(table)
    positions = {name: position for position, name in enumerate(classes(counted))}
    row_sums = counted.groupby(["panel", "truth"])["images"].transform("sum")
    return counted.assign(
        share=counted["images"] / row_sums,
        size=len(positions),
        row=counted["truth"].map(positions),
        column=counted["answer"].map(positions),
    )


class _ClassScore(NamedTuple):
    """A row of `scores` before its rank is added."""

    panel: str
    cell: str
    contender: str
    look: str
    truth: str
    images: float
    recall: float
    recall_low: float
    recall_high: float
    answered: float
    precision: float
    precision_low: float
    precision_high: float
    n: int


def scores(table: StudyTable) -> pd.DataFrame:
    """Recall and precision of each class, for the highest cell of each comparison.

    Returns:
        One row per panel and class that has images, the lowest recall first: `panel`, `cell`, `contender`, `look`,
        `truth`, `images` (on the test split), `recall`, `recall_low`, `recall_high` (see `KIND`), `answered` (images
        with this class as answer, mean over replicates), `precision`, `precision_low`, `precision_high` (nan without
        such images), `n` (replicates), `rank` (0 is the lowest recall of its panel).
    """
    rows = [row for _, group in counts(table).groupby("panel", sort=False) for row in _class_scores(group)]
    data = pd.DataFrame(rows, columns=_ClassScore._fields)
    order = {panel: rank for rank, panel in enumerate(data["panel"].unique())}
    data = data.sort_values(["panel", "recall"], key=lambda v: v.map(order) if v.name == "panel" else v, kind="stable")
    return data.assign(rank=data.groupby("panel").cumcount()).reset_index(drop=True)


def _class_scores(group: pd.DataFrame) -> Iterator[_ClassScore]:
    """The scores of each class with images, of one panel's rows of `counts`."""
    first, n = group.iloc[0], int(group["n"].iloc[0])
    correct = group[group["truth"] == group["answer"]].groupby("truth")["images"].sum()
    images, answered = (group.groupby(key)["images"].sum() for key in CLASSES)
    for name in classes(group[["truth"]].assign(answer=group["truth"])):
        hits = float(correct.get(name, 0.0))
        recall, precision = (share(hits, float(sums.get(name, 0.0)), n) for sums in (images, answered))
        yield _ClassScore(
            panel=first["panel"],
            cell=first["cell"],
            contender=first["contender"],
            look=first["look"],
            truth=name,
            images=images[name] / n,
            recall=recall.mean,
            recall_low=recall.low,
            recall_high=recall.high,
            answered=answered.get(name, 0.0) / n,
            precision=precision.mean,
            precision_low=precision.low,
            precision_high=precision.high,
            n=n,
        )


def share(hits: float, of: float, n: int) -> stats.Interval:
    """A share of counts that are sums over n replicates, with the interval of `KIND`; nan where `of` is 0.

    Between whole numbers of images the ends are interpolated linearly between Wilson's.
    """
    if not of:
        return stats.Interval(np.nan, np.nan, np.nan, 0)
    images = max(round(of / n), 1)
    at, below = hits / of * images, int(hits / of * images)
    few, many = (stats.share(count, images) for count in (below, min(below + 1, images)))
    low, high = (one + (at - below) * (other - one) for one, other in zip(few[1:3], many[1:3], strict=True))
    return stats.Interval(hits / of, low, high, images)
