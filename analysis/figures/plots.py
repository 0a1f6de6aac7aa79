"""The figures of trials, each a pair: `X_data` gives the numbers of a table, `X_plot` draws them on an Axes.

Knows nothing of pages, captions, files or reports.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from analysis.figures import axes, looks
from analysis.numbers import comparisons, format, grid, stats, summary

PRUNED = "0.6"


def score_axis(ax: Axes, data: pd.DataFrame) -> None:
    """Name the split and the metric with its unit; shares in per cent."""
    metric, split = data["metric"].iloc[0], data["split"].iloc[0]
    ax.set_ylabel(f"{'test' if split == 'test' else 'validation'} {format.unit(metric)}")
    if metric in stats.SHARES:
        ax.yaxis.set_major_formatter(FuncFormatter(format.hundredths))


def curves_data(df: pd.DataFrame) -> pd.DataFrame:
    """Validation score per epoch of every search trial and of the winners' replicates, and of trials as published.

    Returns:
        One row per trial and epoch: `panel` (the cell's short name), `cell`, `key`, `contender`, `look`,
        `regime`, `trial`, `kind` (winner, replicate, published, or the search trial's state), `epoch` (0 = as loaded),
        `split`, `metric`, `score`, `val_is_test` (the cell is validated on the test split).
    """
    kinds = _kinds(df)
    found = summary.scores(df, "val")
    found = found[found["trial"].isin(kinds.index)].dropna(subset=["epoch", "score"])
    found = found.assign(kind=found["trial"].map(kinds), val_is_test=found["cell"].isin(summary.on_test(df)))
    return comparisons.placed(found, df)[[*_COLUMNS]]


_COLUMNS = (
    *("panel", "cell", "key", "contender", "look", "regime", "trial", "kind"),
    *("epoch", "split", "metric", "score", "val_is_test"),
)


def _kinds(df: pd.DataFrame) -> pd.Series:
    """Per trial that a figure shows: winner, replicate, published, or the search trial's state."""
    found = summary.trials(df).set_index("trial")
    search = found.loc[found["role"] == "search", "state"].astype("string")
    search[search.index.isin(summary.winners(df)["trial"])] = "winner"
    again = summary.replicates(df).set_index("trial")["role"]
    return pd.concat([search, again])


CURVES: dict[str, dict[str, Any]] = {
    "pruned": {"color": "0.75", "lw": 0.6, "ls": "--", "zorder": 1},
    "failed": {"color": "0.55", "lw": 0.6, "ls": ":", "zorder": 1},
    "running": {"color": "0.35", "lw": 0.8, "ls": ":", "zorder": 2},
    "complete": {"color": "0.6", "lw": 0.7, "ls": "-", "zorder": 2},
    "replicate": {"lw": 0.8, "ls": "-", "alpha": 0.55, "zorder": 3},
    "published": {"lw": 1.1, "ls": (0, (4, 1.5)), "alpha": 0.8, "zorder": 3},
    "winner": {"lw": 2.0, "ls": "-", "zorder": 4},
}


def curves_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's curves: the winner bold, replicates thin and trials as published dashed in colour, others in grey."""
    for kind, line in CURVES.items():
        rows = data[data["kind"] == kind]
        if rows.empty:
            continue
        joined = _joined(rows)
        given = line if "color" in line else line | {"color": looks.look(rows["look"].iloc[0]).colour}
        ax.plot(joined["epoch"], joined["score"], label=kind, **given)
        ends = kind in ("failed", "running") or rows["epoch"].nunique() == 1  # one point makes no line
        for _, one in rows.groupby("trial") if ends else ():
            ax.plot(
                one["epoch"].iloc[-1:],
                one["score"].iloc[-1:],
                color=given["color"],
                marker=".",
                ms=3 if len(one) > 1 else 6,
                lw=0,
            )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("epoch (0 = as loaded)")
    score_axis(ax, data)
    if data["val_is_test"].all():
        said = format.on_test(set(data["kind"]) == {"published"}).replace(", ", ",\n")
        ax.text(0.97, 0.03, said, transform=ax.transAxes, ha="right", va="bottom", size=6, color="0.35")


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """All curves as one, with a gap between trials: one line on the page costs what a hundred would."""
    plain = rows[["trial", "epoch", "score"]].astype({"epoch": "float64"})
    gaps = plain.drop_duplicates("trial").assign(epoch=float("inf"), score=float("nan"))
    return pd.concat([plain, gaps]).sort_values(["trial", "epoch"]).replace(float("inf"), float("nan"))


def response_data(df: pd.DataFrame, key: str) -> pd.DataFrame:
    """Last validation score of each search trial against one of its hyperparameters.

    Args:
        key: a column of the configuration, e.g. `lr` or `freeze_depth`; trials that do not read it are left out.

    Returns:
        One row per trial: `panel`, `cell`, `key`, `contender`, `look`, `regime`, `trial`, `kind` (winner,
        complete, pruned, running, failed), `epoch` (at which it was scored), `split`, `metric`, `score`, `val_is_test`
        (the cell is validated on the test split), and `key`.
    """
    found = summary.trials(df)
    found = found[found["role"] == "search"].dropna(subset=["val", key])
    found = found.assign(kind=found["trial"].map(_kinds(df)), score=found["val"], split="val")
    found["metric"], found["val_is_test"] = summary.objective(df), found["cell"].isin(summary.on_test(df))
    panels = grid.titles(df, (key,))
    return comparisons.placed(found, df).assign(panel=lambda rows: rows["cell"].map(panels))[[*_COLUMNS, key]]


def lr_data(df: pd.DataFrame) -> pd.DataFrame:
    """`response_data` of the learning rate, without trials of rate 0, which has no place on a logarithmic axis."""
    found = response_data(df, "lr")
    return found[found["lr"] > 0]


def depth_data(df: pd.DataFrame) -> pd.DataFrame:
    """`response_data` of the freezing depth."""
    return response_data(df, "freeze_depth")


def lr_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's trials over the learning rate, on a logarithmic axis."""
    _points(data, "lr", ax)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(axes.Ticks(numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(format.power))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("learning rate (peak)")
    score_axis(ax, data)


def depth_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's trials over the freezing depth; a line joins the best complete one of each depth."""
    done = data[data["kind"].isin(["winner", "complete"])]
    best = done.groupby("freeze_depth")["score"].max()
    if len(best):
        look = looks.look(data["look"].iloc[0])
        ax.plot(best.index.astype(float), best, color=look.colour, ls=look.dash, lw=1.2, label="best at a depth")
    _points(data, "freeze_depth", ax)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("freezing depth (stages)")
    score_axis(ax, data)


def _points(data: pd.DataFrame, key: str, ax: Axes) -> None:
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
