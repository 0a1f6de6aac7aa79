"""Scores on an earlier task while the last task is learnt, as curves: numbers, ink and words."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import axes, looks
from analysis.numbers import comparisons, forgetting, format, stats
from analysis.numbers.study_table import StudyTable

NETS = {"": "as it is", forgetting.OWN: "with the BatchNorm statistics of before"}


def data(table: StudyTable) -> pd.DataFrame:
    """Mean validation score on earlier tasks by epoch of the last task, with the network's own and old statistics.

    Returns:
        One row per cell, earlier task, network and epoch: `panel` (the cell, and the task if there are several),
        `cell`, `key`, `contender`, `look`, `task`, `net` (see `NETS`), `epoch` (0 = as the earlier task left it),
        `split`, `metric`, `mean`, `low`, `high` (95 % t interval), `n`.
    """
    scores, metric, rows = forgetting.rows(table), forgetting.objective(table), []
    nets = {metric + end: net for end, net in NETS.items()}
    scores = scores[(scores["split"] == "val") & scores["metric"].isin(nets)].dropna(subset=["epoch", "score"])
    for (cell, task, name), curve in scores.groupby(["cell", "task", "metric"], sort=False):
        for epoch, replicates in curve.groupby("epoch"):
            interval = stats.t_interval(replicates["score"], stats.bounds(metric))
            rows.append((cell, task, nets[name], epoch, "val", metric, *interval))
    columns = ["cell", "task", "net", "epoch", "split", "metric", *stats.Interval._fields]
    placed = comparisons.placed(pd.DataFrame(rows, columns=columns).astype({"cell": "string"}), table)
    if placed["task"].nunique() > 1:
        placed["panel"] += " · " + placed["task"]
    return placed


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw the network as it is, solid in colour, and over it with its old statistics, dashed in black."""
    colour = looks.look(data["look"].iloc[0]).colour
    for end, net in NETS.items():
        rows = data[data["net"] == net]
        line: dict[str, Any] = (
            {"color": "0.1", "ls": (0, (3, 2)), "lw": 1.1} if end else {"color": colour, "ls": "-", "lw": 2.0}
        )
        x = rows["epoch"].astype(float)
        ax.plot(x, rows["mean"], label=net, zorder=3 + bool(end), **line)
        ax.fill_between(x, rows["low"].astype(float), rows["high"].astype(float), color=line["color"], alpha=0.15, lw=0)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("epoch of the last task (0 = before it)")
    axes.score_axis(ax, data)
    ax.set_ylabel(f"earlier task's\n{ax.get_ylabel()}")


def caption(data: pd.DataFrame) -> str:
    """What lines and bands are, and over how many trials."""
    return (
        f"Validation {data['metric'].iloc[0]} on an earlier task while the last task of the chain is learnt, with the "
        "earlier task's head, one panel per cell. Solid: the network as it is; dashed: with the BatchNorm statistics "
        "of when the earlier task had been learnt, so that what lies between both is the BatchNorm part. Mean over n = "
        f"{format.counts(data['n'])} trials with fresh seeds; bands: {stats.KIND} at each epoch."
    )


def alt(data: pd.DataFrame) -> str:
    """Where each line ends."""
    last = data.sort_values("epoch", kind="stable").drop_duplicates(["panel", "net"], keep="last").sort_index()
    ends = [
        f"{row.panel} {row.net} {format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in last.itertuples()
    ]
    return f"Validation {format.unit(data['metric'].iloc[0])} on earlier tasks at the last epoch: {'; '.join(ends)}."
