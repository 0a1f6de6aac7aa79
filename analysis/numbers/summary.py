"""What a study's rows and the trials of one cell come to: the metric that selects, scores with their intervals."""

import numpy as np
import pandas as pd

from analysis.numbers import stats

UNTRAINED = ("zero_shot",)  # train nothing and read no labels: fresh seeds change nothing
COUNTED = ("prototype",)  # train nothing and read labels: fresh seeds change which labels, unless all are read
OBJECTIVES = ("balanced_accuracy", "accuracy", "mAP")  # a task's objective is the first one in its validation rows


def objective(rows: pd.DataFrame) -> str:
    """The metric that selects, larger is better: the first of `OBJECTIVES` on validation, else any but the loss."""
    metrics = set(rows.loc[rows["split"] == "val", "metric"].dropna()) - {"loss"}
    return next((name for name in OBJECTIVES if name in metrics), min(metrics, default="accuracy"))


def ran(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of trials that were started; a cell that cannot run here has a row too, but no trial."""
    return rows[rows["state"] != "not_run"]


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
