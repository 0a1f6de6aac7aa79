"""Scores over freezing depth and label fraction, as a map: numbers, ink and words."""

from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from analysis.numbers import format, grid
from analysis.numbers.study_table import StudyTable

KEYS = ("freeze_depth", "label_fraction")
COLOURS = matplotlib.colormaps["cividis"]  # its lightness rises evenly, so that a grey print has the same order
ROW = 0.24  # inches of height


def data(table: StudyTable) -> pd.DataFrame:
    """A score per freezing depth and label fraction.

    If depth is tuned, it is the best last validation score of the complete search trials at that depth. If depth is
    compared, it is the mean test score of a cell's replicates.

    Returns:
        One row per panel (what else is compared) and field, also of fields without a trial: `panel`, `freeze_depth`,
        `label_fraction`, `column` (of the field), `metric`, `split` (val, test), `score` (nan without), `n` (trials),
        `lowest`, `highest` (of all panels). Empty unless some panel has two depths and two fractions.
    """
    named = [key for key in KEYS if key in table.grid]
    compared = "freeze_depth" in named
    trials = _tested(table) if compared else _searched(table)
    panels = table.titles(tuple(named))
    trials = trials.assign(panel=trials["cell"].map(panels)).dropna(subset=[*KEYS])
    score = "mean" if compared else "max"
    fields = trials.groupby(["panel", *KEYS], sort=False)["score"].agg([("score", score), "size"])
    fields = fields.reset_index().rename(columns={"size": "n"})
    several = fields.groupby("panel")[list(KEYS)].nunique().gt(1).all(axis=1)
    fields = fields[fields["panel"].isin(several.index[several])]
    whole, metric = _with_empty(fields, panels), table.objective
    whole["n"] = whole["n"].fillna(0).astype("int64")
    ends = {"lowest": fields["score"].min(), "highest": fields["score"].max()}
    return whole.assign(metric=metric, split="test" if compared else "val", **ends)


def _searched(table: StudyTable) -> pd.DataFrame:
    """The complete search trials of cells that are validated on their own split, with their last score."""
    trials = table.trials
    trials = trials[(trials["role"] == "search") & (trials["state"] == "complete")].dropna(subset="val")
    trials = trials[~trials["cell"].isin(table.on_test)]
    return grid.filled(trials, table.grid).assign(score=lambda rows: rows["val"])


def _tested(table: StudyTable) -> pd.DataFrame:
    """The replicates with their test score."""
    replicates = table.replicates.dropna(subset="test")
    return grid.filled(replicates, table.grid).assign(score=replicates["test"])


def _with_empty(fields: pd.DataFrame, panels: pd.Series) -> pd.DataFrame:
    """Add fields without a trial, so that each panel has all label fractions and all depths between the extremes."""
    names = [panel for panel in dict.fromkeys(panels) if panel in set(fields["panel"])]
    depths, shares = list(fields["freeze_depth"].unique()), sorted(fields["label_fraction"].unique())
    depths = list(range(min(depths), max(depths) + 1)) if depths else []
    rows = [(panel, depth, share, n) for panel in names for depth in depths for n, share in enumerate(shares)]
    frame = pd.DataFrame(rows, columns=["panel", *KEYS, "column"])
    frame = frame.astype({"panel": "string", "freeze_depth": "Int64", "label_fraction": "float64"})
    return frame.merge(fields.astype({"panel": "string"}), on=["panel", *KEYS], how="left")


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw a field per depth and fraction with its score and number of trials; hatched if it has none."""
    norm = Normalize(data["lowest"].iloc[0], data["highest"].iloc[0])
    for row in data.itertuples():
        corner = (row.column - 0.5, row.freeze_depth - 0.5)
        if not row.n:
            ax.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor="0.7", hatch="/////", lw=0))
            continue
        shade = float(norm(row.score))
        ax.add_patch(Rectangle(corner, 1, 1, facecolor=COLOURS(shade), edgecolor="white", lw=0.8))
        text: dict[str, Any] = {"ha": "center", "color": "white" if shade < 0.55 else "black"}
        ax.text(row.column, row.freeze_depth, format.score(row.score, row.metric), va="center", size=6.5, **text)
        ax.text(
            row.column + 0.46, row.freeze_depth - 0.42, f"n={row.n}", va="bottom", size=4.8, **text | {"ha": "right"}
        )
    _axes(data, ax)


def _axes(data: pd.DataFrame, ax: Axes) -> None:
    columns = data.drop_duplicates("column")
    ax.set_xticks(columns["column"], [f"{100 * share:.4g}" for share in columns["label_fraction"]])
    ax.set_yticks(sorted(data["freeze_depth"].unique().astype(int)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xlim(-0.5, columns["column"].max() + 0.5)
    ax.set_ylim(data["freeze_depth"].min() - 0.5, data["freeze_depth"].max() + 0.5)
    ax.grid(visible=False)
    ax.set_xlabel("labels asked for (%)")
    ax.set_ylabel("freezing depth (stages)")


def height(data: pd.DataFrame) -> float:
    """Inches that the fields of a panel need."""
    return 1.2 + ROW * (int(data["freeze_depth"].max()) - int(data["freeze_depth"].min()) + 1)


def caption(data: pd.DataFrame) -> str:
    """What a field is, and over how many trials."""
    fields, tested = data[data["n"] > 0], data["split"].iloc[0] == "test"
    score, n = format.unit(data["metric"].iloc[0]), f"n = {format.counts(fields['n'])}"
    searched = f"Highest last validation {score} of the complete search trials"
    what = f"Mean test {score} of each cell's replicates" if tested else searched
    how = (
        f"{n} replicates, whose intervals are in tables/cells.csv: a field has no interval"
        if tested
        else f"{n} trials of one run each, so there is no interval; the highest of more trials leans upwards more"
    )
    return (
        f"{what} at each freezing depth and label fraction, and how many they are ({how}). Lighter is higher, on one "
        "scale for all panels; hatched: no such trial."
    )


def alt(data: pd.DataFrame) -> str:
    """The best depth of each label fraction, in words."""
    fields = data[data["n"] > 0].sort_values("score", ascending=False, kind="stable")
    best = fields.drop_duplicates(["panel", "label_fraction"]).sort_index()
    depths = [
        f"{row.panel + ', ' if row.panel != format.title({}) else ''}{format.fraction(row.label_fraction)} of the "
        f"labels: depth {row.freeze_depth}, {format.score(row.score, row.metric)} (n = {row.n})"
        for row in best.itertuples()
    ]
    return f"Map of freezing depth against label fraction. Best depth at {'; at '.join(depths)}."
