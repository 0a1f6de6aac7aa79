"""Search trials in parallel coordinates, lines through hyperparameters and score: numbers, ink and words."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import axes, looks, response
from analysis.numbers import format, stats
from analysis.numbers.study_table import StudyTable

SCORE = "score"
LINES: dict[str, dict[str, Any]] = {
    "failed": {"color": "0.45", "lw": 0.6, "ls": ":", "zorder": 2},
    "pruned": {"color": "0.72", "lw": 0.6, "ls": (0, (4, 2)), "zorder": 2},
    "running": {"color": "0.45", "lw": 0.6, "ls": ":", "zorder": 2},
    "complete": {"color": "0.4", "lw": 0.8, "zorder": 3},
    "winner": {"lw": 2.2, "marker": "o", "ms": 3.5, "zorder": 4},
}


def data(table: StudyTable) -> pd.DataFrame:
    """Where each search trial with a validation score crosses each axis.

    Returns:
        One row per trial and axis: `panel`, `cell`, `key`, `contender`, `look`, `trial`, `kind` (winner, or the trial's
        state), `axis` (a hyperparameter in which trials of the cell differ, in the table's order; `SCORE` last),
        `place` (of the axis in the panel, 0 first), `value` (as text), `height` (0 to 1 between `low` and `high`),
        `low`, `high` (texts at the ends of the axis, which are the same in all cells), `log` (whether the axis is
        logarithmic), `metric`. No row of cells that tune nothing.
    """
    scores, names = response.last_scores(table, "val"), table.tuned
    configs = table.trials.set_index("trial")
    tall, metric = _tall(scores, configs, names), table.objective
    ends = {axis: _scaled(rows, metric) for axis, rows in tall.groupby("axis", sort=False)}
    empty = tall.assign(value="", height=0.0, low="", high="", log=True)
    scaled = pd.concat(ends.values()).sort_index() if ends else empty
    columns = ["panel", "cell", "key", "contender", "look", "trial", "kind", "axis", "place"]
    return scaled[[*columns, "value", "height", "low", "high", "log", "metric"]]


def _tall(scores: pd.DataFrame, configs: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """One row per trial and axis, with the value in column `raw`."""
    parts = []
    for _, rows in scores.groupby("cell", sort=False):
        values = configs.loc[rows["trial"]]
        differ = [name for name in names if values[name].nunique(dropna=False) > 1]
        for place, axis in enumerate([*differ, SCORE] if differ else []):
            raw = rows["score"] if axis == SCORE else values[axis]
            parts.append(rows.assign(axis=axis, place=place, raw=raw.astype("object").to_numpy()))
    empty = scores.assign(axis="", place=0, raw=None).iloc[:0]
    return pd.concat(parts, ignore_index=True) if parts else empty


def _scaled(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Place an axis' values between its ends: numbers by size, other values in turn, empty ones at the lower end."""
    values = rows["raw"]
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    log = axes.logarithmic(numbers)
    if values.notna().equals(numbers.notna()):
        text = {value: _text(value, rows["axis"].iloc[0], metric) for value in values.dropna().unique()}
        position = np.log10(numbers) if log else numbers
    else:
        text = {value: str(value) for value in values.dropna().unique()}
        position = values.map({value: place for place, value in enumerate(sorted(text))}).astype("float64")
    span = position.max() - position.min()
    height = (position - position.min()) / span if span else position * 0 + 0.5
    known = position.notna().any()
    ends = [text[values[position.idxmin()]], text[values[position.idxmax()]]] if known else ["", ""]
    return rows.assign(
        value=values.map(text).fillna(format.NONE), height=height.fillna(0), low=ends[0], high=ends[1], log=log
    )


def _text(value: Any, axis: str, metric: str) -> str:
    return format.score(value, metric) if axis == SCORE else format.number(value)


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell: a vertical axis per hyperparameter with the values at its ends, and a line per trial."""
    verticals = data.drop_duplicates("place").sort_values("place")
    for kind, style in LINES.items():
        rows = data[data["kind"] == kind].sort_values("place", kind="stable")
        line = style if "color" in style else style | {"color": looks.look(data["look"].iloc[0]).colour}
        for number, (_, trial) in enumerate(rows.groupby("trial")):
            ax.plot(trial["place"], trial["height"], label=None if number else kind, **line)
    ax.vlines(verticals["place"], 0, 1, color="0.2", lw=0.6, zorder=1)
    for axis in verticals.itertuples():
        for height, text, side in ((1.03, axis.high, "bottom"), (-0.03, axis.low, "top")):
            ax.text(axis.place, height, text, ha="center", va=side, size=6, color="0.2")
    ax.set_xticks(verticals["place"], [_name(axis) for axis in verticals.itertuples()])
    ax.tick_params(length=0, pad=8)
    ax.set_xlim(-0.3, verticals["place"].max() + 0.3)
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
    """What lines and axes are, and the number of trials."""
    kinds = format.kinds(data.drop_duplicates("trial")["kind"].value_counts().items())
    return (
        f"Every search trial with a validation score as a line (n = {data['trial'].nunique():,}: {kinds}), so there is "
        "no interval: through the values of the tuned hyperparameters, and last its last validation "
        f"{data['metric'].iloc[0]}. In colour: the cell's winner. An axis' ends are the lowest and the highest value "
        "of all cells; it is logarithmic where so marked."
    )


def alt(data: pd.DataFrame) -> str:
    """The values of each winner."""
    winners = []
    for panel, rows in data[data["kind"] == "winner"].groupby("panel", sort=False):
        winners.append(f"{panel} " + ", ".join(f"{row.axis} {row.value}" for row in rows.itertuples()))
    return f"Parallel coordinates of the search trials, per cell. Winners: {'; '.join(winners) or 'none yet'}."
