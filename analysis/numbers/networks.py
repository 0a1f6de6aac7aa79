"""What networks score and cost, where a study compares several: one row a cell, and the front of score and cost.

Networks meet within one combination of all else that is compared. Knows nothing of how a network is built.
"""

import pandas as pd

from analysis.numbers import comparisons, format, grid, licences, stats
from analysis.numbers.columns import COSTS
from analysis.numbers.study_table import StudyTable, once

ELSEWHERE = ("label_fraction", "version")  # keys that name no network, even where operations differ with them
MEASURED = ("train_images_per_second", "predict_images_per_second", "peak_memory")
GIGA, MEGA = 1e9, 1e6


@once
def keys(table: StudyTable) -> tuple[str, ...]:
    """The compared keys that name a network: those whose values alone change the operations for an image."""
    cells, macs = table.grid, table.trials.groupby("cell")["macs"].median()
    cells = cells.assign(macs=cells["cell"].map(macs).astype("float64"))
    candidates = [key for key in table.grid.columns[1:] if key not in ELSEWHERE]
    return tuple(key for key in candidates if _changes(cells, key))


def _changes(cells: pd.DataFrame, key: str) -> bool:
    """Whether cells that differ in this key alone differ in `macs`."""
    others = [name for name in cells if name not in ("cell", "macs", key)]
    groups = cells.groupby(others, dropna=False) if others else [((), cells)]
    return any(group["macs"].nunique() > 1 for _, group in groups)


@once
def data(table: StudyTable) -> pd.DataFrame:
    """Each network's score and costs, in every comparison of at least two.

    Returns:
        The rows of `comparisons.scored` with `panel` (what else is compared), `key`, `contender` (the network) and
        `look` of their own; the columns of `COSTS`, as medians over the trials that are scored where they are measured;
        `front` and `front_by_speed` (no other of the panel has as few operations, or predicts as fast, and has a higher
        mean). Sorted by panel, the highest mean first. No rows if no compared key changes the operations.
    """
    rows, named = comparisons.discussed(table), list(keys(table))
    if not named or rows.empty:
        return rows.iloc[:0].reindex(columns=[*rows.columns, *COSTS, "front", "front_by_speed"])
    cells = table.grid
    names = grid.titles(cells[["cell", *named]])
    looks = {name: str(number) for number, name in enumerate(dict.fromkeys(names), 1)}
    panels = table.titles(tuple(named))
    rows = rows.assign(panel=rows["cell"].map(panels), contender=rows["cell"].map(names))
    rows = rows.assign(key=" and ".join(named), look=rows["contender"].map(looks)).join(_costs(table), on="cell")
    rows = rows[rows.groupby("panel")["contender"].transform("size") > 1]
    ranks = {panel: rank for rank, panel in enumerate(dict.fromkeys(rows["panel"]))}
    rows = rows.sort_values("mean", ascending=False, kind="stable")
    rows = rows.sort_values("panel", key=lambda column: column.map(ranks), kind="stable").reset_index(drop=True)
    by_macs = [_front(group, -group["macs"].astype("float64")) for _, group in rows.groupby("panel", sort=False)]
    by_speed = [_front(group, group["predict_images_per_second"]) for _, group in rows.groupby("panel", sort=False)]
    fronts = {"front": by_macs, "front_by_speed": by_speed}
    return rows.assign(**{name: pd.concat(parts) if parts else False for name, parts in fronts.items()})


def _costs(table: StudyTable) -> pd.DataFrame:
    """The costs of each cell (the index): of its trials with a test score, of its winner before there are any."""
    trials = table.replicates.dropna(subset="test")
    groups = (table.winners if trials.empty else trials).groupby("cell")
    costs = groups[list(COSTS)].first()
    costs[list(MEASURED)] = groups[list(MEASURED)].median()
    return costs


def _front(rows: pd.DataFrame, cheapness: pd.Series) -> pd.Series:
    """Which rows no other one beats in mean and cheapness; none whose cheapness is unknown."""
    points = list(zip(rows["mean"], cheapness, strict=True))
    beaten = [
        any(mean >= own and cheap >= mine and (mean, cheap) != (own, mine) for mean, cheap in points)
        for own, mine in points
    ]
    return ~pd.Series(beaten, index=rows.index) & cheapness.notna()


def text(table: StudyTable) -> pd.DataFrame:
    """The networks as short texts, one row each."""
    rows = data(table)
    heads = ["where"] if rows["panel"].nunique() > 1 else []
    texts = [
        {
            "where": row.panel,
            "network": row.contender,
            f"{row.split} [95 %]": format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric),
            "n": str(row.n),
            "front": "yes" if row.front else "",
            "G MACs": scaled(row.macs, GIGA),
            "M parameters": scaled(row.parameters, MEGA),
            "frozen": format.percent(row.frozen_share),
            "images/s": scaled(row.predict_images_per_second),
            "training images/s": scaled(row.train_images_per_second),
            "GB": scaled(row.peak_memory, GIGA),
            "licence": format.NONE if pd.isna(row.licence) else licences.described(row.licence),
        }
        for row in rows.itertuples()
    ]
    frame = pd.DataFrame(texts, dtype="string")
    return frame if heads or frame.empty else frame.drop(columns="where")


def scaled(value: float, unit: float = 1.0) -> str:
    """A count in units, with three digits: 4089184256 in giga is `4.09`."""
    if pd.isna(value):
        return format.NONE
    number = float(value) / unit
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


NOTE = (
    "front: no other network has as few MACs and a higher mean. MACs: multiply-accumulate operations of the backbone "
    "for one image of the trials' size; frozen: share of the backbone's parameters that no phase trains. Measured, as "
    "medians over the n trials: images/s of prediction, by the whole network from stored images, on one batch; "
    "training images/s, from what was kept of frozen stages; GB: the most memory that a trial had on its GPU, or its "
    "whole process on a CPU. They hold for this machine with as much work beside as it had. licence: of the published "
    "weights, as their publisher states it; a dash where a trial starts from none"
)
