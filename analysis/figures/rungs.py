"""Which search trials reached which rung of early stopping, and which were pruned there: numbers, ink and words.

The table does not name rungs: a rung is an epoch at which trials were pruned.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks, trial_curves
from analysis.numbers import format
from analysis.numbers.study_table import StudyTable

KINDS: dict[str, dict[str, Any]] = {
    "pruned": {"color": "0.68", "lw": 0.7, "marker": "x", "ms": 4, "zorder": 2},
    "failed": {"color": "0.3", "lw": 0.7, "ls": ":", "marker": "1", "ms": 6, "zorder": 2},
    "running": {"color": "0.3", "lw": 0.7, "ls": ":", "marker": "o", "mfc": "none", "ms": 3.5, "zorder": 2},
    "complete": {"color": "0.35", "lw": 0.9, "marker": "o", "ms": 3, "zorder": 3},
    "winner": {"lw": 2.0, "marker": "*", "ms": 10, "mec": "black", "mew": 0.7, "zorder": 4},
}

ASIDE = 0.2  # of the distance to the next rung, by which lines are shifted at most


def data(table: StudyTable) -> pd.DataFrame:
    """The validation score of each search trial at each rung that it reached.

    Returns:
        One row per trial and rung: `panel`, `cell`, `key`, `contender`, `look`, `regime`, `trial`, `kind` (winner, or
        the trial's state), `rung` (epoch), `place` (of the rung among those of all cells, 0 first), `pruned` (stopped
        here), `split`, `metric`, `score`. A rung is an epoch at which a trial of any cell was pruned; so is a cell's
        last epoch. No row if nothing was pruned.
    """
    scores = trial_curves.data(table)
    scores = scores[scores["kind"].isin(KINDS)].sort_values("epoch", kind="stable")
    last = scores.groupby("trial")["epoch"].transform("max")
    scores = scores.assign(pruned=(scores["kind"] == "pruned") & (scores["epoch"] == last))
    stops = set(scores.loc[scores["pruned"], "epoch"])
    whole = scores[scores["kind"].isin(["winner", "complete"])].groupby("cell")["epoch"].max()
    ends = scores["epoch"] == scores["cell"].map(whole).astype("Int64")
    scores = scores[scores["epoch"].isin(stops) | ends.fillna(False)] if stops else scores.iloc[:0]
    places = {rung: place for place, rung in enumerate(sorted(scores["epoch"].unique()))}
    scores = scores.assign(rung=scores["epoch"], place=scores["epoch"].map(places).astype("int64")).sort_index()
    columns = ["panel", "cell", "key", "contender", "look", "regime", "trial", "kind", "rung", "place", "pruned"]
    return scores[[*columns, "split", "metric", "score"]].reset_index(drop=True)


def counts(data: pd.DataFrame) -> pd.DataFrame:
    """One row per cell and rung: `cell`, `place`, `rung`, `reached` (trials scored there), `pruned` (of these)."""
    groups = data.groupby(["cell", "place", "rung"], sort=False)
    return groups.agg(reached=("trial", "size"), pruned=("pruned", "sum")).reset_index().sort_values(["cell", "place"])


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell: a line per trial from rung to rung, with a mark at its end; name how many each rung pruned."""
    shifts = dict(zip(data["trial"].unique(), np.linspace(-ASIDE, ASIDE, data["trial"].nunique()), strict=True))
    for kind, style in KINDS.items():
        rows = data[data["kind"] == kind]
        line = style if "color" in style else style | {"color": looks.look(data["look"].iloc[0]).colour}
        for number, (trial, scores) in enumerate(rows.groupby("trial")):
            x, label = scores["place"] + shifts[trial], None if number else kind
            ax.plot(x, scores["score"], label=label, markevery=[len(scores) - 1], **line)
    ticks = counts(data)
    ax.set_xticks(ticks["place"], [f"{row.rung}\n{row.pruned}/{row.reached}" for row in ticks.itertuples()])
    ax.set_xlim(-0.4, data["place"].max() + 0.4)
    ax.set_xlabel("epoch of the rung\n(pruned / reached it)")
    axes.score_axis(ax, data)


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs."""
    return 1.95


def caption(data: pd.DataFrame) -> str:
    """What lines and marks are, and the number of trials."""
    numbers = data.drop_duplicates("trial")["kind"].value_counts()
    kinds = format.kinds((kind, int(numbers[kind])) for kind in KINDS if kind in numbers)
    return (
        f"Validation {data['metric'].iloc[0]} of the search trials at the rungs of early stopping, one panel per cell: "
        f"the epochs at which trials were pruned, and the cell's last. Every line is one trial (n = "
        f"{data['trial'].nunique():,}: {kinds}), so there is no interval; its mark is where it ended; lines are "
        "shifted sideways by their order in the search. Rungs are filled as trials arrive, so that one may be "
        "pruned with a score with which an earlier one went on."
    )


def alt(data: pd.DataFrame) -> str:
    """The number of trials that reached each rung, cell by cell."""
    panels = data.drop_duplicates("cell").set_index("cell")["panel"]
    cells = [
        f"{panels[cell]} " + ", ".join(f"{row.reached} at epoch {row.rung}" for row in rows.itertuples())
        for cell, rows in counts(data).groupby("cell", sort=False)
    ]
    return f"Trials by rung, {format.unit(data['metric'].iloc[0])} on validation: {'; '.join(cells)}."
