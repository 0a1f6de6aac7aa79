"""The saved model of each cell of a study, with the validation score that ranks it."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from analysis.numbers import format, stats
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import load


class NoModelError(ValueError):
    """No complete replicate of a study has a saved model; the text counts the study's trials by state."""


class BestModel(NamedTuple):
    """The saved model of one cell."""

    cell: str
    trial: str
    """The replicate whose model this is."""
    val: float
    """The mean validation score of the cell's replicates in `metric`; larger is better."""
    n: int
    """The number of replicates with a validation score."""
    metric: str
    on_test: bool
    """The cell was validated on the test split, so that its score must not choose a model."""

    @property
    def score(self) -> str:
        """The mean validation score as text: `accuracy 99.00 %, 5 replicates`."""
        unit = " %" if self.metric in stats.SHARES else ""
        return f"{self.metric} {format.score(self.val, self.metric)}{unit}, {format.plural(self.n, 'replicate')}"


def best_models(folder: Path, saved: Collection[str]) -> list[BestModel]:
    """The saved model of each cell of a study; scores on the test split play no part.

    Args:
        folder: the study's folder, which has its table.
        saved: the names of trials whose models are saved, in any order.

    Returns:
        One model per cell with a saved replicate and a validation score. Cells are in the order of the report, not of
        their scores. Of several saved replicates the one with the lowest number counts.

    Raises:
        NoModelError: no complete replicate is among `saved`.
        analysis.numbers.table.NoTableError: the folder has no table.
        analysis.numbers.table.TableError: the table is damaged.
    """
    table = StudyTable(load(folder))
    replicates = table.replicates
    candidates = replicates[replicates["trial"].isin(saved)]
    if candidates.empty:
        states = table.trials["state"].value_counts()
        counts = ", ".join(f"{count} {state}" for state, count in states.items())
        raise NoModelError(f"trials: {counts or 'none'}")
    first = candidates.sort_values("number").drop_duplicates("cell")
    scores = replicates.dropna(subset=["val"]).groupby("cell")["val"].agg(["mean", "count"])
    rows = table.grid[["cell"]].merge(first[["cell", "trial"]], on="cell")
    rows = rows.merge(scores.set_axis(["val", "n"], axis=1), on="cell")
    metric, on_test = table.objective, table.on_test
    return [BestModel(row.cell, row.trial, row.val, row.n, metric, row.cell in on_test) for row in rows.itertuples()]
