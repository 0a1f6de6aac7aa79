"""The figures, each a pair: `X_data` gives the numbers of a table, `X_plot` draws them on an Axes.

Knows nothing of pages, captions, files or reports.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from analysis import stats, style, summary

PRUNED = "0.6"
MARGIN = 0.1  # of the axis, beyond the smallest and the largest label fraction
DODGE = 0.014  # how far regimes stand apart at one label fraction, as a share of the axis, so that intervals show


def panel_keys(df: pd.DataFrame, without: tuple[str, ...] = ()) -> pd.Series:
    """A short title per cell, of what the cell compares except `without`; cells in their order."""
    found = summary.grid(df)
    keys = [key for key in found.columns[1:] if key not in without]
    named = [{key: row[key] for key in keys if not pd.isna(row[key])} for row in found.to_dict("records")]
    titles = [style.title(row) if "=" in cell else cell for row, cell in zip(named, found["cell"], strict=True)]
    return pd.Series(titles, index=found["cell"], dtype="string")


def _placed(found: pd.DataFrame, panels: pd.Series) -> pd.DataFrame:
    """The rows with their `panel`, in the order of the cells."""
    found = found.assign(panel=found["cell"].map(panels))
    place = pd.Series(range(len(panels)), index=panels.index)
    return found.assign(place=found["cell"].map(place)).sort_values("place", kind="stable").drop(columns="place")


def label_fraction_data(df: pd.DataFrame) -> pd.DataFrame:
    """Score against label fraction, per regime: test over the replicates, or validation of the winners before those.

    Returns:
        One row per cell that has the score: `panel` (what else is compared), `cell`, `regime`, `label_fraction` (asked
        for; of zero_shot, which reads none, by the cell's name), `fewest` and `most` training images whose labels were
        used, `split` (test, or val where no cell has a test score), `metric`, `mean`, `low`, `high` (95 % t interval
        over replicates, nan without and where nothing is trained), `n`.
    """
    metric = summary.objective(df)
    found, split = summary.replicates(df).dropna(subset="test"), "test"
    if found.empty:
        found, split = summary.winners(df), "val"
    rows = []
    for cell, group in summary.filled(found, df).groupby("cell"):
        told = group[["regime", "label_fraction"]].iloc[0]
        images = group["train_images"]
        rows.append((cell, *told, images.min(), images.max(), split, metric, *summary.interval(group, split, metric)))
    columns = ["cell", "regime", "label_fraction", "fewest", "most", "split", "metric", *stats.Interval._fields]
    data = pd.DataFrame(rows, columns=columns).astype({"fewest": "Int64", "most": "Int64"})
    return _placed(data, panel_keys(df, ("regime", "label_fraction")))


def label_fraction_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One line per regime over label fractions, level where it reads no label; dots where there is one fraction."""
    if data["label_fraction"].nunique() < 2:
        _dots(data, ax)
        return
    untrained = data["regime"].isin(summary.UNTRAINED)
    for regime, rows in data[untrained].groupby("regime", sort=False):
        look = style.look(regime)
        ax.axhline(rows["mean"].mean(), color=look.colour, ls=look.dash, lw=1.8, label=str(regime))
    regimes = list(data[~untrained].groupby("regime", sort=False))
    width = data["label_fraction"].max() / data["label_fraction"].min()
    for place, (regime, rows) in enumerate(regimes):
        rows = rows.sort_values("label_fraction")
        shift = width ** (DODGE * (place - (len(regimes) - 1) / 2))
        _interval(
            ax,
            rows["label_fraction"] * shift,
            rows,
            regime,
            {"linestyle": style.look(regime).dash, "label": str(regime)},
        )
    ticks = sorted(data["label_fraction"].unique())
    ax.set_xscale("log")
    ax.set_xlim(ticks[0] / width**MARGIN, ticks[-1] * width**MARGIN)
    _fraction_ticks(ax, data)
    _score_axis(ax, data)


def _fraction_ticks(ax: Axes, data: pd.DataFrame) -> None:
    """Label each fraction with its per cent, and below that the number of images where it is one for all points."""
    shares = sorted(data["label_fraction"].dropna().unique())
    numbers = [_images(data[data["label_fraction"] == share]) for share in shares]
    place = ax.get_subplotspec()
    narrow = place is not None and place.get_gridspec().ncols > 1  # no room for the word under every tick
    below = [f"\n{number}" if narrow else f"\n({number} images)" for number in numbers]
    texts = [
        f"{100 * share:.4g}" + line * (number is not None)
        for share, number, line in zip(shares, numbers, below, strict=True)
    ]
    ax.set_xticks(shares, texts, fontsize=6 if narrow else style.RC["xtick.labelsize"])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("labels asked for (%)" + ("\ntraining images" if narrow and any(numbers) else ""))


def _images(rows: pd.DataFrame) -> str | None:
    """The number of training images of these points, where it is known and one."""
    found = {*rows["fewest"].dropna(), *rows["most"].dropna()}
    return style.counts(found) if len(found) == 1 else None


def _dots(data: pd.DataFrame, ax: Axes) -> None:
    """One column per regime, in the axis's own names."""
    names = list(data["regime"].unique())
    for place, name in enumerate(names):
        rows = data[data["regime"] == name]
        _interval(ax, pd.Series(float(place), index=rows.index), rows, name, {"linestyle": "none"})
    ax.set_xticks(range(len(names)), [str(name).replace("_", "_\n") for name in names])
    ax.set_xlim(-0.5, len(names) - 0.5)
    only = data["label_fraction"].dropna()
    images = f" ({_images(data)} images)" if _images(data) else ""
    ax.set_xlabel(f"regime, at {style.fraction(only.iloc[0])} of the labels{images}" if len(only) else "regime")
    _score_axis(ax, data)


def _interval(ax: Axes, x: pd.Series, rows: pd.DataFrame, regime: Any, line: dict[str, Any]) -> None:
    """Means with their intervals in the regime's look; hollow where they are not of the test split."""
    look = style.look(regime)
    ends = rows[["low", "high"]].fillna({"low": rows["mean"], "high": rows["mean"]})
    reach = [rows["mean"] - ends["low"], ends["high"] - rows["mean"]] if rows["low"].notna().any() else None
    marks: dict[str, Any] = {"color": look.colour, "marker": look.marker} | line
    filled = look.colour if (rows["split"] == "test").all() else "white"
    ax.errorbar(x, rows["mean"], yerr=reach, capsize=2.5, elinewidth=1, lw=1.4, markerfacecolor=filled, **marks)


def _score_axis(ax: Axes, data: pd.DataFrame) -> None:
    metric, split = data["metric"].iloc[0], data["split"].iloc[0]
    ax.set_ylabel(f"{'test' if split == 'test' else 'validation'} {style.unit(metric)}")
    if metric in stats.SHARES:
        ax.yaxis.set_major_formatter(FuncFormatter(style.hundredths))


def curves_data(df: pd.DataFrame) -> pd.DataFrame:
    """Validation score per epoch of every search trial and of the winners' replicates.

    Returns:
        One row per trial and epoch: `panel` (the cell's short name), `cell`, `regime`, `trial`, `kind` (winner,
        replicate, or the search trial's state), `epoch` (0 = as loaded), `split`, `metric`, `score`.
    """
    kinds = _kinds(df)
    found = summary.scores(df, "val")
    found = found[found["trial"].isin(kinds.index)].dropna(subset=["epoch", "score"])
    found = found.assign(kind=found["trial"].map(kinds))
    columns = ["panel", "cell", "regime", "trial", "kind", "epoch", "split", "metric", "score"]
    return _placed(found, panel_keys(df))[columns].reset_index(drop=True)


def _kinds(df: pd.DataFrame) -> pd.Series:
    """Per trial that a figure of the search shows: winner, replicate, or its state."""
    found = summary.trials(df).set_index("trial")
    search = found.loc[found["role"] == "search", "state"].astype("string")
    search[search.index.isin(summary.winners(df)["trial"])] = "winner"
    again = pd.Series("replicate", index=summary.replicates(df)["trial"], dtype="string")
    return pd.concat([search, again])


CURVES: dict[str, dict[str, Any]] = {
    "pruned": {"color": "0.75", "lw": 0.6, "ls": "--", "zorder": 1},
    "failed": {"color": "0.55", "lw": 0.6, "ls": ":", "zorder": 1},
    "running": {"color": "0.35", "lw": 0.8, "ls": ":", "zorder": 2},
    "complete": {"color": "0.6", "lw": 0.7, "ls": "-", "zorder": 2},
    "replicate": {"lw": 0.8, "ls": "-", "alpha": 0.55, "zorder": 3},
    "winner": {"lw": 2.0, "ls": "-", "zorder": 4},
}


def curves_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's curves: the winner bold and its replicates thin in the regime's colour, other trials in grey."""
    for kind, line in CURVES.items():
        rows = data[data["kind"] == kind]
        if rows.empty:
            continue
        joined = _joined(rows)
        given = line if "color" in line else line | {"color": style.look(rows["regime"].iloc[0]).colour}
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
    _score_axis(ax, data)


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
        One row per trial: `panel`, `cell`, `regime`, `trial`, `kind` (winner, complete, pruned, running, failed),
        `epoch` (at which it was scored), `split`, `metric`, `score`, and `key`.
    """
    found = summary.trials(df)
    found = found[found["role"] == "search"].dropna(subset=["val", key])
    found = found.assign(kind=found["trial"].map(_kinds(df)), score=found["val"], split="val")
    found["metric"] = summary.objective(df)
    columns = ["panel", "cell", "regime", "trial", "kind", "epoch", "split", "metric", "score", key]
    return _placed(found, panel_keys(df, (key,)))[columns].reset_index(drop=True)


def lr_data(df: pd.DataFrame) -> pd.DataFrame:
    """`response_data` of the learning rate."""
    return response_data(df, "lr")


def depth_data(df: pd.DataFrame) -> pd.DataFrame:
    """`response_data` of the freezing depth."""
    return response_data(df, "freeze_depth")


def lr_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's trials over the learning rate, on a logarithmic axis."""
    _points(data, "lr", ax)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=6))
    ax.xaxis.set_major_formatter(FuncFormatter(style.power))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("learning rate (peak)")
    _score_axis(ax, data)


def depth_plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell's trials over the freezing depth; a line joins the best complete one of each depth."""
    done = data[data["kind"].isin(["winner", "complete"])]
    best = done.groupby("freeze_depth")["score"].max()
    if len(best):
        look = style.look(data["regime"].iloc[0])
        ax.plot(best.index.astype(float), best, color=look.colour, ls=look.dash, lw=1.2, label="best at a depth")
    _points(data, "freeze_depth", ax)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("freezing depth (stages)")
    _score_axis(ax, data)


def _points(data: pd.DataFrame, key: str, ax: Axes) -> None:
    look = style.look(data["regime"].iloc[0])
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
