"""The figures of forgetting, each with its numbers, ink and words: its two parts as bars, and its course as curves.

Knows nothing of pages, reports or files.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures import looks, plots
from analysis.numbers import comparisons, forgetting, format, grid, stats, table

BARS = {"weights": "weights part", "batchnorm": "BatchNorm part"}
WHOLE = "forgetting"
NETS = {"": "as it is", forgetting.OWN: "with the BatchNorm statistics of before"}
BAR = 0.24  # inches of height
NONE = "no replicate has been scored on an earlier task before and after"


def data(df: pd.DataFrame) -> pd.DataFrame:
    """The parts of what each cell forgot, in the objective.

    Args:
        df: a study's whole table.

    Returns:
        One row per earlier task and cell, so that all panels have the same bars: `panel` (the task), `cell`, `bar` (the
        cell's short name), `place` (of the bar), `contender`, `look`, `metric`, `forgetting`, `low`, `high`,
        `weights`, `batchnorm`, `n`, `exact`; the scores are empty where a cell learnt no such task.
    """
    found = forgetting.numbers(df)
    found = found[found["metric"] == forgetting.objective(df)]
    names = {"task": "panel", "forgetting_low": "low", "forgetting_high": "high"}
    kept = ["panel", "cell", "metric", "forgetting", "low", "high", *BARS, "n", "exact"]
    each = found.rename(columns=names | {"panel": "where"})[kept]
    cells = found.drop_duplicates("cell")[["cell", "contender", "look"]].reset_index(drop=True)
    own = table.apart(df)[0]
    cells.insert(1, "bar", cells["cell"].map(grid.titles(own, grid.alike(own))))
    cells.insert(2, "place", range(len(cells)))
    frame = pd.DataFrame({"panel": found["task"].unique()}).merge(cells, how="cross")
    told = frame.merge(each, on=["panel", "cell"], how="left")
    return told.assign(metric=forgetting.objective(df), n=told["n"].fillna(0).astype("int64"))


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One bar per cell of two parts, each drawn to its own side of 0, and the whole as a point with its interval."""
    for row in data.itertuples():
        colour, weights = looks.look(row.look).colour, 0.0 if pd.isna(row.weights) else row.weights
        same_side = weights * row.batchnorm > 0
        line: dict[str, Any] = {"height": 0.62, "edgecolor": colour, "lw": 0.8}
        ax.barh(row.place, row.weights, color=colour, **line)
        ax.barh(row.place, row.batchnorm, left=weights if same_side else 0, color="white", hatch="/////", **line)
        if row.n and row.exact and not abs(row.weights) > 0:
            ax.annotate("exactly 0", (0, row.place), (6, 0), textcoords="offset points", va="center", size=6.5)
    _keys(ax)
    _whole(data, ax)
    ax.axvline(0, color="0.3", lw=0.8)
    ax.set_yticks(data["place"], list(data["bar"]))
    ax.set_ylim(len(data) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    if data["metric"].iloc[0] in stats.SHARES:
        ax.xaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_xlabel(f"test {data['metric'].iloc[0]} lost (points)")


def _whole(data: pd.DataFrame, ax: Axes) -> None:
    """A point with its interval per bar, black on white so that it shows on a dark bar."""
    reach = [data["forgetting"] - data["low"], data["high"] - data["forgetting"]]
    looks: list[dict[str, Any]] = [
        {"color": "white", "ms": 5.5, "capsize": 3.3, "capthick": 2.8, "elinewidth": 2.8},
        {"color": "black", "ms": 3.5, "capsize": 2.5, "capthick": 1, "elinewidth": 1, "label": WHOLE},
    ]
    for look in looks:
        ax.errorbar(data["forgetting"], data["place"], xerr=reach, fmt="o", **look)


def _keys(ax: Axes) -> None:
    """Bars without length, of no contender's colour, for the legend."""
    line: dict[str, Any] = {"edgecolor": "0.25", "lw": 0.8}
    ax.barh(0, 0, color="0.25", label=BARS["weights"], **line)
    ax.barh(0, 0, color="white", hatch="/////", label=BARS["batchnorm"], **line)


def height(data: pd.DataFrame) -> float:
    """Inches that the bars of a panel need."""
    return 1.3 + BAR * data["cell"].nunique()


def caption(data: pd.DataFrame) -> str:
    """What the bars are, and over how many trials."""
    return (
        f"Test {data['metric'].iloc[0]} on an earlier task when it had been learnt, less that after the last task of "
        "the chain (right of 0: forgotten), with the earlier task's head. Filled: the weights part, lost even with the "
        "BatchNorm statistics of before; hatched: the BatchNorm part, which putting them back restores; each part is "
        f"drawn to its own side of 0. Points: their sum, mean over n = {format.counts(data.loc[data['n'] > 0, 'n'])} "
        f"trials with fresh seeds; whiskers: {forgetting.KIND}."
    )


def alt(data: pd.DataFrame) -> str:
    """Every bar in words."""
    told = [
        f"{row.panel}, {row.bar} "
        f"{format.spread(stats.Interval(row.forgetting, row.low, row.high, row.n), row.metric)} = weights "
        f"{format.score(row.weights, row.metric)} + BatchNorm {format.score(row.batchnorm, row.metric)}"
        for row in data[data["n"] > 0].itertuples()
    ]
    return f"Points of test {data['metric'].iloc[0]} lost on earlier tasks: {'; '.join(told)}."


def curves_data(df: pd.DataFrame) -> pd.DataFrame:
    """Mean validation score on earlier tasks by epoch of the last task, as the network is and with its old statistics.

    Args:
        df: a study's whole table.

    Returns:
        One row per cell, earlier task, network and epoch: `panel` (the cell, and the task where there are several),
        `cell`, `key`, `contender`, `look`, `task`, `net` (see `NETS`), `epoch` (0 = as the earlier task left it),
        `split`, `metric`, `mean`, `low`, `high` (95 % t interval), `n`.
    """
    found, metric, told = forgetting.rows(df), forgetting.objective(df), []
    nets = {metric + end: net for end, net in NETS.items()}
    found = found[(found["split"] == "val") & found["metric"].isin(nets)].dropna(subset=["epoch", "score"])
    for (cell, task, name), group in found.groupby(["cell", "task", "metric"], sort=False):
        for epoch, each in group.groupby("epoch"):
            ends = stats.t_interval(each["score"], stats.bounds(metric))
            told.append((cell, task, nets[name], epoch, "val", metric, *ends))
    columns = ["cell", "task", "net", "epoch", "split", "metric", *stats.Interval._fields]
    data = comparisons.placed(pd.DataFrame(told, columns=columns).astype({"cell": "string"}), table.apart(df)[0])
    if data["task"].nunique() > 1:
        data["panel"] += " · " + data["task"]
    return data


def curves_plot(data: pd.DataFrame, ax: Axes) -> None:
    """The network as it is, solid in the contender's colour; over it dashed in black that with its old statistics."""
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
    plots.score_axis(ax, data)
    ax.set_ylabel(f"earlier task's\n{ax.get_ylabel()}")


def curves_caption(data: pd.DataFrame) -> str:
    """What lines and bands are, and over how many trials."""
    return (
        f"Validation {data['metric'].iloc[0]} on an earlier task while the last task of the chain is learnt, with the "
        "earlier task's head, one panel per cell. Solid: the network as it is; dashed: with the BatchNorm statistics "
        "of when the earlier task had been learnt, so that what lies between both is the BatchNorm part. Mean over n = "
        f"{format.counts(data['n'])} trials with fresh seeds; bands: {stats.KIND} at each epoch."
    )


def curves_alt(data: pd.DataFrame) -> str:
    """Where each line ends."""
    last = data.sort_values("epoch", kind="stable").drop_duplicates(["panel", "net"], keep="last").sort_index()
    told = [
        f"{row.panel} {row.net} {format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)}"
        for row in last.itertuples()
    ]
    return f"Validation {format.unit(data['metric'].iloc[0])} on earlier tasks at the last epoch: {'; '.join(told)}."
