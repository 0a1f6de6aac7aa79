"""Test scores of trials against how well their pretrained weights solve their own task: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks, pretraining
from analysis.numbers import comparisons, format, stats
from analysis.numbers.study_table import StudyTable


def data(table: StudyTable) -> pd.DataFrame:
    """The skill of each pretraining at its own task, and the test score of the cells that start from its weights.

    Returns:
        One row per cell whose weights were trained first, without those as published, whose recipe is another: `panel`,
        `cell`, `weights`, `look`, `pretext` (accuracy on held-out images less chance, over 1 less chance), `split`,
        `metric`, `mean`, `low`, `high`, `n`.
    """
    last = pretraining.data(table)
    last = last[last["split"] == "val"].drop_duplicates("weights", keep="last").set_index("weights", drop=False)
    skill = (last["score"] - last["chance"]) / (1 - last["chance"])
    source = _weights_of_cells(table)
    scored = comparisons.scored(table)
    scored = scored[(scored["role"] != "published") & (scored["split"] == "test") & scored["cell"].isin(source.index)]
    share = scored["label_fraction"].map(lambda value: f"{format.fraction(value)} labels")
    scored = scored.assign(panel=share, weights=scored["cell"].map(source))
    for name, values in (("pretext", skill), ("look", last["look"])):
        scored[name] = scored["weights"].map(values)
    columns = ["panel", "cell", "weights", "look", "pretext", "split", "metric", "mean", "low", "high", "n"]
    return scored[columns].reset_index(drop=True)


def _weights_of_cells(table: StudyTable) -> pd.Series:
    """Per cell (the index) that starts from weights trained first, their name."""
    columns = ["weights", *pretraining.SHARED]
    rows = table.pretraining
    trainings = rows.drop_duplicates("trial")[["trial", *columns]].astype("string").fillna("")
    trainings = trainings.assign(name=trainings["trial"].map(pretraining.training_names(rows)))
    cells = table.trial_rows.drop_duplicates("cell")[["cell", *columns]].astype("string").fillna("")
    return cells.merge(trainings.drop_duplicates(columns), on=columns).set_index("cell")["name"]


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a point with its interval per cell."""
    for name, rows in data.groupby("weights", sort=False):
        look = looks.look(rows["look"].iloc[0])
        ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
        reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]]
        marks: dict[str, Any] = {"color": look.colour, "marker": look.marker, "ls": "none", "label": str(name)}
        ax.errorbar(rows["pretext"], rows["mean"], yerr=reach, capsize=2.5, elinewidth=1, **marks)
    ax.set_xlabel("skill at the pretext")
    ax.set_xlim(0, 1)
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame) -> str:
    """What the points are."""
    return (
        "Test score of trials that start from pretrained weights against how well these weights solve their own task: "
        "skill = (accuracy - chance) / (1 - chance) on held-out images. One point per cell that is not as published, "
        f"mean and {stats.KIND} over n = {format.counts(data['n'])} replicates. A pretext that is solved better need "
        "not transfer better: it may be solved by a shortcut."
    )


def alt(data: pd.DataFrame) -> str:
    """All points in words."""
    points = [
        f"{row.weights} at {row.panel}: skill {row.pretext:.2f}, test "
        f"{format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in data.itertuples()
    ]
    return f"Test score against skill at the pretext: {'; '.join(points)}."
