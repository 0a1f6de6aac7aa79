"""Every search trial as a line over what it was told and what it scored (parallel coordinates): numbers, ink and words.

Knows the search trials of a table; knows nothing of pages, reports or files.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks, response
from analysis.numbers import format, stats, summary

SCORE = "score"
LINES: dict[str, dict[str, Any]] = {
    "failed": {"color": "0.45", "lw": 0.6, "ls": ":", "zorder": 2},
    "pruned": {"color": "0.72", "lw": 0.6, "ls": (0, (4, 2)), "zorder": 2},
    "running": {"color": "0.45", "lw": 0.6, "ls": ":", "zorder": 2},
    "complete": {"color": "0.4", "lw": 0.8, "zorder": 3},
    "winner": {"lw": 2.2, "marker": "o", "ms": 3.5, "zorder": 4},
}


def data(df: pd.DataFrame) -> pd.DataFrame:
    """Where each search trial with a validation score crosses each axis.

    Args:
        df: a study's table.

    Returns:
        One row per trial and axis: `panel`, `cell`, `key`, `contender`, `look`, `trial`, `kind` (winner, or the trial's
        state), `axis` (a hyperparameter that some trials of the cell differ in, in the table's order; `SCORE` last),
        `place` (of the axis in the panel, 0 first), `value` (as text), `height` (0 to 1 between `low` and `high`, on a
        logarithmic axis where `log`), `low`, `high` (text at the axis' ends, which are the same in all cells), `log`,
        `metric`. No row of cells that tune nothing.
    """
    found, names = response.last_scores(df, "val"), summary.tuned(df)
    told = summary.trials(df).set_index("trial")
    tall, metric = _tall(found, told, names), summary.objective(df)
    ends = {axis: _scaled(rows, metric) for axis, rows in tall.groupby("axis", sort=False)}
    empty = tall.assign(value="", height=0.0, low="", high="", log=True)
    scaled = pd.concat(ends.values()).sort_index() if ends else empty
    kept = ["panel", "cell", "key", "contender", "look", "trial", "kind", "axis", "place"]
    return scaled[[*kept, "value", "height", "low", "high", "log", "metric"]]


def _tall(found: pd.DataFrame, told: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """One row per trial and axis, with `raw`, the value as it is."""
    parts = []
    for _, rows in found.groupby("cell", sort=False):
        values = told.loc[rows["trial"]]
        differ = [name for name in names if values[name].nunique(dropna=False) > 1]
        for place, axis in enumerate([*differ, SCORE] if differ else []):
            raw = rows["score"] if axis == SCORE else values[axis]
            parts.append(rows.assign(axis=axis, place=place, raw=raw.astype("object").to_numpy()))
    columns = found.assign(axis="", place=0, raw=None)
    return pd.concat(parts, ignore_index=True) if parts else columns.iloc[:0]


def _scaled(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """An axis' values between its ends: numbers by size, others in turn; empty ones below all."""
    values = rows["raw"]
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    log = axes.logarithmic(numbers)
    if values.notna().equals(numbers.notna()):
        text = {value: _text(value, rows["axis"].iloc[0], metric) for value in values.dropna().unique()}
        at = np.log10(numbers) if log else numbers
    else:
        text = {value: str(value) for value in values.dropna().unique()}
        at = values.map({value: place for place, value in enumerate(sorted(text))}).astype("float64")
    span = at.max() - at.min()
    height = (at - at.min()) / span if span else at * 0 + 0.5
    ends = [text[values[at.idxmin()]], text[values[at.idxmax()]]] if at.notna().any() else ["", ""]
    return rows.assign(
        value=values.map(text).fillna(format.NONE), height=height.fillna(0), low=ends[0], high=ends[1], log=log
    )


def _text(value: Any, axis: str, metric: str) -> str:
    return format.score(value, metric) if axis == SCORE else format.number(value)


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """One cell: an upright axis per hyperparameter with its ends' values, and a line per trial through all."""
    axes = data.drop_duplicates("place").sort_values("place")
    for kind, line in LINES.items():
        rows = data[data["kind"] == kind].sort_values("place", kind="stable")
        given = line if "color" in line else line | {"color": looks.look(data["look"].iloc[0]).colour}
        for number, (_, one) in enumerate(rows.groupby("trial")):
            ax.plot(one["place"], one["height"], label=None if number else kind, **given)
    ax.vlines(axes["place"], 0, 1, color="0.2", lw=0.6, zorder=1)
    for axis in axes.itertuples():
        for height, text, side in ((1.03, axis.high, "bottom"), (-0.03, axis.low, "top")):
            ax.text(axis.place, height, text, ha="center", va=side, size=6, color="0.2")
    ax.set_xticks(axes["place"], [_name(axis) for axis in axes.itertuples()])
    ax.tick_params(length=0, pad=8)
    ax.set_xlim(-0.3, axes["place"].max() + 0.3)
    ax.set_ylim(-0.02, 1.16)
    ax.set_yticks([])
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _name(axis: Any) -> str:
    if axis.axis == SCORE:
        return axis.metric + ("\n(%)" if axis.metric in stats.SHARES else "")
    return format.SHORT.get(axis.axis, axis.axis) + ("\n(log)" if axis.log else "")


def height(data: pd.DataFrame) -> float:
    """Inches that a panel needs."""
    return 1.9


def caption(data: pd.DataFrame) -> str:
    """What lines and axes are, and of how many trials."""
    told = format.kinds(data.drop_duplicates("trial")["kind"].value_counts().items())
    return (
        f"Every search trial with a validation score as a line (n = {data['trial'].nunique():,}: {told}), so there is "
        "no interval: through the values of the tuned hyperparameters, and last its last validation "
        f"{data['metric'].iloc[0]}. In colour: the cell's winner. An axis' ends are the lowest and the highest value "
        "of all cells; it is logarithmic where so marked."
    )


def alt(data: pd.DataFrame) -> str:
    """What each winner was told."""
    told = []
    for panel, rows in data[data["kind"] == "winner"].groupby("panel", sort=False):
        told.append(f"{panel} " + ", ".join(f"{row.axis} {row.value}" for row in rows.itertuples()))
    return f"Parallel coordinates of the search trials, per cell. Winners: {'; '.join(told) or 'none yet'}."
