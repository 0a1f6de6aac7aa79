"""What the response figures share: last validation scores of search trials against one of their hyperparameters."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import looks, trial_curves
from analysis.numbers import comparisons, format
from analysis.numbers.study_table import StudyTable

PRUNED = "0.6"


def last_scores(table: StudyTable, key: str) -> pd.DataFrame:
    """Last validation score of each search trial against one of its hyperparameters.

    Args:
        table: the study's.
        key: a column of the configuration, e.g. `lr` or `freeze_depth`; trials that do not read it are left out.

    Returns:
        One row per trial: `panel`, `cell`, `key`, `contender`, `look`, `regime`, `trial`, `kind` (winner,
        complete, pruned, running, failed), `epoch` (at which it was scored), `split`, `metric`, `score`, `val_is_test`
        (the cell is validated on the test split), and `key`.
    """
    trials = table.trials
    trials = trials[trials["role"] == "search"].dropna(subset=["val", key])
    trials = trials.assign(kind=trials["trial"].map(trial_curves.trial_kinds(table)), score=trials["val"], split="val")
    trials["metric"], trials["val_is_test"] = table.objective, trials["cell"].isin(table.on_test)
    placed = comparisons.placed(trials, table)
    return placed.assign(panel=placed["cell"].map(table.titles((key,))))[[*trial_curves.COLUMNS, key]]


def scatter(data: pd.DataFrame, key: str, ax: Axes) -> None:
    """Draw a mark per trial: its score over its value of a hyperparameter."""
    look = looks.look(data["look"].iloc[0])
    marks: dict[str, dict[str, Any]] = {
        "pruned": {"marker": "x", "color": PRUNED, "s": 14, "lw": 0.9, "zorder": 2},
        "failed": {"marker": "1", "color": "0.3", "s": 26, "lw": 0.9, "zorder": 2},
        "running": {"marker": "o", "facecolor": "none", "edgecolor": PRUNED, "s": 16, "lw": 0.9, "zorder": 2},
        "complete": {"marker": "o", "color": look.colour, "s": 16, "alpha": 0.75, "lw": 0, "zorder": 3},
        "winner": {"marker": "*", "color": look.colour, "s": 120, "edgecolor": "black", "lw": 0.8, "zorder": 4},
    }
    for kind, mark in marks.items():
        rows = data[data["kind"] == kind]
        if len(rows):
            ax.scatter(rows[key].astype(float), rows["score"], label=kind, **mark)
    ax.margins(x=0.08, y=0.1)


def legend(data: pd.DataFrame) -> str:
    """What the marks of `scatter` are, and how many."""
    kinds = format.kinds(data["kind"].value_counts().items())
    return (
        f"Each mark is one search trial (n = {len(data)}: {kinds}), so there is no interval; "
        "other tuned values differ between marks. Star: the cell's winner. "
        f"Crosses: pruned, at the score of the epoch where they were stopped.{trial_curves.on_test(data)}"
    )
