"""Where contenders meet: their scores at each place of the study, and who improves on whom there.

A place is one combination of all that a study compares, but for the key whose values compete. Knows nothing of
sentences, figures or files.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.numbers import format, grid, stats, summary
from analysis.numbers.memo import once

HOW = {  # which interval a difference of two means has
    "paired": "paired by seed",
    "welch": "Welch",
    "fixed": "against one fixed score",
    "both fixed": "two fixed scores",
}


class Place(NamedTuple):
    """One place: its panel's title, its label fraction (nan where none is read), and its rows of `scored`."""

    panel: str
    label_fraction: float
    rows: pd.DataFrame


@once
def scored(df: pd.DataFrame) -> pd.DataFrame:
    """Each cell's score: on test over what was repeated for it, or on validation of the winners before any was.

    Returns:
        One row per cell that has the score: `panel` (what else is compared), `cell`, `key` (whose values compete),
        `contender`, `look` (see `grid.contenders`), `regime`, `label_fraction` (asked for; of zero_shot, which reads
        none, by the cell's name), `fewest` and `most` training images whose labels were used, `role` (replicate,
        published, search), `fixed` (fresh seeds can change nothing), `split` (test, or val where no cell has a test
        score), `metric`, `mean`, `low`, `high` (95 % t interval, nan without and where it is fixed), `n`.
    """
    metric = summary.objective(df)
    found, split = summary.replicates(df).dropna(subset="test"), "test"
    if found.empty:
        found, split = summary.winners(df), "val"
    rows = []
    for cell, group in grid.filled(found, df).groupby("cell"):
        told, images = group[["regime", "label_fraction", "role"]].iloc[0], group["train_images"]
        scores = (summary.fixed(group, split), split, metric, *summary.interval(group, split, metric))
        rows.append((cell, *told, images.min(), images.max(), *scores))
    columns = ["cell", "regime", "label_fraction", "role", "fewest", "most", "fixed", "split", "metric"]
    data = pd.DataFrame(rows, columns=[*columns, *stats.Interval._fields])
    data = data.astype({"cell": "string", "fewest": "Int64", "most": "Int64", "fixed": "bool"})
    return placed(data, df, ("label_fraction",))


