"""A study's table summarised: one row per trial, one row per cell, the winners and their replicates."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.numbers import stats
from analysis.numbers.grid import grid
from analysis.numbers.memo import once
from analysis.numbers.table import CHOICES, CONFIG, PER_TRIAL

UNTRAINED = ("zero_shot",)  # train nothing and read no labels: fresh seeds change nothing
COUNTED = ("prototype",)  # train nothing and read labels: fresh seeds change which labels, unless all are read
OBJECTIVES = ("balanced_accuracy", "accuracy", "mAP")  # a task's objective is the first one in its validation rows


@once
def objective(df: pd.DataFrame) -> str:
    """The metric that selects, larger is better: the first of `OBJECTIVES` on validation, else any but the loss."""
    metrics = set(df.loc[df["split"] == "val", "metric"].dropna()) - {"loss"}
    return next((name for name in OBJECTIVES if name in metrics), min(metrics, default="accuracy"))


@once
def scores(df: pd.DataFrame, split: str, metric: str | None = None) -> pd.DataFrame:
    """The rows of one split and metric (the objective by default), by epoch within each trial."""
    metric = metric or objective(df)
    return df[(df["split"] == split) & (df["metric"] == metric)].sort_values(["trial", "epoch"], kind="stable")


def ran(df: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials that were started; a cell that cannot run here has a row too, but no trial."""
    return df[df["state"] != "not_run"]


