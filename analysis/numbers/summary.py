"""A study's table summarised: one row per trial, one row per cell, the winners and what was repeated for the test.

Knows nothing of files, figures or reports.
"""

import numpy as np
import pandas as pd

from analysis.numbers import stats
from analysis.numbers.grid import grid
from analysis.numbers.memo import once
from analysis.numbers.table import CHOICES, CONFIG, PER_TRIAL

UNTRAINED = ("zero_shot",)  # regimes that train nothing and read no label: fresh seeds change nothing
COUNTED = ("prototype",)  # regimes that train nothing and read labels: fresh seeds change which, if not all are read
OBJECTIVES = ("balanced_accuracy", "accuracy", "mAP")  # a task's own metric, the first that the validation rows have


@once
def objective(df: pd.DataFrame) -> str:
    """The metric that selects, larger is better: the first of `OBJECTIVES` that validation has, else any but loss."""
    found = set(df.loc[df["split"] == "val", "metric"].dropna()) - {"loss"}
    return next((name for name in OBJECTIVES if name in found), min(found, default="accuracy"))


@once
def scores(df: pd.DataFrame, split: str, metric: str | None = None) -> pd.DataFrame:
    """The rows of one split and metric (the objective by default), by epoch within each trial."""
    metric = metric or objective(df)
    return df[(df["split"] == split) & (df["metric"] == metric)].sort_values(["trial", "epoch"], kind="stable")


