"""A study's table summarised: one row per trial, one row per cell, the winners and their replicates.

Knows nothing of files, figures or reports.
"""

import re
from typing import Any

import numpy as np
import pandas as pd

from analysis import stats
from analysis.table import CHOICES, COLUMNS, CONFIG, PER_TRIAL

REGIMES = (  # from nothing transferred to everything adapted; the order of rows, panels and legends
    "scratch",
    "zero_shot",
    "prototype",
    "feature_extraction",
    "partial_freeze",
    "lp_ft",
    "gradual_unfreeze",
    "discriminative",
    "fine_tune",
)
UNTRAINED = ("zero_shot",)  # regimes that train nothing and read no label
OBJECTIVES = ("accuracy", "mAP")  # a task's own metric, the first that the validation rows have


def objective(df: pd.DataFrame) -> str:
    """The metric that selects, larger is better: the first of `OBJECTIVES` that validation has, else any but loss."""
    found = set(df.loc[df["split"] == "val", "metric"].dropna()) - {"loss"}
    return next((name for name in OBJECTIVES if name in found), min(found, default=OBJECTIVES[0]))


def compared(cell: str) -> dict[str, str]:
    """What a cell's name says: `"regime=scratch, label_fraction=0.1"` gives both keys with their text."""
    parts = re.split(r",\s*(?=\w+=)", cell)
    return dict(part.split("=", 1) for part in parts if "=" in part)


def scores(df: pd.DataFrame, split: str, metric: str | None = None) -> pd.DataFrame:
    """The rows of one split and metric (the objective by default), by epoch within each trial."""
    metric = metric or objective(df)
    return df[(df["split"] == split) & (df["metric"] == metric)].sort_values(["trial", "epoch"], kind="stable")


def trials(df: pd.DataFrame) -> pd.DataFrame:
    """One row per trial: what it was told, and what came of it.

    Returns:
        `PER_TRIAL`'s columns, `number` (the trial's within its cell), `epoch` (last scored), `seconds`, `train_images`
        (those whose labels were used); `val`, `test`: the objective at the last epoch that has it; `val_best`,
        `best_epoch`: the highest on validation and its (first) epoch. Empty without a score.
    """
    found = df.drop_duplicates("trial")[list(PER_TRIAL)].set_index("trial", drop=False)
    found["number"] = found["trial"].str.extract(r"(\d+)$")[0].astype("Int64")
    for name in ("epoch", "seconds", "train_images"):
        found[name] = df.groupby("trial")[name].max()
    for split in ("val", "test"):
        found[split] = scores(df, split).groupby("trial")["score"].last()
    best = scores(df, "val").sort_values(["score", "epoch"], ascending=[False, True]).drop_duplicates("trial")
    found[["val_best", "best_epoch"]] = best.set_index("trial")[["score", "epoch"]]
    return found.reset_index(drop=True)


def tuned(df: pd.DataFrame) -> list[str]:
    """The configuration's columns that vary among the search trials of some cell."""
    search = df[df["role"] == "search"]
    counts = search.groupby("cell")[list(CONFIG)].nunique(dropna=False)
    return [name for name in CONFIG if (counts[name] > 1).any()]


def winners(df: pd.DataFrame) -> pd.DataFrame:
    """The best complete search trial of each cell that has one, on validation; of equals the lower number."""
    found = trials(df)
    found = found[(found["role"] == "search") & (found["state"] == "complete") & found["val"].notna()]
    return found.sort_values(["val", "number"], ascending=[False, True]).drop_duplicates("cell")


def replicates(df: pd.DataFrame) -> pd.DataFrame:
    """The complete replicates of the winners, one row per trial; those of an earlier winner are left out."""
    found = trials(df)
    found = found[(found["role"] == "replicate") & (found["state"] == "complete")]
    return found[found["replicate_of"].isin(winners(df)["trial"])]


