"""Which classes the best networks take for which, on the test split: the numbers.

Knows the rows of metric `count`, which say how many images of a class (`truth`) one trial gave which answer
(`answer`); knows nothing of figures, pages or files.
"""

import re

import numpy as np
import pandas as pd

from analysis.numbers import comparisons, stats, summary, table
from analysis.numbers.memo import once

CLASSES = ("truth", "answer")
KIND = "95 % Wilson interval over the test images, each counted once with the mean over the replicates that answer it"
_COLUMNS = ("panel", "cell", "contender", "look", *CLASSES, "images", "n")


@once
def counts(whole: pd.DataFrame) -> pd.DataFrame:
    """What the highest cell of each place answered, summed over its replicates.

    Args:
        whole: a study's whole table; it may lack the columns `truth` and `answer`.

    Returns:
        One row per place and pair of classes that occurs: `panel` (the place and who is highest there), `cell`,
        `contender`, `look`, `truth`, `answer`, `images` (of that class so answered, over all replicates), `n`
        (replicates). The highest is of `places.scored`, as the answers name it; a place without such rows is left out.
    """
    if not set(CLASSES) <= set(whole.columns):
        return pd.DataFrame(columns=list(_COLUMNS))
    df = table.apart(whole)[0]
    found = whole[table.counts(whole) & ~(whole["task"] != whole["trained_on"]).fillna(False)]
    found = found[found["trial"].isin(summary.replicates(df)["trial"])].dropna(subset=[*CLASSES, "score"])
    found = found[found["epoch"].eq(found.groupby("trial")["epoch"].transform("max")).fillna(True)]
    parts = [pd.DataFrame(columns=list(_COLUMNS))]
    for place in comparisons.answered(df) if len(found) else ():
        first = place.rows.iloc[0]
        mine = found[found["cell"] == first["cell"]]
        sums = mine.groupby(list(CLASSES))["score"].sum().rename("images").reset_index()
        title = [comparisons.title(place)] * (len(place.rows) > 1 or comparisons.title(place) != "everywhere")
        about = {"panel": " · ".join([*title, first["contender"]]), "cell": first["cell"], "look": first["look"]}
        parts.append(sums.assign(**about, contender=first["contender"], n=mine["trial"].nunique())[list(_COLUMNS)])
    kept = [part for part in parts if len(part)] or parts[:1]
    return pd.concat(kept, ignore_index=True)


def classes(found: pd.DataFrame) -> list[str]:
    """The names of the classes of rows of `counts`, numbers within them by their size."""
    names = {str(name) for key in CLASSES for name in found[key]}
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def matrix(whole: pd.DataFrame) -> pd.DataFrame:
    """The confusion matrix of the highest cell of each place, by rows.

    Returns:
        The rows of `counts` with `share` (of the images of `truth`; a row of the matrix adds up to 1), `row` and
        `column` (the places of both classes, the same in all panels), `size` (how many classes there are).
    """
    found = counts(whole)
    order = {name: place for place, name in enumerate(classes(found))}
    whole_row = found.groupby(["panel", "truth"])["images"].transform("sum")
    places_of = {"row": found["truth"].map(order), "column": found["answer"].map(order)}
    return found.assign(share=found["images"] / whole_row, size=len(order), **places_of)


def scores(whole: pd.DataFrame) -> pd.DataFrame:
    """Recall and precision of each class, of the highest cell of each place.

    Returns:
        One row per panel and class that has images, the lowest recall first: `panel`, `cell`, `contender`, `look`,
        `truth`, `images` (on the test split), `recall`, `recall_low`, `recall_high` (see `KIND`), `answered` (images
        that got this class as answer, mean over replicates), `precision`, `precision_low`, `precision_high` (nan where
        none did), `n` (replicates), `rank` (0 is the lowest recall of its panel).
    """
    found, rows = counts(whole), []
    for _, group in found.groupby("panel", sort=False):
        about, right = group.iloc[0], group[group["truth"] == group["answer"]].groupby("truth")["images"].sum()
        asked, answered = (group.groupby(key)["images"].sum() for key in CLASSES)
        for name in classes(group[group["truth"].isin(asked.index)].assign(answer=lambda kept: kept["truth"])):
            hits, n = float(right.get(name, 0.0)), int(about["n"])
            recall, precision = (share(hits, float(of.get(name, 0.0)), n) for of in (asked, answered))
            told = (asked[name] / n, *recall[:3], answered.get(name, 0.0) / n, *precision[:3], n)
            rows.append((*about[["panel", "cell", "contender", "look"]], name, *told))
    each = [f"{name}{end}" for name in ("recall", "precision") for end in ("", "_low", "_high")]
    columns = ["panel", "cell", "contender", "look", "truth", "images", *each[:3], "answered", *each[3:], "n"]
    data = pd.DataFrame(rows, columns=columns)
    order = {panel: place for place, panel in enumerate(data["panel"].unique())}
    data = data.sort_values(["panel", "recall"], key=lambda v: v.map(order) if v.name == "panel" else v, kind="stable")
    return data.assign(rank=data.groupby("panel").cumcount()).reset_index(drop=True)


def share(hits: float, of: float, n: int) -> stats.Interval:
    """A share of counts that are sums over n replicates, with the interval of `KIND`; nan where `of` is 0.

    Between whole numbers of images the ends are on straight lines between Wilson's.
    """
    if not of:
        return stats.Interval(np.nan, np.nan, np.nan, 0)
    images = max(round(of / n), 1)
    at, below = hits / of * images, int(hits / of * images)
    few, many = (stats.share(count, images) for count in (below, min(below + 1, images)))
    low, high = (one + (at - below) * (other - one) for one, other in zip(few[1:3], many[1:3], strict=True))
    return stats.Interval(hits / of, low, high, images)