def ran(df: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials that were started; a cell that cannot run here has a row too, which is no trial."""
    return df[df["state"] != "not_run"]


def not_run(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell that cannot run here, in their order: `cell`, `reason`."""
    found = df[~df["cell"].isin(ran(df)["cell"])].drop_duplicates("cell").set_index("cell")
    found = found.reindex([cell for cell in grid(df)["cell"] if cell in found.index])
    return found[["error"]].rename(columns={"error": "reason"}).reset_index()


@once
def trials(df: pd.DataFrame) -> pd.DataFrame:
    """One row per trial that was started: what it was told, and what came of it.

    Returns:
        `PER_TRIAL`'s columns, `number` (the trial's within its cell), `epoch` (last scored), `seconds`, `train_images`
        (those whose labels were used); `val`, `test`: the objective at the last epoch that has it; `val_best`,
        `best_epoch`: the highest on validation and its (first) epoch. Empty without a score.
    """
    found = ran(df).drop_duplicates("trial")[list(PER_TRIAL)].set_index("trial", drop=False)
    found["number"] = found["trial"].str.extract(r"(\d+)$")[0].astype("Int64")
    for name in ("epoch", "seconds", "train_images"):
        found[name] = df.groupby("trial")[name].max()
    for split in ("val", "test"):
        found[split] = scores(df, split).groupby("trial")["score"].last()
    best = scores(df, "val").sort_values(["score", "epoch"], ascending=[False, True]).drop_duplicates("trial")
    found[["val_best", "best_epoch"]] = best.set_index("trial")[["score", "epoch"]]
    return found.reset_index(drop=True)


def on_test(df: pd.DataFrame) -> set[str]:
    """The cells that are validated on the test split, as some publications did: their `val` is the test's."""
    found = ran(df)
    return set(found.loc[found["validation"].eq("test").fillna(False), "cell"])


@once
def tuned(df: pd.DataFrame) -> list[str]:
    """The configuration's columns that vary among the search trials of some cell."""
    search = df[df["role"] == "search"]
    counts = search.groupby("cell")[list(CONFIG)].nunique(dropna=False)
    return [name for name in CONFIG if (counts[name] > 1).any()]


@once
def winners(df: pd.DataFrame) -> pd.DataFrame:
    """The best complete search trial of each cell that has one, on validation; of equals the lower number."""
    found = trials(df)
    found = found[(found["role"] == "search") & (found["state"] == "complete") & found["val"].notna()]
    return found.sort_values(["val", "number"], ascending=[False, True]).drop_duplicates("cell")


@once
def replicates(df: pd.DataFrame) -> pd.DataFrame:
    """The complete trials that repeat one configuration for the test, one row each.

    These are the replicates of the winners (those of an earlier winner are left out), and the trials of cells as
    published, where nothing is searched and so nothing has won.
    """
    found = trials(df)
    again = (found["role"] == "replicate") & found["replicate_of"].isin(winners(df)["trial"])
    return found[(found["state"] == "complete") & (again | (found["role"] == "published"))]


@once
def cells(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: what it compares, its winner, what was scored on test, its trials by state.

    Returns:
        `cell`; the compared columns; `train_images` (whose labels were used: the winner's, else any trial's);
        `winner` (trial; empty in cells as published); the tuned columns with the winner's values; `val` (its
        objective at its last epoch), `val_best`, `best_epoch`; in cells as published their own values, and the means
        of `val` and `val_best` over their trials; `replicates` (n, those with a test score; see `replicates`),
        `replicates_val` (mean), `test_mean`, `test_low`, `test_high` (95 % t interval of the mean over replicates;
        empty where fresh seeds can change nothing);
        `published` (what somebody reported for this cell); `trials` (search, or as published) and their number
        `complete`, `pruned`, `failed`, `running`; `not_run` (1: cannot run here); `val_is_test` (see `on_test`). Cells
        are in the order of what they compare. Scores are empty where unknown.
    """
    found = grid(df).set_index("cell", drop=False)
    best = _chosen(df).set_index("cell")
    kept = [name for name in tuned(df) if name not in found]
    published = df.groupby("cell")["published"].first()
    best_scores = best[["val", "val_best", "best_epoch"]]
    images = best["train_images"].combine_first(trials(df).groupby("cell")["train_images"].first())
    parts = [images, best["trial"].rename("winner"), best[kept], best_scores, _replicated(df), published, _states(df)]
    found = found.join([part.reindex(found.index) for part in parts])
    counted = ["replicates", "trials", *CHOICES["state"]]
    found[counted] = found[counted].fillna(0).astype("int64")
    found["val_is_test"] = found["cell"].isin(on_test(df))
    return found.reset_index(drop=True)


def _chosen(df: pd.DataFrame) -> pd.DataFrame:
    """The winners, and for each cell as published one of its trials without name, with the mean scores of all."""
    found = replicates(df)
    found = found[found["role"] == "published"]
    if found.empty:
        return winners(df)
    first = found.drop_duplicates("cell").astype({"val": "float64", "val_best": "float64"})
    for name in ("trial", "best_epoch"):
        first[name] = first[name].mask(first["cell"].notna())  # keeps the column's type
    for name in ("val", "val_best"):
        first[name] = first["cell"].map(found.groupby("cell")[name].mean())
    return pd.concat([winners(df), first])


def fixed(group: pd.DataFrame, split: str) -> bool:
    """Whether fresh seeds could change nothing in these trials of one cell, so that their equal scores count once.

    So in zero_shot; in prototype where all labels are read, which shows in scores that are all equal.
    """
    found, values = set(group["regime"].dropna()), group[split].dropna()
    equal = len(values) > 1 and values.nunique() == 1
    return bool(found & set(UNTRAINED)) or (bool(found & set(COUNTED)) and equal)


def interval(group: pd.DataFrame, split: str, metric: str) -> stats.Interval:
    """The mean score of one cell's trials on a split; without ends where fresh seeds could change nothing."""
    found = stats.t_interval(group[split], stats.bounds(metric))
    return found._replace(low=np.nan, high=np.nan) if fixed(group, split) else found


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
    """Per cell: the number of trials that were searched or run as published, and of each state."""
    found = df.drop_duplicates("trial")
    found = found[found["role"] != "replicate"]
    counts = pd.crosstab(found["cell"], found["state"]).reindex(columns=list(CHOICES["state"]), fill_value=0)
    counts.insert(0, "trials", counts.drop(columns="not_run").sum(axis=1))
    return counts
