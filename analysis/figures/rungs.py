"""Which search trials reached which rung of early stopping, and which were pruned there: numbers, ink and words.

Knows the validation scores of a table, and takes for a rung what its trials say: an epoch at which some were pruned.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks, trial_curves
from analysis.numbers import format

KINDS: dict[str, dict[str, Any]] = {
    "pruned": {"color": "0.68", "lw": 0.7, "marker": "x", "ms": 4, "zorder": 2},
    "failed": {"color": "0.3", "lw": 0.7, "ls": ":", "marker": "1", "ms": 6, "zorder": 2},
    "running": {"color": "0.3", "lw": 0.7, "ls": ":", "marker": "o", "mfc": "none", "ms": 3.5, "zorder": 2},
    "complete": {"color": "0.35", "lw": 0.9, "marker": "o", "ms": 3, "zorder": 3},
    "winner": {"lw": 2.0, "marker": "*", "ms": 10, "mec": "black", "mew": 0.7, "zorder": 4},
}

ASIDE = 0.2  # of the way to the next rung


def data(df: pd.DataFrame) -> pd.DataFrame:
    """The validation score of each search trial at each rung that it reached.

    Args:
        df: a study's table.

    Returns:
        One row per trial and rung: `panel`, `cell`, `key`, `contender`, `look`, `regime`, `trial`, `kind` (winner, or
        the trial's state), `rung` (epoch), `place` (of the rung among those of all cells, 0 first), `pruned` (stopped
        here), `split`, `metric`, `score`. A rung is an epoch at which a trial of any cell was pruned; so is a cell's
        last epoch. No row where nothing was pruned.
    """
    found = trial_curves.data(df)
    found = found[found["kind"].isin(KINDS)].sort_values("epoch", kind="stable")
    last = found.groupby("trial")["epoch"].transform("max")
    found = found.assign(pruned=(found["kind"] == "pruned") & (found["epoch"] == last))
    stops = set(found.loc[found["pruned"], "epoch"])
    whole = found[found["kind"].isin(["winner", "complete"])].groupby("cell")["epoch"].max()
    ends = found["epoch"] == found["cell"].map(whole).astype("Int64")
    found = found[found["epoch"].isin(stops) | ends.fillna(False)] if stops else found.iloc[:0]
    places = {rung: place for place, rung in enumerate(sorted(found["epoch"].unique()))}
    found = found.assign(rung=found["epoch"], place=found["epoch"].map(places).astype("int64")).sort_index()
    kept = ["panel", "cell", "key", "contender", "look", "regime", "trial", "kind", "rung", "place", "pruned"]
    return found[[*kept, "split", "metric", "score"]].reset_index(drop=True)


def counts(data: pd.DataFrame) -> pd.DataFrame:
    """One row per cell and rung: `cell`, `place`, `rung`, `reached` (trials scored there), `pruned` (of these)."""
    each = data.groupby(["cell", "place", "rung"], sort=False)
    return each.agg(reached=("trial", "size"), pruned=("pruned", "sum")).reset_index().sort_values(["cell", "place"])


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell: a line per trial from rung to rung, with a mark where it ended; below each rung how many did."""
    aside = dict(zip(data["trial"].unique(), np.linspace(-ASIDE, ASIDE, data["trial"].nunique()), strict=True))
    for kind, line in KINDS.items():
        rows = data[data["kind"] == kind]
        given = line if "color" in line else line | {"color": looks.look(data["look"].iloc[0]).colour}
        for number, (trial, one) in enumerate(rows.groupby("trial")):
            x, label = one["place"] + aside[trial], None if number else kind
            ax.plot(x, one["score"], label=label, markevery=[len(one) - 1], **given)
    told = counts(data)
    ax.set_xticks(told["place"], [f"{row.rung}\n{row.pruned}/{row.reached}" for row in told.itertuples()])
    ax.set_xlim(-0.4, data["place"].max() + 0.4)
    ax.set_xlabel("epoch of the rung\n(pruned / reached it)")
    axes.score_axis(ax, data)


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs."""
    return 1.95


def caption(data: pd.DataFrame) -> str:
    """What lines and marks are, and of how many trials."""
    kinds = data.drop_duplicates("trial")["kind"].value_counts()
    told = format.kinds((kind, int(kinds[kind])) for kind in KINDS if kind in kinds)
    return (
        f"Validation {data['metric'].iloc[0]} of the search trials at the rungs of early stopping, one panel per cell: "
        f"the epochs at which trials were pruned, and the cell's last. Every line is one trial (n = "
        f"{data['trial'].nunique():,}: {told}), so there is no interval; its mark is where it ended; lines are "
        "shifted sideways by their order in the search. Rungs are filled as trials arrive, so that one may be "
        "pruned with a score with which an earlier one went on."
    )


def alt(data: pd.DataFrame) -> str:
    """How many reached each rung, cell by cell."""
    panels = data.drop_duplicates("cell").set_index("cell")["panel"]
    told = [
        f"{panels[cell]} " + ", ".join(f"{row.reached} at epoch {row.rung}" for row in rows.itertuples())
        for cell, rows in counts(data).groupby("cell", sort=False)
    ]
    return f"Trials by rung, {format.unit(data['metric'].iloc[0])} on validation: {'; '.join(told)}."
