"""The learning curve of every trial, one panel per cell: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import axes, looks
from analysis.numbers import comparisons, format
from analysis.numbers.study_table import StudyTable, once

COLUMNS = (
    *("panel", "cell", "key", "contender", "look", "regime", "trial", "kind"),
    *("epoch", "split", "metric", "score", "val_is_test"),
)
LINES: dict[str, dict[str, Any]] = {
    "pruned": {"color": "0.75", "lw": 0.6, "ls": "--", "zorder": 1},
    "failed": {"color": "0.55", "lw": 0.6, "ls": ":", "zorder": 1},
    "running": {"color": "0.35", "lw": 0.8, "ls": ":", "zorder": 2},
    "complete": {"color": "0.6", "lw": 0.7, "ls": "-", "zorder": 2},
    "replicate": {"lw": 0.8, "ls": "-", "alpha": 0.55, "zorder": 3},
    "published": {"lw": 1.1, "ls": (0, (4, 1.5)), "alpha": 0.8, "zorder": 3},
    "winner": {"lw": 2.0, "ls": "-", "zorder": 4},
}


@once
def data(table: StudyTable) -> pd.DataFrame:
    """Validation score per epoch of every search trial, of the winners' replicates and of trials as published.

    Returns:
        One row per trial and epoch: `panel` (the cell's short name), `cell`, `key`, `contender`, `look`,
        `regime`, `trial`, `kind` (winner, replicate, published, or the search trial's state), `epoch` (0 = as loaded),
        `split`, `metric`, `score`, `val_is_test` (the cell is validated on the test split).
    """
    kinds = trial_kinds(table)
    scores = table.scores("val")
    scores = scores[scores["trial"].isin(kinds.index)].dropna(subset=["epoch", "score"])
    scores = scores.assign(kind=scores["trial"].map(kinds), val_is_test=scores["cell"].isin(table.on_test))
    return comparisons.placed(scores, table)[[*COLUMNS]]


@once
def trial_kinds(table: StudyTable) -> pd.Series:
    """Per trial of a figure (the index): winner, replicate, published, or the search trial's state."""
    trials = table.trials.set_index("trial")
    search = trials.loc[trials["role"] == "search", "state"].astype("string")
    search[search.index.isin(table.winners["trial"])] = "winner"
    replicates = table.replicates.set_index("trial")["role"]
    return pd.concat([search, replicates])


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell's curves: in colour the winner bold, replicates thin, as published dashed; others in grey."""
    for kind, style in LINES.items():
        rows = data[data["kind"] == kind]
        if rows.empty:
            continue
        joined = _joined(rows)
        line = style if "color" in style else style | {"color": looks.look(rows["look"].iloc[0]).colour}
        ax.plot(joined["epoch"], joined["score"], label=kind, **line)
        dotted = kind in ("failed", "running") or rows["epoch"].nunique() == 1  # one point makes no line
        for _, trial in rows.groupby("trial") if dotted else ():
            ax.plot(
                trial["epoch"].iloc[-1:],
                trial["score"].iloc[-1:],
                color=line["color"],
                marker=".",
                ms=3 if len(trial) > 1 else 6,
                lw=0,
            )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("epoch (0 = as loaded)")
    axes.score_axis(ax, data)
    if data["val_is_test"].all():
        note = format.on_test(set(data["kind"]) == {"published"}).replace(", ", ",\n")
        ax.text(0.97, 0.03, note, transform=ax.transAxes, ha="right", va="bottom", size=6, color="0.35")


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """All curves as one line with a gap between trials, since a hundred lines cost a hundred times as much."""
    plain = rows[["trial", "epoch", "score"]].astype({"epoch": "float64"})
    gaps = plain.drop_duplicates("trial").assign(epoch=float("inf"), score=float("nan"))
    return pd.concat([plain, gaps]).sort_values(["trial", "epoch"]).replace(float("inf"), float("nan"))


def caption(data: pd.DataFrame) -> str:
    """What the lines are, and how many."""
    kinds = data.drop_duplicates("trial")["kind"].value_counts()
    replicates, published = (int(kinds.get(kind, 0)) for kind in ("replicate", "published"))
    searched = data["trial"].nunique() - replicates - published
    counts = [
        f"{format.plural(searched, 'search trial')}",
        f"{format.plural(replicates, 'replicate')} of the winners",
    ]
    counts += [f"{format.plural(published, 'trial')} as published"] if published else []
    return (
        f"Validation {data['metric'].iloc[0]} per epoch, one panel per cell. Every line is one trial (n = "
        f"{', '.join(counts)}), so there is "
        "no interval: the spread of the thin coloured lines is the spread over seeds. "
        f"Grey: the other trials of the search, dashed where pruned.{on_test(data)}"
    )


def on_test(data: pd.DataFrame) -> str:
    """A sentence on how many panels show test scores instead of validation scores; empty if none does."""
    rows, panels = data[data["val_is_test"]], data["panel"].nunique()
    number, why = rows["panel"].nunique(), format.on_test(set(rows["kind"]) == {"published"})
    verb, curves = ("are", "their curves are") if number > 1 else ("is", "its curve is")
    return f" {number} of {format.plural(panels, 'panel')} {verb} {why}: {curves} the test's." if number else ""


def alt(data: pd.DataFrame) -> str:
    """The last score of each winner's curve."""
    subject = f"Learning curves, {format.unit(data['metric'].iloc[0])} on validation per epoch."
    return subject + winners(data) + on_test(data)


def winners(data: pd.DataFrame) -> str:
    """A sentence with the last score of each panel's winner."""
    last = data[data["kind"] == "winner"].sort_values("epoch").drop_duplicates("cell", keep="last")
    scores = [f"{row.panel} {format.score(row.score, row.metric)}" for row in last.itertuples()]
    return f" Winners at their last epoch: {'; '.join(scores)}." if scores else " No cell has a winner yet."
