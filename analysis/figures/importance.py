"""How much each tuned hyperparameter matters for a good score, cell by cell: numbers, ink and words.

Pruned search trials count too. Optuna computes the importance.
"""

import math
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.figures import axes, looks, tuning_curves
from analysis.numbers import comparisons, format
from analysis.numbers.study_table import StudyTable

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

TRIALS = 8  # the least number of scored trials of a cell of which something is claimed
TOP = 5  # the least number of trials that count as good, if as many others are left: Optuna's advice
BAR, MARGIN = 0.2, 0.75  # inches of height: of a bar, of the space around the bars
SOURCE = "PED-ANOVA, Watanabe et al. 2023, arXiv:2304.10255, by Optuna"


def data(table: StudyTable) -> pd.DataFrame:
    """The importance of each tuned hyperparameter in each cell with enough trials (see `notes`).

    Returns:
        One row per cell and hyperparameter, so that all panels have the same bars: `panel`, `cell`, `key`, `contender`,
        `look`, `name`, `bar` (its place), `importance` (shares of 1 in the cell; empty if it does not tune this),
        `top` (trials that count as good), `n` (scored trials), `pruned` (of these).
    """
    rows = []
    for cell, group in _scored(table).groupby("cell", sort=False):
        names = _varied(group, table)
        if not _reason(group, names):
            shares = importances(group[names], group["val"], top := good(len(group)))
            counts = (top, len(group), int((group["state"] == "pruned").sum()))
            rows += [(cell, name, share, *counts) for name, share in shares.items()]
    claimed = pd.DataFrame(rows, columns=["cell", "name", "importance", "top", "n", "pruned"])
    claimed = claimed.astype({"cell": "string", "name": "string", "importance": "float64"})
    order = [name for name in table.tuned if name in set(claimed["name"])]
    bars = pd.DataFrame({"name": pd.array(order, "string"), "bar": range(len(order))})
    cells = claimed[["cell", "top", "n", "pruned"]].drop_duplicates().merge(bars, how="cross")
    shares = cells.merge(claimed[["cell", "name", "importance"]], on=["cell", "name"], how="left")
    return comparisons.placed(shares, table)


def _scored(table: StudyTable) -> pd.DataFrame:
    """The trials of `tuning_curves.scored` with their configurations."""
    return table.trials.merge(tuning_curves.scored(table)[["trial"]], on="trial")


def _varied(trials: pd.DataFrame, table: StudyTable) -> list[str]:
    """The hyperparameters that all trials of a cell read, and in which they differ."""
    return [name for name in table.tuned if trials[name].nunique() > 1 and trials[name].notna().all()]


def _reason(trials: pd.DataFrame, names: list[str]) -> str:
    """Why nothing is claimed of a cell; empty if something is."""
    if len(trials) < TRIALS:
        return f"fewer than {TRIALS} scored search trials"
    if len(names) < 2:
        return "fewer than two tuned hyperparameters, so that there is nothing to rank"
    return "the same score in all trials" if trials["val"].nunique() == 1 else ""


def good(trials: int) -> int:
    """How many trials of a cell count as good: a tenth, at least `TOP`, at most half."""
    return min(max(math.ceil(trials / 10), TOP), trials // 2)


def importances(configs: pd.DataFrame, scores: pd.Series, top: int) -> dict[str, float]:
    """How unlike the values of the good trials are to those of all, by hyperparameter, as shares of 1.

    Args:
        configs: one row per trial, a column per hyperparameter.
        scores: of the same trials, larger is better.
        top: number of good trials; those that equal the last of them are good too.

    Source: Watanabe et al. 2023, arXiv:2304.10255; `optuna.importance.PedAnovaImportanceEvaluator`.
    """
    import optuna  # slow to import, and reading a table does not need it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {name: _distribution(configs[name]) for name in configs}
    study = optuna.create_study(direction="maximize")
    for values, score in zip(configs.astype("object").to_dict("records"), scores, strict=True):
        study.add_trial(optuna.trial.create_trial(params=values, distributions=space, value=float(score)))
    share = (top - 0.5) / len(configs)  # which Optuna rounds up
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _distribution(values: pd.Series) -> "BaseDistribution":
    """The range that a cell's trials cover, as the table lacks the distribution that they were drawn from."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not pd.api.types.is_numeric_dtype(values):
        return CategoricalDistribution(sorted(values.unique()))
    if pd.api.types.is_integer_dtype(values):
        return IntDistribution(int(values.min()), int(values.max()))
    return FloatDistribution(float(values.min()), float(values.max()), log=axes.logarithmic(values))


def plot(data: pd.DataFrame, ax: Axes) -> None:
    """Draw one cell: a bar per hyperparameter, and the number of trials."""
    row = data.iloc[0]
    colour = looks.look(row["look"]).colour
    ax.barh(data["bar"], data["importance"], 0.66, color=colour, edgecolor="0.2", lw=0.5)
    for gap in data[data["importance"].isna()].itertuples():
        ax.annotate("not tuned", (0, gap.bar), (3, 0), textcoords="offset points", va="center", size=6, color="0.35")
    ax.set_yticks(data["bar"], [format.SHORT.get(name, name) for name in data["name"]])
    ax.set_ylim(data["bar"].max() + 0.9, -0.6)
    counts = f"n = {row['n']}, {row['pruned']} pruned"
    ax.text(0.98, 0.02, counts, transform=ax.transAxes, ha="right", va="bottom", size=6, color="0.35")
    ax.set_xlim(0, 1)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(format.hundredths))
    ax.set_xlabel("importance (%)")


def height(data: pd.DataFrame) -> float:
    """Inches that the bars of a panel need."""
    return MARGIN + BAR * (data["bar"].max() + 1)


def caption(data: pd.DataFrame) -> str:
    """What bars are, over how many trials, and how pruned trials count."""
    cells = data.drop_duplicates("cell")
    return (
        f"How much each tuned hyperparameter tells the best trials of a cell from all of them ({SOURCE}), as shares of "
        f"100 % in each cell. n = {format.counts(cells['n'])} scored search trials a cell, the "
        f"{format.counts(cells['top'])} best of them against all; a pruned trial counts with its last score, a failed "
        "one not at all. Ranges are those that the trials cover. There is no interval: shares of so few trials are "
        "rough, and hold for these ranges alone."
    )


def alt(data: pd.DataFrame) -> str:
    """Each cell's hyperparameters by importance."""
    panels = []
    for panel, rows in data.dropna(subset="importance").groupby("panel", sort=False):
        ranked = rows.sort_values("importance", ascending=False, kind="stable").itertuples()
        panels.append(f"{panel} " + ", ".join(f"{row.name} {100 * row.importance:.0f} %" for row in ranked))
    return f"Importance of hyperparameters per cell: {'; '.join(panels)}."


def notes(table: StudyTable) -> list[str]:
    """The searched cells of which nothing is claimed, and why."""
    names, reasons = table.titles(), dict[str, list[str]]()
    for cell, group in _scored(table).groupby("cell", sort=False):
        if reason := _reason(group, _varied(group, table)):
            reasons.setdefault(reason, []).append(names[cell])
    searched = tuning_curves.scored(table)["cell"].nunique()
    listed = {reason: "any cell" if len(cells) == searched else ", ".join(cells) for reason, cells in reasons.items()}
    return [f"Nothing is claimed of {cells}: {reason}." for reason, cells in listed.items()]