def placed(found: pd.DataFrame, df: pd.DataFrame, without: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Rows with their cell's `panel` and contender, in the order of the cells.

    Args:
        without: keys that the panel's title leaves out, beside the contenders' key; None for the whole cell's title.
    """
    who = grid.contenders(df)
    key = tuple(who["key"].unique())
    who.insert(0, "panel", grid.titles(df, () if without is None else (*key, *without)))
    joined = found.join(who.assign(place=range(len(who))), on="cell").sort_values("place", kind="stable")
    first = [name for name in ("panel", "cell", *who.columns) if name in joined]
    return joined[list(dict.fromkeys([*first, *found.columns]))].reset_index(drop=True)


def places(data: pd.DataFrame) -> list[Place]:
    """The places of a study with their rows of `scored`, the highest mean first.

    What reads no label, as zero_shot, competes at every label fraction of its panel.
    """
    found = []
    for panel, rows in data.groupby("panel", sort=False):
        anywhere = rows["label_fraction"].isna()
        shares = list(rows.loc[~anywhere, "label_fraction"].drop_duplicates()) or [np.nan]
        for share in shares:
            here = rows[anywhere | (rows["label_fraction"] == share)]
            found.append(Place(str(panel), float(share), here.sort_values("mean", ascending=False, kind="stable")))
    return sorted(found, key=lambda place: min(place.rows.index))


def title(place: Place) -> str:
    """A place in words: `10 % of the labels · corrected`."""
    share = [] if pd.isna(place.label_fraction) else [f"{format.fraction(place.label_fraction)} of the labels"]
    return " · ".join(share + [place.panel] * (place.panel != format.title({}))) or "everywhere"


def repeated(df: pd.DataFrame) -> dict[str, pd.Series]:
    """The test scores of each cell that has any, by seed; one alone where fresh seeds can change nothing."""
    found = summary.replicates(df).dropna(subset="test")
    groups = {str(cell): group for cell, group in found.groupby("cell")}
    scores = {cell: rows.set_index("seed")["test"] for cell, rows in groups.items()}
    return {cell: values.head(1) if summary.fixed(groups[cell], "test") else values for cell, values in scores.items()}


def difference(one: Any, other: Any, scores: dict[str, pd.Series]) -> tuple[stats.Interval, str]:
    """The mean test score of one row of `scored` less that of another, and which of `HOW` its interval is.

    Trials of the same seed are paired where all of the smaller cell's seeds are in the other; its `n` are pairs then,
    else the smaller number of trials.
    """
    a, b, limits = scores[one.cell], scores[other.cell], stats.bounds(one.metric)
    if one.fixed or other.fixed:
        less = [(x, y) for x in a for y in b]  # one of both has one score
        return stats.paired_difference(less, limits), "both fixed" if one.fixed and other.fixed else "fixed"
    both = pd.concat([a, b], axis=1, join="inner") if a.index.is_unique and b.index.is_unique else a.iloc[:0]
    both = both[both.index.notna()]
    if len(both) == min(len(a), len(b)) > 1:
        return stats.paired_difference(both.itertuples(index=False, name=None), limits), "paired"
    return stats.difference(a, b, limits), "welch"


@once
def improvements(df: pd.DataFrame) -> pd.DataFrame:
    """The difference and the probability of improvement of every pair that meets at a place, the higher mean first.

    Returns:
        One row per place and pair: `place`, `better`, `other` (contenders), `p` (that a replicate of the better
        scores above one of the other), `low`, `high` (95 % interval, nan where n < 2), `mann_whitney_p` (exact,
        two-sided; nan where n < 2), `separated` (see `stats.compare`; empty where n < 2), `n_better`, `n_other`
        (scores; 1 where fresh seeds can change nothing), `difference`, `difference_low`, `difference_high`, `how` (of
        their means, see `difference`), `pairs` (its n), `metric`, `cell_better`, `cell_other`.
    """
    scores, data, rows = repeated(df), scored(df), []
    for place in places(data[data["split"] == "test"]):
        met = list(place.rows.itertuples())
        pairs = [(one, two) for number, one in enumerate(met) for two in met[number + 1 :]]
        for one, two in pairs:
            a, b = scores[one.cell], scores[two.cell]
            found = stats.compare(a, b)
            told = (one.contender, two.contender, *found.chance[:3], found.p, found.separated)
            less, how = difference(one, two, scores)
            margin = (*less[:3], how, less.n, one.metric)
            rows.append((title(place), *told, len(a), len(b), *margin, one.cell, two.cell))
    columns = ["place", "better", "other", "p", "low", "high", "mann_whitney_p", "separated"]
    columns += ["n_better", "n_other", "difference", "difference_low", "difference_high", "how", "pairs", "metric"]
    columns += ["cell_better", "cell_other"]
    return pd.DataFrame(rows, columns=columns).astype({"separated": "boolean"})


BASELINES = {"regime": "scratch", "weights": "none", "pretext": "none"}  # of each key, the value that transfers nothing


def answered(df: pd.DataFrame) -> list[Place]:
    """The places that are spoken of, with their rows of `scored`.

    Where versions are compared these are the corrected ones, if any has a score: as published, and with one cause
    switched on, cells differ in more than in who competes.
    """
    found = grid.grid(df)
    data = scored(df)
    if "version" in found:
        right = data["cell"].isin(found.loc[found["version"] == grid.CORRECTED, "cell"])
        data = data[right] if right.any() else data
    return places(data)


def met(df: pd.DataFrame) -> list[Place]:
    """The places of `answered` where at least two contenders have a test score."""
    if grid.contender(df) is None:
        return []
    return [place for place in answered(df) if len(place.rows) > 1 and (place.rows["split"] == "test").all()]
