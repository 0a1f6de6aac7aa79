"""How pretraining went: its own curves, and its skill against what became of the trials that start from it.

Knows the rows of role `pretrain`; knows nothing of pages or files.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import looks, plots
from analysis.numbers import comparisons, format, stats, table

SHARED = ("family", "encoder", "stem", "image_size", "upsample", "normalization")
"""Columns in which weights and the trials that start from them agree."""


def data(df: pd.DataFrame) -> pd.DataFrame:
    """The accuracy of each pretraining on its own task, by epoch.

    Args:
        df: its trainings, of `apart`.

    Returns:
        One row per weights, split and epoch: `panel` (the pretext and whose images), `weights` (with what else tells
        trainings of one name apart), `look`, `split` (train, val: held-out images), `metric`, `epoch`, `score`
        (mean over the trainings: replicates may each have one of their own), `chance`, `n` (trainings).
    """
    chance = df[df["metric"] == "chance"].drop_duplicates("trial").set_index("trial")["score"]
    found = df[(df["metric"] == "accuracy") & df["split"].isin(["train", "val"])]
    names = _names(df)
    looks = {name: str(number) for number, name in enumerate(names.unique(), 1)}
    found = found.assign(panel=found["task"], chance=found["trial"].map(chance), weights=found["trial"].map(names))
    found["look"] = found["weights"].map(looks)
    order, columns = ["panel", "weights", "split", "epoch"], ["panel", "weights", "look", "split", "metric", "epoch"]
    told = {"score": ("score", "mean"), "chance": ("chance", "first"), "n": ("score", "size")}
    return found.groupby(columns, sort=True).agg(**told).reset_index().sort_values(order)


def _names(df: pd.DataFrame) -> pd.Series:
    """What each training is called: its weights' name, and where several have it what they differ in."""
    each = df.drop_duplicates("trial").set_index("trial")
    names = each["weights"].copy()
    for name, rows in each.groupby("weights"):
        differ = [key for key in SHARED if rows[key].nunique(dropna=False) > 1]
        more = rows[differ].apply(
            lambda row: ", ".join(f"{key}={format.number(row[key])}" for key in row.index), axis=1
        )
        if differ:
            names[rows.index] = name + " (" + more + ")"
    return names


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One line per weights: held-out images bold, training thin; chance as a level line."""
    for name, rows in data.groupby("weights", sort=False):
        look = looks.look(rows["look"].iloc[0])
        for split, width, label in (("train", 0.7, None), ("val", 1.8, str(name))):
            line = rows[rows["split"] == split]
            ax.plot(line["epoch"].astype(float), line["score"], color=look.colour, ls=look.dash, lw=width, label=label)
    for level in data["chance"].dropna().unique()[:1]:
        ax.axhline(level, color="0.4", lw=0.9, ls=":", label="chance")
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("epoch of pretraining")
    plots.score_axis(ax, data.assign(split="val"))
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
    told = [
        f"{row.weights} {format.score(row.score, 'accuracy')} (chance {format.score(row.chance, 'accuracy')})"
        for row in last.itertuples()
    ]
    return f"Accuracy on held-out images of the pretext at its end, in %: {'; '.join(told)}."


def transfer_data(df: pd.DataFrame) -> pd.DataFrame:
    """How good each pretraining was at its own task, and what became of the trials that start from it.

    Args:
        df: a study's whole table.

    Returns:
        One row per cell whose weights were trained first, without those as published, whose recipe is another: `panel`,
        `cell`, `weights`, `look`, `pretext` (accuracy on held-out images less chance, over 1 less chance), `split`,
        `metric`, `mean`, `low`, `high`, `n`.
    """
    trials, own = table.apart(df)
    last = data(own)
    last = last[last["split"] == "val"].drop_duplicates("weights", keep="last").set_index("weights", drop=False)
    skill = (last["score"] - last["chance"]) / (1 - last["chance"])
    each = own.drop_duplicates("trial")[["trial", "weights", *SHARED]].astype("string").fillna("")
    each = each.assign(name=each["trial"].map(_names(own))).drop_duplicates(["weights", *SHARED])
    cells = trials.drop_duplicates("cell")[["cell", "weights", *SHARED]].astype("string").fillna("")
    source = cells.merge(each, on=["weights", *SHARED]).set_index("cell")["name"]
    scored = comparisons.scored(trials)
    scored = scored[(scored["role"] != "published") & (scored["split"] == "test") & scored["cell"].isin(source.index)]
    share = scored["label_fraction"].map(lambda value: f"{format.fraction(value)} labels")
    scored = scored.assign(panel=share, weights=scored["cell"].map(source))
    for name, values in (("pretext", skill), ("look", last["look"])):
        scored[name] = scored["weights"].map(values)
    columns = ["panel", "cell", "weights", "look", "pretext", "split", "metric", "mean", "low", "high", "n"]
    return scored[columns].reset_index(drop=True)


def transfer_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One point with its interval per cell."""
    for name, rows in data.groupby("weights", sort=False):
        look = looks.look(rows["look"].iloc[0])
        ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
        reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]]
        marks: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "label": str(name)}
        ax.errorbar(rows["pretext"], rows["mean"], yerr=reach, capsize=2.5, elinewidth=1, **marks)
    ax.set_xlabel("skill at the pretext")
    ax.set_xlim(0, 1)
    plots.score_axis(ax, data)


def transfer_caption(data: pd.DataFrame) -> str:
    """What the points are."""
    return (
        "Test score of trials that start from pretrained weights against how well these weights solve their own task: "
        "skill = (accuracy - chance) / (1 - chance) on held-out images. One point per cell that is not as published, "
        f"mean and {stats.KIND} over n = {format.counts(data['n'])} replicates. A pretext that is solved better need "
        "not transfer better: it may be solved by a shortcut."
    )


def transfer_alt(data: pd.DataFrame) -> str:
    """All points in words."""
    told = [
        f"{row.weights} at {row.panel}: skill {row.pretext:.2f}, test "
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"Test score against skill at the pretext: {'; '.join(told)}."