def cells(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: what it compares, its winner, what the winner's replicates scored, its search trials by state.

    Returns:
        `cell`; the compared columns; `train_images` (whose labels were used: the winner's, else any trial's);
        `winner` (trial); the tuned columns with the winner's values; `val` (its
        objective at its last epoch), `val_best`, `best_epoch`; `replicates` (n, those with a test score),
        `replicates_val` (mean), `test_mean`, `test_low`, `test_high` (95 % t interval of the mean over replicates;
        empty where nothing is trained);
        `published` (what somebody reported for this cell); `trials` and their number `complete`, `pruned`, `failed`,
        `running`. Cells are in the order of what they compare. Scores are empty where unknown.
    """
    found = grid(df).set_index("cell", drop=False)
    best = winners(df).set_index("cell")
    kept = [name for name in tuned(df) if name not in found]
    published = df.groupby("cell")["published"].first()
    best_scores = best[["val", "val_best", "best_epoch"]]
    images = best["train_images"].combine_first(trials(df).groupby("cell")["train_images"].first())
    parts = [images, best["trial"].rename("winner"), best[kept], best_scores, _replicated(df), published, _states(df)]
    found = found.join([part.reindex(found.index) for part in parts])
    counted = ["replicates", "trials", *CHOICES["state"]]
    found[counted] = found[counted].fillna(0).astype("int64")
    return found.reset_index(drop=True)


def grid(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: `cell` and a column for each key that it compares; in the order of what they compare."""
    names = pd.Series(pd.unique(df["cell"]), dtype="string", name="cell")
    named = _compared(names)
    return names.to_frame().join(named).iloc[_order(named)].reset_index(drop=True)


def _compared(names: pd.Series) -> pd.DataFrame:
    """The compared keys of the cells as columns, in the table's own types where it has the column."""
    found = pd.DataFrame([compared(name) for name in names], index=names.index)
    for key in found:
        values = found[key].where(found[key] != "None")
        try:
            found[key] = values.astype("float64").astype(COLUMNS[key]) if COLUMNS.get(key) in _NUMBERS else values
        except (TypeError, ValueError):
            found[key] = values
        if not pd.api.types.is_numeric_dtype(found[key]):
            found[key] = found[key].astype("string")
    return found


_NUMBERS = ("Int64", "float64")


def filled(found: pd.DataFrame, df: pd.DataFrame) -> pd.DataFrame:
    """Trials with what their cell's name says where a column is empty since nothing read it, e.g. in zero_shot."""
    named = grid(df).set_index("cell")
    same = [key for key in named if key in found and named[key].dtype == found[key].dtype]
    return found.assign(**{key: found[key].fillna(found["cell"].map(named[key])) for key in same})


def interval(group: pd.DataFrame, split: str, metric: str) -> stats.Interval:
    """The trials' mean score on a split; without ends where nothing is trained, since fresh seeds changed nothing."""
    found = stats.t_interval(group[split], stats.bounds(metric))
    return found._replace(low=np.nan, high=np.nan) if group["regime"].isin(UNTRAINED).any() else found


def _replicated(df: pd.DataFrame) -> pd.DataFrame:
    """Per cell: how many replicates have a test score, their mean on validation, their interval on test."""
    metric = objective(df)
    rows = {}
    for cell, group in replicates(df).groupby("cell"):
        test = interval(group, "test", metric)
        rows[cell] = (test.n, stats.t_interval(group["val"]).mean, test.mean, test.low, test.high)
    columns = ["replicates", "replicates_val", "test_mean", "test_low", "test_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _states(df: pd.DataFrame) -> pd.DataFrame:
    """Per cell: the number of search trials, and of each state."""
    found = trials(df)
    found = found[found["role"] == "search"]
    counts = pd.crosstab(found["cell"], found["state"]).reindex(columns=list(CHOICES["state"]), fill_value=0)
    counts.insert(0, "trials", counts.sum(axis=1))
    return counts


def rank(value: Any) -> tuple[int, float, str]:
    """Sorts values of one kind: numbers by size, regimes as in `REGIMES`, other names by the alphabet, none last."""
    if pd.isna(value):
        return (2, 0.0, "")
    if isinstance(value, str):
        return (1, float(REGIMES.index(value) if value in REGIMES else len(REGIMES)), value)
    return (0, float(value), "")


def _order(keys: pd.DataFrame) -> list[int]:
    """The positions of the rows, sorted by what they compare."""
    rows = keys.itertuples(index=False, name=None)
    return [place for place, _ in sorted(enumerate(rows), key=lambda row: [rank(value) for value in row[1]])]
