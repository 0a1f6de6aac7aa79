"""The mean curves of contenders with their bands, against epochs or optimizer steps: numbers, ink and words."""

from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from analysis.figures import axes, looks
from analysis.numbers import comparisons, format, grid, stats
from analysis.numbers.study_table import StudyTable

AXES = {"epoch": "epoch (0 = as loaded)", "step": "optimizer steps"}


def data(table: StudyTable, metric: str | None = None, against: str = "epoch") -> pd.DataFrame:
    """Mean validation score over the replicates of each cell, by epoch or step.

    Args:
        table: the study's.
        metric: None is the objective.
        against: epoch or step. By step there is no row if an epoch has as many steps in all cells, as the curves
            would be the same.

    Returns:
        One row per cell and epoch: `panel` (what else is compared), `cell`, `key`, `contender`, `look`, `regime`,
        `epoch`, `step`, `split`, `metric`, `mean`, `low`, `high` (95 % t interval), `n`. No row if nothing competes.
    """
    metric = metric or table.objective
    scores = table.scores("val", metric)
    scores = scores[scores["trial"].isin(table.replicates["trial"])].dropna(subset=["epoch", "step", "score"])
    if table.contender is None or (against == "step" and not _steps_differ(scores)):
        scores = scores.iloc[:0]
    rows = []
    for (cell, epoch), group in scores.groupby(["cell", "epoch"], sort=False):
        interval = stats.t_interval(group["score"], stats.bounds(metric))
        rows.append((cell, group["regime"].iloc[0], epoch, group["step"].max(), "val", metric, *interval))
    columns = ["cell", "regime", "epoch", "step", "split", "metric", *stats.Interval._fields]
    placed = comparisons.placed(pd.DataFrame(rows, columns=columns).astype({"cell": "string"}), table, ())
    ranks = {panel: number for number, panel in enumerate(grid.meetings(table.grid, table.contender))}
    return placed.sort_values("panel", key=lambda panels: panels.map(ranks), kind="stable").reset_index(drop=True)


def numbers(table: StudyTable) -> pd.DataFrame:
    """The mean learning curve of each cell's replicates, or of its trials as published, by split and metric.

    Returns:
        One row per cell, split, metric and epoch, in this order: `cell`, `role` (replicate, published), `split` (train,
        val), `metric`, `epoch` (0 = as loaded), `step` (optimizer steps so far), `mean`, `low`, `high` (95 % t
        interval), `n` (trials).
    """
    rows = table.trial_rows
    scores = rows[rows["trial"].isin(table.replicates["trial"]) & rows["split"].isin(("train", "val"))]
    scores = scores.dropna(subset=["epoch", "score"])
    keys, means = ["cell", "role", "split", "metric", "epoch"], []
    for values, group in scores.groupby(keys):
        means.append((*values, group["step"].max(), *stats.t_interval(group["score"], stats.bounds(str(values[3])))))
    curves = pd.DataFrame(means, columns=[*keys, "step", *stats.Interval._fields])
    ranks = {cell: number for number, cell in enumerate(table.grid["cell"])}
    return curves.sort_values("cell", key=lambda cells: cells.map(ranks), kind="stable").reset_index(drop=True)


def _steps_differ(scores: pd.DataFrame) -> bool:
    """Whether some cells have more steps in an epoch than others."""
    trained = scores[scores["epoch"] > 0]
    return (trained["step"] / trained["epoch"]).nunique() > 1


def plot(data: pd.DataFrame, ax: Axes, against: str = "epoch") -> None:
    """Draw a line and a band per contender."""
    for name, rows in data.groupby("contender", sort=False):
        look = looks.look(rows["look"].iloc[0])
        x = rows[against].astype(float)
        ax.plot(x, rows["mean"], color=look.colour, ls=look.dash, lw=1.6, label=str(name))
        ax.fill_between(x, rows["low"].astype(float), rows["high"].astype(float), color=look.colour, alpha=0.15, lw=0)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel(AXES[against])
    axes.score_axis(ax, data)


def caption(data: pd.DataFrame, against: str = "epoch") -> str:
    """What lines and bands are, and over how many trials."""
    by = {"epoch": "epochs", "step": "optimizer steps, which a smaller label fraction has fewer of in an epoch"}[
        against
    ]
    return (
        f"Validation {data['metric'].iloc[0]} against {by}, one line per {data['key'].iloc[0]}: mean over n = "
        f"{format.counts(data['n'])} replicates of each cell's winner, or of the values as published, with fresh seeds"
        f". Bands: {stats.KIND} at each epoch."
    )


def alt(data: pd.DataFrame, against: str = "epoch") -> str:
    """Where each line ends."""
    last = data.sort_values("epoch", kind="stable").drop_duplicates("cell", keep="last")
    ends = [
        f"{row.contender} ({row.panel}) {format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in last.sort_index().itertuples()
    ]
    return f"Mean validation {format.unit(data['metric'].iloc[0])} per {against}; at the end: {'; '.join(ends)}."


loss = partial(data, metric="loss")
by_step = partial(data, against="step")