def not_run(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell that cannot run here, in the order of `grid`: `cell`, `reason`."""
    cells = df[~df["cell"].isin(ran(df)["cell"])].drop_duplicates("cell").set_index("cell")
    cells = cells.reindex([cell for cell in grid(df)["cell"] if cell in cells.index])
    return cells[["error"]].rename(columns={"error": "reason"}).reset_index()


@once
def trials(df: pd.DataFrame) -> pd.DataFrame:
    """One row per trial that was started: its configuration and its results.

    Returns:
        The columns of `PER_TRIAL`; `number` (of the trial within its cell), `epoch` (last scored), `seconds`,
        `train_images` (those whose labels were used); `val`, `test`: the objective at the last epoch that has it;
        `val_best`, `best_epoch`: the highest on validation and its (first) epoch. Empty without a score.
    """
    trials = ran(df).drop_duplicates("trial")[list(PER_TRIAL)].set_index("trial", drop=False)
    trials["number"] = trials["trial"].str.extract(r"(\d+)$")[0].astype("Int64")
    for name in ("epoch", "seconds", "train_images"):
        trials[name] = df.groupby("trial")[name].max()
    for split in ("val", "test"):
        trials[split] = scores(df, split).groupby("trial")["score"].last()
    best = scores(df, "val").sort_values(["score", "epoch"], ascending=[False, True]).drop_duplicates("trial")
    trials[["val_best", "best_epoch"]] = best.set_index("trial")[["score", "epoch"]]
    return trials.reset_index(drop=True)


def on_test(df: pd.DataFrame) -> set[str]:
    """The cells that are validated on the test split, as some publications did; their `val` is a test score."""
    rows = ran(df)
    return set(rows.loc[rows["validation"].eq("test").fillna(False), "cell"])


@once
def tuned(df: pd.DataFrame) -> list[str]:
    """The configuration's columns that vary among the search trials of some cell."""
    search = df[df["role"] == "search"]
    counts = search.groupby("cell")[list(CONFIG)].nunique(dropna=False)
    return [name for name in CONFIG if (counts[name] > 1).any()]


@once
def winners(df: pd.DataFrame) -> pd.DataFrame:
    """The best complete search trial of each cell that has one, on validation; ties go to the lower number."""
    search = trials(df)
    search = search[(search["role"] == "search") & (search["state"] == "complete") & search["val"].notna()]
    return search.sort_values(["val", "number"], ascending=[False, True]).drop_duplicates("cell")


@once
def replicates(df: pd.DataFrame) -> pd.DataFrame:
    """The complete trials that repeat one configuration for the test, one row each.

    These are the replicates of the winners (those of an earlier winner are left out), and the trials of cells as
    published, where nothing is searched and so nothing wins.
    """
    started = trials(df)
    of_winner = (started["role"] == "replicate") & started["replicate_of"].isin(winners(df)["trial"])
    return started[(started["state"] == "complete") & (of_winner | (started["role"] == "published"))]


@once
def cells(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: its compared keys, its winner, its test scores, its trials by state.

    Returns:
        `cell`; the compared columns; `train_images` (whose labels were used: the winner's, else any trial's);
        `winner` (trial; empty in cells as published); the tuned columns with the winner's values; `val` (its
        objective at its last epoch), `val_best`, `best_epoch`; in cells as published their own values, and the means
        of `val` and `val_best` over their trials; `replicates` (n, those with a test score; see `replicates`),
        `replicates_val` (mean), `test_mean`, `test_low`, `test_high` (95 % t interval of the mean over replicates;
        empty where fresh seeds can change nothing);
        `published` (the published score of this cell); `trials` (search, or as published) and their number `complete`,
        `pruned`, `failed`, `running`; `not_run` (1: cannot run here); `val_is_test` (see `on_test`). Cells are in the
        order of `grid`. Scores are empty where unknown.
    """
    cells = grid(df).set_index("cell", drop=False)
    best = _best_trials(df).set_index("cell")
    settings = best[[name for name in tuned(df) if name not in cells]]
    published = df.groupby("cell")["published"].first()
    best_scores = best[["val", "val_best", "best_epoch"]]
    images = best["train_images"].combine_first(trials(df).groupby("cell")["train_images"].first())
    parts = [images, best["trial"].rename("winner"), settings, best_scores, _replicated(df), published, _states(df)]
    cells = cells.join([part.reindex(cells.index) for part in parts])
    counts = ["replicates", "trials", *CHOICES["state"]]
    cells[counts] = cells[counts].fillna(0).astype("int64")
    cells["val_is_test"] = cells["cell"].isin(on_test(df))
    return cells.reset_index(drop=True)


def _best_trials(df: pd.DataFrame) -> pd.DataFrame:
    """The winners, and for each cell as published one of its trials, without its name and with the mean scores."""
    published = replicates(df)
    published = published[published["role"] == "published"]
    if published.empty:
        return winners(df)
    first = published.drop_duplicates("cell").astype({"val": "float64", "val_best": "float64"})
    for name in ("trial", "best_epoch"):
        first[name] = first[name].mask(first["cell"].notna())  # keeps the column's type
    for name in ("val", "val_best"):
        first[name] = first["cell"].map(published.groupby("cell")[name].mean())
    return pd.concat([winners(df), first])


def fixed(group: pd.DataFrame, split: str) -> bool:
    """Whether fresh seeds could change nothing in these trials of one cell, so that their equal scores count once.

    This holds for zero_shot, and for prototype if all labels are read, which shows as scores that are all equal.
    """
    regimes, values = set(group["regime"].dropna()), group[split].dropna()
    equal = len(values) > 1 and values.nunique() == 1
    return bool(regimes & set(UNTRAINED)) or (bool(regimes & set(COUNTED)) and equal)


def interval(group: pd.DataFrame, split: str, metric: str) -> stats.Interval:
    """The mean score of one cell's trials on a split; without ends where fresh seeds could change nothing."""
    mean = stats.t_interval(group[split], stats.bounds(metric))
    return mean._replace(low=np.nan, high=np.nan) if fixed(group, split) else mean


class _Replicated(NamedTuple):
    """Columns of `cells` that summarise a cell's replicates."""

    replicates: int
    replicates_val: float
    test_mean: float
    test_low: float
    test_high: float


def _replicated(df: pd.DataFrame) -> pd.DataFrame:
    """For each cell the number of replicates with a test score, their mean on validation, their interval on test."""
    metric = objective(df)
    rows = {}
    for cell, group in replicates(df).groupby("cell"):
        test = interval(group, "test", metric)
        rows[cell] = _Replicated(
            replicates=test.n,
            replicates_val=stats.t_interval(group["val"]).mean,
            test_mean=test.mean,
            test_low=test.low,
            test_high=test.high,
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=_Replicated._fields)


def _states(df: pd.DataFrame) -> pd.DataFrame:
    """For each cell the number of search trials, or trials as published, in total and in each state."""
    first = df.drop_duplicates("trial")
    first = first[first["role"] != "replicate"]
    counts = pd.crosstab(first["cell"], first["state"]).reindex(columns=list(CHOICES["state"]), fill_value=0)
    counts.insert(0, "trials", counts.drop(columns="not_run").sum(axis=1))
    return counts
