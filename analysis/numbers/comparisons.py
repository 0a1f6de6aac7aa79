"""Comparisons of contenders: their scores in each one, and who improves on whom.

A comparison is one combination of everything that a study compares, except the key whose values compete.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.numbers import format, grid, stats, summary
from analysis.numbers.study_table import StudyTable, once

HOW = {  # the kinds of interval of a difference of two means
    "paired": "paired by seed",
    "welch": "Welch",
    "fixed": "against one fixed score",
    "both fixed": "two fixed scores",
}


class Place(NamedTuple):
    """One comparison: its panel's title, its label fraction (nan where none is read), and its rows of `scored`."""

    panel: str
    label_fraction: float
    rows: pd.DataFrame


class _CellScore(NamedTuple):
    """A row of `scored` before its cell's panel and contender are added."""

    cell: str
    regime: str
    label_fraction: float
    role: str
    fewest: int
    most: int
    fixed: bool
    split: str
    metric: str
    mean: float
    low: float
    high: float
    n: int


@once
def scored(table: StudyTable) -> pd.DataFrame:
    """Each cell's score: on test over its repeated trials, or on validation of the winners before any are repeated.

    Returns:
        One row per cell that has the score: `panel` (what else is compared), `cell`, `key` (whose values compete),
        `contender`, `look` (see `grid.contenders`), `regime`, `label_fraction` (as configured; of zero_shot, which
        reads none, by the cell's name), `fewest` and `most` training images whose labels were used, `role` (replicate,
        published, search), `fixed` (fresh seeds can change nothing), `split` (test, or val where no cell has a test
        score), `metric`, `mean`, `low`, `high` (95 % t interval, nan without and where it is fixed), `n`.
    """
    metric = table.objective
    trials, split = table.replicates.dropna(subset="test"), "test"
    if trials.empty:
        trials, split = table.winners, "val"
    rows = []
    for cell, group in grid.filled(trials, table.grid).groupby("cell"):
        first, images = group[["regime", "label_fraction", "role"]].iloc[0], group["train_images"]
        interval = summary.interval(group, split, metric)
        rows.append(
            _CellScore(
                cell=str(cell),
                regime=first["regime"],
                label_fraction=first["label_fraction"],
                role=first["role"],
                fewest=images.min(),
                most=images.max(),
                fixed=summary.fixed(group, split),
                split=split,
                metric=metric,
                **interval._asdict(),
            )
        )
    data = pd.DataFrame(rows, columns=_CellScore._fields)
    data = data.astype({"cell": "string", "fewest": "Int64", "most": "Int64", "fixed": "bool"})
    return placed(data, table, ("label_fraction",))


