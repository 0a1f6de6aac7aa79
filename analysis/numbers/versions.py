"""A published run beside its corrected one, and the cost of each of its causes.

Knows the versions of a cell: as published, corrected, or corrected except for one cause. Does not know what a cause
does.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.numbers import alarms, cell_table, comparisons, counterparts, format, grid, stats, summary
from analysis.numbers.grid import CORRECTED, PUBLISHED
from analysis.numbers.study_table import StudyTable, once

KIND = "95 % Welch t interval of the difference"
ALL = "everything as published (all causes, its recipe)"


@once
def numbers(table: StudyTable) -> pd.DataFrame:
    """The test scores of each version.

    Returns:
        One row per cell, sorted by its other keys: `place` (the other keys as a title), `version`, `published` (the
        published score of the cell), `mean`, `low`, `high` (95 % t interval; empty where fresh seeds can change
        nothing), `n` (trials scored on test), `not_run` (the cell cannot run here), `cell`. Where a corrected cell is
        missing, the row of its twin stands for it (see `twins`). No rows without versions.
    """
    cells = table.cells if "version" in table.grid else table.cells.iloc[:0].assign(version="")
    cells = cells.assign(place=cells["cell"].map(table.titles(("version",))))
    cells["not_run"] = (cells["not_run"] > 0) & (cells["trials"] == 0)
    cells = pd.concat([cells, *_shared(cells, counterparts.twins(table))])
    names = {"test_mean": "mean", "test_low": "low", "test_high": "high", "replicates": "n"}
    columns = ["place", "version", "published", *names, "not_run", "cell"]
    ranks = {place: rank for rank, place in enumerate(dict.fromkeys(cells["place"]))}
    cells = cells.sort_values("place", key=lambda column: column.map(ranks), kind="stable")
    return cells[columns].rename(columns=names).reset_index(drop=True)


def _shared(cells: pd.DataFrame, twins: dict[str, str]) -> list[pd.DataFrame]:
    """The rows of corrected cells that are twins, each with the `place` of the published cell."""
    places = cells.set_index("cell")["place"]
    return [cells[cells["cell"] == twin].assign(place=places[cell]) for cell, twin in twins.items()]


def text(table: StudyTable) -> pd.DataFrame:
    """The versions side by side, one row per comparison.

    The columns are the published score (where anything was published), as published, the causes, and corrected.
    """
    cells, metric = numbers(table), table.objective
    versions, one_class = grid.ordered(cells["version"]), alarms.one_class(table)
    titles, rows = table.titles(("version",)), []
    for place, group in cells.groupby("place", sort=False):
        published = group.loc[group["version"] == PUBLISHED, "published"].max()
        measured = {
            row.version: _measured(row, metric, row.cell in one_class) + _origin(str(place), titles[row.cell])
            for row in group.itertuples()
        }
        row = {"": place, "published": format.score(published, metric)}
        rows.append(row | {_head(version): measured.get(version, format.NONE) for version in versions})
    heads = ["", "published", *(_head(version) for version in versions)]
    texts = pd.DataFrame(rows, columns=heads, dtype="string")
    return texts if cells["published"].notna().any() else texts.drop(columns="published")


def _origin(place: str, title: str) -> str:
    """Where a cell comes from that is in another comparison than `place`."""
    return "" if place == title else f" (the cell of {title})"


def _head(version: str) -> str:
    return "as published, measured" if version == PUBLISHED else format.version(version)


def _measured(row: Any, metric: str, one_class: bool) -> str:
    if row.not_run:
        return "not run"
    spread = format.spread(stats.Interval(row.mean, row.low, row.high, row.n), metric)
    return f"{spread}{cell_table.ONE_CLASS * one_class}, n = {row.n}" if row.n else format.NONE


class _Cause(NamedTuple):
    """A row of `causes`."""

    place: str
    cause: str
    corrected: float
    with_cause: float
    cost: float
    low: float
    high: float
    p: float
    p_low: float
    p_high: float
    n_corrected: int
    n_cause: int
    images_corrected: int
    images_cause: int


@once
def causes(table: StudyTable) -> pd.DataFrame:
    """The cost of each cause: the corrected score minus the one with only that cause, or with everything as published.

    A cell as published has all causes and the publication's own recipe as well: its batch size, schedule, warm-up,
    weight decay and learning rate, and more training images if it held none out.

    Returns:
        One row per comparison and version except the corrected, where both have test scores: `place` (the comparison's
        title), `cause` (published: everything), `corrected` and `with_cause` (means), `cost` (their difference),
        `low`, `high` (95 % Welch t interval; nan where n < 2 or fresh seeds can change neither), `p`, `p_low`,
        `p_high` (probability that a corrected replicate scores above one with the cause), `n_corrected`, `n_cause`,
        `images_corrected`, `images_cause` (training images whose labels were used; the most of its trials).
    """
    cells, metric = numbers(table), table.objective
    tested = table.replicates.dropna(subset="test")
    trials = {str(cell): rows for cell, rows in tested.groupby("cell")}
    scores = comparisons.repeated(table)
    rows = []
    for place, group in cells[cells["cell"].isin(trials)].groupby("place", sort=False):
        by_version = dict(zip(group["version"], group["cell"], strict=True))
        corrected = by_version.pop(CORRECTED, None)
        for version, cell in by_version.items() if corrected else ():
            p = stats.improvement(scores[corrected], scores[cell])
            row = _cause(str(place), version, corrected=trials[corrected], other=trials[cell], p=p, metric=metric)
            rows.append(row)
    counts = dict.fromkeys(("images_corrected", "images_cause"), "Int64")
    return pd.DataFrame(rows, columns=_Cause._fields).astype(counts)


def _cause(
    place: str, version: str, *, corrected: pd.DataFrame, other: pd.DataFrame, p: stats.Interval, metric: str
) -> _Cause:
    """Compare the tested trials of a corrected cell with those of another version."""
    cost = stats.difference(corrected["test"], other["test"], stats.bounds(metric))
    if summary.fixed(corrected, "test") and summary.fixed(other, "test"):
        cost = cost._replace(low=np.nan, high=np.nan)
    return _Cause(
        place=place,
        cause=version,
        corrected=corrected["test"].mean(),
        with_cause=other["test"].mean(),
        cost=cost.mean,
        low=cost.low,
        high=cost.high,
        p=p.mean,
        p_low=p.low,
        p_high=p.high,
        n_corrected=len(corrected),
        n_cause=len(other),
        images_corrected=corrected["train_images"].max(),
        images_cause=other["train_images"].max(),
    )


def causes_text(table: StudyTable) -> pd.DataFrame:
    """The table of `causes` as short texts; scores in per cent, costs in percentage points.

    The column of training images is included if any pair differs in them.
    """
    rows, metric = list(causes(table).itertuples()), table.objective
    columns = {
        "": [row.place for row in rows],
        "cause": [ALL if row.cause == PUBLISHED else row.cause for row in rows],
        "corrected": [format.score(row.corrected, metric) for row in rows],
        "with the cause": [format.score(row.with_cause, metric) for row in rows],
        "cost [95 %]": [format.spread(stats.Interval(row.cost, row.low, row.high, 0), metric) for row in rows],
        "P(corrected > with it) [95 %]": [
            format.probability(stats.Interval(row.p, row.p_low, row.p_high, 0)) for row in rows
        ],
        "n": [f"{row.n_corrected} and {row.n_cause}" for row in rows],
        "images": [_images(row.images_corrected, row.images_cause) for row in rows],
    }
    texts = pd.DataFrame(columns, dtype="string")
    return texts if texts["images"].str.contains(" and ").any() else texts.drop(columns="images")


def _images(corrected: Any, other: Any) -> str:
    """The training images of both: `516 and 688`, or a single number if they are equal."""
    counts = [format.counts([number]) for number in (corrected, other)]
    return " and ".join(dict.fromkeys(counts))
