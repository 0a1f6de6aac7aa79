"""The accuracy of each pretraining on its own task, by epoch: numbers, ink and words."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import axes, looks
from analysis.numbers import format
from analysis.numbers.study_table import StudyTable

SHARED = ("family", "encoder", "stem", "image_size", "upsample", "normalization")
"""Columns in which weights and the trials that start from them agree."""


def data(table: StudyTable) -> pd.DataFrame:
    """The accuracy of each pretraining on its own task, by epoch.

    Returns:
        One row per weights, split and epoch: `panel` (the pretext and whose images), `weights` (see
        `training_names`), `look`, `split` (train, val: held-out images), `metric`, `epoch`, `score` (mean over the
        trainings, as each replicate may have its own), `chance`, `n` (trainings).
    """
    rows = table.pretraining
    chance = rows[rows["metric"] == "chance"].drop_duplicates("trial").set_index("trial")["score"]
    scores = rows[(rows["metric"] == "accuracy") & rows["split"].isin(["train", "val"])]
    names = training_names(rows)
    numbers = {name: str(number) for number, name in enumerate(names.unique(), 1)}
    scores = scores.assign(panel=scores["task"], chance=scores["trial"].map(chance), weights=scores["trial"].map(names))
    scores["look"] = scores["weights"].map(numbers)
    order, columns = ["panel", "weights", "split", "epoch"], ["panel", "weights", "look", "split", "metric", "epoch"]
    means = {"score": ("score", "mean"), "chance": ("chance", "first"), "n": ("score", "size")}
    return scores.groupby(columns, sort=True).agg(**means).reset_index().sort_values(order)


def training_names(rows: pd.DataFrame) -> pd.Series:
    """The name of each training (the index): its weights' name, and if several have it what they differ in.

    Args:
        rows: of `StudyTable.pretraining`.
    """
    trainings = rows.drop_duplicates("trial").set_index("trial")
    names = trainings["weights"].copy()
    for name, group in trainings.groupby("weights"):
        differ = [key for key in SHARED if group[key].nunique(dropna=False) > 1]
        values = group[differ].apply(
            lambda row: ", ".join(f"{key}={format.number(row[key])}" for key in row.index), axis=1
        )
        if differ:
            names[group.index] = name + " (" + values + ")"
    return names


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a bold line per weights for held-out images, a thin one for training, and chance as a level line."""
    for name, rows in data.groupby("weights", sort=False):
        look = looks.look(rows["look"].iloc[0])
        for split, width, label in (("train", 0.7, None), ("val", 1.8, str(name))):
            line = rows[rows["split"] == split]
            ax.plot(line["epoch"].astype(float), line["score"], color=look.colour, ls=look.dash, lw=width, label=label)
    for level in data["chance"].dropna().unique()[:1]:
        ax.axhline(level, color="0.4", lw=0.9, ls=":", label="chance")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("epoch of pretraining")
    axes.score_axis(ax, data.assign(split="val"))
    ax.set_ylabel("accuracy on the pretext (%)")


def caption(data: pd.DataFrame) -> str:
    """What the lines are."""
    return (
        "Accuracy of each pretraining on its own task, one panel per pretext: bold on held-out images, thin the "
        f"running accuracy in training, dotted chance. Mean over trainings: n = {format.counts(data['n'])} each."
    )


def alt(data: pd.DataFrame) -> str:
    """Where the lines end."""
    last = data[data["split"] == "val"].drop_duplicates("weights", keep="last")
    ends = [
        f"{row.weights} {format.score(row.score, 'accuracy')} (chance {format.score(row.chance, 'accuracy')})"
        for row in last.itertuples()
    ]
    return f"Accuracy on held-out images of the pretext at its end, in %: {'; '.join(ends)}."
