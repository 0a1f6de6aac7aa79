"""A published run beside its corrected one, and what each of its causes costs.

Knows the versions of a cell: as published, corrected, or corrected but for one cause. Knows nothing of what a cause
does, of figures or of files.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.numbers import alarms, cell_table, comparisons, counterparts, format, grid, stats, summary
from analysis.numbers.grid import CORRECTED, PUBLISHED

KIND = "95 % Welch t interval of the difference"
ALL = "everything as published (all causes, its recipe)"


def numbers(df: pd.DataFrame) -> pd.DataFrame:
    """The test scores of each version.

    Returns:
        One row per cell, by what else it compares: `place` (that, as a title), `version`, `published` (what somebody
        reported for the cell), `mean`, `low`, `high` (95 % t interval; empty where fresh seeds can change nothing),
        `n` (trials scored on test), `not_run` (the cell cannot run here), `cell`. A place without a corrected cell has
        the row of its twin at another place (see `twins`). No row without versions.
    """
    found = summary.cells(df) if "version" in grid.grid(df) else summary.cells(df).iloc[:0].assign(version="")
    found = found.assign(place=found["cell"].map(grid.titles(df, ("version",))))
    found["not_run"] = (found["not_run"] > 0) & (found["trials"] == 0)
    found = pd.concat([found, *_lent(found, counterparts.twins(df))])
    names = {"test_mean": "mean", "test_low": "low", "test_high": "high", "replicates": "n"}
    kept = ["place", "version", "published", *names, "not_run", "cell"]
    order = {place: number for number, place in enumerate(dict.fromkeys(found["place"]))}
    found = found.sort_values("place", key=lambda column: column.map(order), kind="stable")
    return found[kept].rename(columns=names).reset_index(drop=True)


def _lent(found: pd.DataFrame, pairs: dict[str, str]) -> list[pd.DataFrame]:
    """The rows of corrected cells that serve another place as well, at that place."""
    places = found.set_index("cell")["place"]
    return [found[found["cell"] == best].assign(place=places[cell]) for cell, best in pairs.items()]


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The versions side by side: one row per place; published (where anything was), as published, causes, corrected."""
    found, metric = numbers(df), summary.objective(df)
    versions, one_class = grid.ordered(found["version"]), alarms.one_class(df)
    homes, rows = grid.titles(df, ("version",)), []
    for place, group in found.groupby("place", sort=False):
        told = {
            row.version: _measured(row, metric, row.cell in one_class) + _lender(str(place), homes[row.cell])
            for row in group.itertuples()
        }
        figure = group.loc[group["version"] == PUBLISHED, "published"].max()
        rows.append([place, format.score(figure, metric), *(told.get(version, format.NONE) for version in versions)])
    heads = ["", "published", *(_head(version) for version in versions)]
    shown = pd.DataFrame(rows, columns=heads, dtype="string")
    return shown if found["published"].notna().any() else shown.drop(columns="published")


def _lender(place: str, home: str) -> str:
    return "" if place == home else f" (the cell of {home})"


def _head(version: str) -> str:
    return "as published, measured" if version == PUBLISHED else format.version(version)


def _measured(row: Any, metric: str, one_class: bool) -> str:
    if row.not_run:
        return "not run"
    spread = format.spread(stats.Interval(row.mean, row.low, row.high, row.n), metric)
    return f"{spread}{cell_table.ONE_CLASS * one_class}, n = {row.n}" if row.n else format.NONE


def causes(df: pd.DataFrame) -> pd.DataFrame:
    """What each cause costs: the corrected score less the one with only that cause, or with everything as published.

    A cell as published has all causes and the publication's own recipe as well: its batch size, schedule, warm-up,
    weight decay and learning rate, and more training images where it held none out.

    Returns:
        One row per place and version but the corrected, where both have test scores: `place`, `cause` (published:
        everything), `corrected` and `with_cause` (means), `cost` (their difference), `low`, `high` (95 % Welch t
        interval; nan where n < 2 or fresh seeds can change neither), `p`, `p_low`, `p_high` (probability that a
        corrected replicate scores above one with the cause), `n_corrected`, `n_cause`, `images_corrected`,
        `images_cause` (training images whose labels were used; the most of its trials).
    """
    found, limits = numbers(df), stats.bounds(summary.objective(df))
    tested = summary.replicates(df).dropna(subset="test")
    trials = {str(cell): rows for cell, rows in tested.groupby("cell")}
    scores = comparisons.repeated(df)
    rows = []
    for place, group in found[found["cell"].isin(trials)].groupby("place", sort=False):
        named = dict(zip(group["version"], group["cell"], strict=True))
        best = named.pop(CORRECTED, None)
        for version, cell in named.items() if best else ():
            cost = _cost(trials[best], trials[cell], limits)
            p = stats.improvement(scores[best], scores[cell])
            means = (trials[best]["test"].mean(), trials[cell]["test"].mean())
            both = (trials[best], trials[cell])
            images = (each["train_images"].max() for each in both)
            rows.append((place, version, *means, *cost[:3], *p[:3], *map(len, both), *images))
    columns = ["place", "cause", "corrected", "with_cause", "cost", "low", "high", "p", "p_low", "p_high"]
    columns += ["n_corrected", "n_cause", "images_corrected", "images_cause"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[-2:], "Int64"))


def _cost(corrected: pd.DataFrame, other: pd.DataFrame, limits: tuple[float, float]) -> stats.Interval:
    found = stats.difference(corrected["test"], other["test"], limits)
    neither = summary.fixed(corrected, "test") and summary.fixed(other, "test")
    return found._replace(low=np.nan, high=np.nan) if neither else found


def causes_text(df: pd.DataFrame) -> pd.DataFrame:
    """The table of `causes` as short texts; scores in per cent, costs in points of it.

    The images of both are shown where they differ anywhere.
    """
    found, metric = causes(df), summary.objective(df)
    rows = [
        (
            row.place,
            ALL if row.cause == PUBLISHED else row.cause,
            format.score(row.corrected, metric),
            format.score(row.with_cause, metric),
            format.spread(stats.Interval(row.cost, row.low, row.high, 0), metric),
            format.probability(stats.Interval(row.p, row.p_low, row.p_high, 0)),
            f"{row.n_corrected} and {row.n_cause}",
            _images(row.images_corrected, row.images_cause),
        )
        for row in found.itertuples()
    ]
    heads = ["", "cause", "corrected", "with the cause", "cost [95 %]", "P(corrected > with it) [95 %]", "n", "images"]
    shown = pd.DataFrame(rows, columns=heads, dtype="string")
    return shown if shown["images"].str.contains(" and ").any() else shown.drop(columns="images")


def _images(corrected: Any, other: Any) -> str:
    """The training images of both: `516 and 688`, or one number where they are equal."""
    found = [format.counts([number]) for number in (corrected, other)]
    return " and ".join(dict.fromkeys(found))
