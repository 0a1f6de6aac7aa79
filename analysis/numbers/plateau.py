"""How soon a training run reaches its plateau: the first epoch and step near its best validation score."""

from typing import NamedTuple

import pandas as pd

from analysis.numbers import comparisons, format, stats
from analysis.numbers.study_table import StudyTable, once

SHARES = (0.95, 0.99)
"""Of a run's own best validation score; a run that reaches one is near its plateau."""
KIND = f"{stats.KIND} over replicates"


@once
def runs(table: StudyTable) -> pd.DataFrame:
    """When each replicate first reaches each share of its own best validation score.

    Returns:
        One row per trial and share: `cell`, `trial`, `share`, `epoch`, `step`, `best` (the highest validation score).
    """
    scores = table.scores("val")
    scores = scores[scores["trial"].isin(table.replicates["trial"])].dropna(subset=["epoch", "score"])
    best = scores.groupby("trial")["score"].transform("max")
    parts = [scores[scores["score"] >= share * best].drop_duplicates("trial").assign(share=share) for share in SHARES]
    reached = pd.concat(parts).assign(best=best)
    return reached[["cell", "trial", "share", "epoch", "step", "best"]].reset_index(drop=True)


class _Plateau(NamedTuple):
    """A row of `numbers` before its cell's panel and contender are added."""

    cell: str
    share: float
    epoch: float
    epoch_low: float
    epoch_high: float
    step: float
    step_low: float
    step_high: float
    n: int


@once
def numbers(table: StudyTable) -> pd.DataFrame:
    """The mean epoch and step of the plateau per cell, with intervals.

    Returns:
        One row per cell and share: `panel`, `cell`, `key`, `contender`, `look`, `share`, `epoch`, `epoch_low`,
        `epoch_high`, `step`, `step_low`, `step_high`, `n`.
    """
    rows = []
    for (cell, share), group in runs(table).groupby(["cell", "share"], sort=False):
        epoch, step = (stats.t_interval(group[name].astype("float64"), (0, float("inf"))) for name in ("epoch", "step"))
        rows.append(
            _Plateau(
                cell=cell,
                share=share,
                epoch=epoch.mean,
                epoch_low=epoch.low,
                epoch_high=epoch.high,
                step=step.mean,
                step_low=step.low,
                step_high=step.high,
                n=step.n,
            )
        )
    return comparisons.placed(pd.DataFrame(rows, columns=_Plateau._fields).astype({"cell": "string"}), table, ())


def text(table: StudyTable) -> pd.DataFrame:
    """The same as short texts: `4.3 [3.7, 4.9]`."""
    rows = list(numbers(table).itertuples())
    columns = {
        "panel": [row.panel if row.panel != format.title({}) else "" for row in rows],
        "contender": [row.contender for row in rows],
        "of its best": [format.fraction(row.share) for row in rows],
        "epoch [95 %]": [spread(row.epoch, row.epoch_low, row.epoch_high) for row in rows],
        "step [95 %]": [spread(row.step, row.step_low, row.step_high) for row in rows],
        "n": [str(row.n) for row in rows],
    }
    return pd.DataFrame(columns, dtype="string").rename(columns={"panel": "", "contender": ""})


def spread(mean: float, low: float, high: float) -> str:
    """A number of epochs or steps with its interval, as text."""
    if pd.isna(mean):
        return format.NONE
    return f"{mean:.1f}" if pd.isna(low) else f"{mean:.1f} [{low:.1f}, {high:.1f}]"