def placed(data: pd.DataFrame, table: StudyTable, without: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Rows with their cell's `panel` and contender, in the order of the cells.

    Args:
        without: keys that the panel's title leaves out, beside the contenders' key; None for the whole cell's title.
    """
    contenders = table.contenders
    key = tuple(contenders["key"].unique())
    contenders.insert(0, "panel", table.titles(() if without is None else (*key, *without)))
    joined = data.join(contenders.assign(place=range(len(contenders))), on="cell").sort_values("place", kind="stable")
    first = [name for name in ("panel", "cell", *contenders.columns) if name in joined]
    return joined[list(dict.fromkeys([*first, *data.columns]))].reset_index(drop=True)


def places(data: pd.DataFrame) -> list[Place]:
    """The comparisons of a study with their rows of `scored`, the highest mean first.

    A contender that reads no labels, such as zero_shot, competes at every label fraction of its panel.
    """
    comparisons = []
    for panel, rows in data.groupby("panel", sort=False):
        anywhere = rows["label_fraction"].isna()
        shares = list(rows.loc[~anywhere, "label_fraction"].drop_duplicates()) or [np.nan]
        for share in shares:
            here = rows[anywhere | (rows["label_fraction"] == share)]
            ranked = here.sort_values("mean", ascending=False, kind="stable")
            comparisons.append(Place(str(panel), float(share), ranked))
    return sorted(comparisons, key=lambda place: min(place.rows.index))


def title(place: Place) -> str:
    """A comparison in words: `10 % of the labels · corrected`."""
    share = [] if pd.isna(place.label_fraction) else [f"{format.fraction(place.label_fraction)} of the labels"]
    return " · ".join(share + [place.panel] * (place.panel != format.title({}))) or "everywhere"


@once
def repeated(table: StudyTable) -> dict[str, pd.Series]:
    """The test scores of each cell that has any, by seed; only one where fresh seeds can change nothing."""
    trials = table.replicates.dropna(subset="test")
    groups = {str(cell): group for cell, group in trials.groupby("cell")}
    scores = {cell: rows.set_index("seed")["test"] for cell, rows in groups.items()}
    return {cell: values.head(1) if summary.fixed(groups[cell], "test") else values for cell, values in scores.items()}


def difference(one: Any, other: Any, scores: dict[str, pd.Series]) -> tuple[stats.Interval, str]:
    """The mean test score of one row of `scored` minus that of another, and the kind of its interval, a key of `HOW`.

    Trials of the same seed are paired if the other cell has all seeds of the smaller one. The interval's `n` counts
    pairs then, and otherwise the trials of the smaller cell.
    """
    a, b, limits = scores[one.cell], scores[other.cell], stats.bounds(one.metric)
    if one.fixed or other.fixed:
        pairs = [(x, y) for x in a for y in b]  # one of the two has a single score
        return stats.paired_difference(pairs, limits), "both fixed" if one.fixed and other.fixed else "fixed"
    both = pd.concat([a, b], axis=1, join="inner") if a.index.is_unique and b.index.is_unique else a.iloc[:0]
    both = both[both.index.notna()]
    if len(both) == min(len(a), len(b)) > 1:
        return stats.paired_difference(both.itertuples(index=False, name=None), limits), "paired"
    return stats.difference(a, b, limits), "welch"


class _Improvement(NamedTuple):
    """A row of `improvements`."""

    place: str
    better: str
    other: str
    p: float
    low: float
    high: float
    mann_whitney_p: float
    separated: bool | None
    n_better: int
    n_other: int
    difference: float
    difference_low: float
    difference_high: float
    how: str
    pairs: int
    metric: str
    cell_better: str
    cell_other: str


@once
def improvements(table: StudyTable) -> pd.DataFrame:
    """The difference and the probability of improvement of every pair in each comparison, the higher mean first.

    Returns:
        One row per comparison and pair: `place` (the comparison's title), `better`, `other` (contenders), `p` (the
        probability that a replicate of the better scores above one of the other), `low`, `high` (95 % interval, nan
        where n < 2), `mann_whitney_p` (exact, two-sided; nan where n < 2), `separated` (see `stats.compare`; empty
        where n < 2), `n_better`, `n_other` (scores; 1 where fresh seeds can change nothing), `difference`,
        `difference_low`, `difference_high`, `how` (of their means, see `difference`), `pairs` (its n), `metric`,
        `cell_better`, `cell_other`.
    """
    scores, data = repeated(table), scored(table)
    rows = [
        improvement(title(place), better, other, scores=scores)
        for place in places(data[data["split"] == "test"])
        for better, other in itertools.combinations(place.rows.itertuples(), 2)
    ]
    return pd.DataFrame(rows, columns=_Improvement._fields).astype({"separated": "boolean"})


def improvement(place: str, better: Any, other: Any, *, scores: dict[str, pd.Series]) -> _Improvement:
    """Compare two rows of `scored`, the one with the higher mean first; `scores` are those of `repeated`."""
    a, b = scores[better.cell], scores[other.cell]
    tested = stats.compare(a, b)
    margin, how = difference(better, other, scores)
    return _Improvement(
        place=place,
        better=better.contender,
        other=other.contender,
        p=tested.chance.mean,
        low=tested.chance.low,
        high=tested.chance.high,
        mann_whitney_p=tested.p,
        separated=tested.separated,
        n_better=len(a),
        n_other=len(b),
        difference=margin.mean,
        difference_low=margin.low,
        difference_high=margin.high,
        how=how,
        pairs=margin.n,
        metric=better.metric,
        cell_better=better.cell,
        cell_other=other.cell,
    )


BASELINES = {"regime": "scratch", "weights": "none", "pretext": "none"}  # each key's value that transfers nothing


def discussed(table: StudyTable) -> pd.DataFrame:
    """The rows of `scored` that the report discusses.

    If versions are compared, these are the corrected cells, if any has a score. Other versions, as published or with
    one cause switched on, differ in more than their contenders.
    """
    cells = table.grid
    data = scored(table)
    if "version" in cells:
        corrected = data["cell"].isin(cells.loc[cells["version"] == grid.CORRECTED, "cell"])
        data = data[corrected] if corrected.any() else data
    return data


def answered(table: StudyTable) -> list[Place]:
    """The comparisons of the rows that the report discusses."""
    return places(discussed(table))


def met(table: StudyTable) -> list[Place]:
    """The comparisons of `answered` in which at least two contenders have a test score."""
    if table.contender is None:
        return []
    return [place for place in answered(table) if len(place.rows) > 1 and (place.rows["split"] == "test").all()]
