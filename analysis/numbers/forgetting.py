"""What trials that learn a chain of tasks forget of the earlier ones: numbers with intervals, and a table of them.

Knows the rows of earlier tasks and their metrics; knows nothing of sentences, figures or files.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.numbers import comparisons, format, grid, stats, summary, table
from analysis.numbers.memo import once

BEFORE, OWN = "_before", "_own_batchnorm"  # what a metric's name ends in: see `trials`
METRICS = ("accuracy", "sensitivity", "specificity")  # the order of rows; other shares follow
SCORES, PARTS = ("before", "after"), ("forgetting", "weights", "batchnorm")
PUBLISHED = "published after"
KIND = "95 % t interval of the mean of differences, each within one trial"
SOURCE = "Chaudhry et al. 2018, arXiv:1801.10112, §3, with a task's accuracy of when it was learnt as its highest"


@once
def rows(df: pd.DataFrame) -> pd.DataFrame:
    """The rows of earlier tasks, of the trials that repeat one configuration for the test."""
    again = summary.replicates(table.apart(df)[0])["trial"]
    return df[table.earlier(df) & df["trial"].isin(again)]


@once
def objective(df: pd.DataFrame) -> str:
    """The metric that earlier tasks are spoken of in, see `summary.objective`."""
    return summary.objective(df[table.earlier(df)])


@once
def trials(df: pd.DataFrame) -> pd.DataFrame:
    """What each trial forgot, on the test split at its last epoch.

    Args:
        df: a study's whole table.

    Returns:
        One row per earlier task (in the order learnt), metric that is a share, and trial: `cell`, `trial`, `seed`,
        `task`, `metric`, `before` (the network as it was when the task had been learnt), `own` (as it is, but for the
        BatchNorm statistics of then), `after` (as it is), `forgetting` (before - after), `weights` (before - own),
        `batchnorm` (own - after); the last two add up to the forgetting, and are empty without an `own`.
    """
    found = rows(df)
    last = found[found["split"] == "test"].dropna(subset=["epoch", "score"]).sort_values("epoch", kind="stable")
    wide = last.pivot_table("score", ["task", "trial"], "metric", aggfunc="last")
    known = [name for name in wide if f"{name}{BEFORE}" in wide and name in stats.SHARES]
    told = [
        _scores(wide.loc[task], metric).assign(task=task, metric=metric)
        for task in found["task"].unique()
        for metric in sorted(known, key=lambda name: METRICS.index(name) if name in METRICS else len(METRICS))
        if task in wide.index
    ]
    columns = ["cell", "trial", "seed", "task", "metric", "before", "own", "after"]
    about = last.drop_duplicates("trial").set_index("trial")[["cell", "seed"]]
    joined = pd.concat(told).join(about).reset_index()[columns] if told else pd.DataFrame(columns=columns)
    b, own, a = (joined[name].astype("float64") for name in columns[-3:])
    return joined.assign(before=b, own=own, after=a, forgetting=b - a, weights=b - own, batchnorm=own - a)


def _scores(wide: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Before, after, and after with the BatchNorm statistics of before, of the trials that have both the first."""
    named = {"before": metric + BEFORE, "own": metric + OWN, "after": metric}
    found = pd.DataFrame({name: wide.get(column, np.nan) for name, column in named.items()}, index=wide.index)
    return found.dropna(subset=list(SCORES))


@once
def numbers(df: pd.DataFrame) -> pd.DataFrame:
    """What each cell forgot of each earlier task.

    Args:
        df: a study's whole table.

    Returns:
        One row per cell, earlier task (in the order learnt) and metric: `panel` (what else is compared), `cell`, `key`,
        `contender`, `look` (see `places.placed`), `regime`, `task`, `metric`; `before`, `after`, `forgetting`,
        `weights`, `batchnorm` (means over trials, see `trials`), each with `_low` and `_high` (95 % t interval); `n`
        (trials), `published` (what somebody reported of the task after the chain, in rows of the objective), `exact`
        (the forgetting is 0.0 in every trial).
    """
    told = []
    for (cell, task, metric), group in trials(df).groupby(["cell", "task", "metric"], sort=False):
        low, high = stats.bounds(metric)
        limits = dict.fromkeys(SCORES, (low, high)) | dict.fromkeys(PARTS, (low - high, high - low))
        ends = [value for name in limits for value in _interval(group[name], limits[name])]
        told.append((cell, task, metric, *ends, len(group), bool((group["forgetting"] == 0).all())))
    names = [name + end for name in (*SCORES, *PARTS) for end in ("", "_low", "_high")]
    found = pd.DataFrame(told, columns=["cell", "task", "metric", *names, "n", "exact"])
    found = found.astype({"cell": "string", "n": "int64", "exact": "bool"} | dict.fromkeys(names, "float64"))
    found.insert(1, "regime", found["cell"].map(rows(df).groupby("cell")["regime"].first()).astype("string"))
    return comparisons.placed(found.assign(published=_published(df, found)), table.apart(df)[0], ())


def _interval(values: pd.Series, limits: tuple[float, float]) -> tuple[float, float, float]:
    """A mean with its ends; none where some trial lacks the value, since parts would not add up."""
    return stats.t_interval(values, limits)[:3] if values.notna().all() else (np.nan,) * 3


def _published(df: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    known = df[table.earlier(df)].groupby(["cell", "task"])["published"].first().to_dict()
    values = [known.get(key, np.nan) for key in zip(found["cell"], found["task"], strict=True)]
    return pd.Series(values, index=found.index, dtype="float64").where(found["metric"] == objective(df))


def average(df: pd.DataFrame) -> pd.DataFrame:
    """The mean forgetting over the earlier tasks of each cell: of each trial, then over trials.

    Theirs sets a task's highest accuracy until now against its present one; here that of when it was learnt stands for
    the highest, which is the same in a chain of two.

    Returns:
        One row per cell: `panel`, `cell`, `key`, `contender`, `look`, `metric`, `tasks` (how many earlier ones),
        `mean`, `low`, `high` (95 % t interval), `n` (trials that have all of them).

    Source: Chaudhry et al. 2018, arXiv:1801.10112, §3.
    """
    metric, told = objective(df), []
    low, high = stats.bounds(metric)
    found = trials(df)
    for cell, group in found[found["metric"] == metric].groupby("cell", sort=False):
        each = group.pivot(index="trial", columns="task", values="forgetting")
        mean = stats.t_interval(each.mean(axis=1, skipna=False), (low - high, high - low))
        told.append((cell, metric, each.shape[1], *mean))
    data = pd.DataFrame(told, columns=["cell", "metric", "tasks", *stats.Interval._fields]).astype({"cell": "string"})
    return comparisons.placed(data, table.apart(df)[0], ())


def paired(df: pd.DataFrame, first: str, second: str, task: str) -> stats.Interval:
    """How much more one cell forgets of a task than another, in the objective, over trials of the same seed.

    These start from the same network that has learnt the task. Without a seed that both have all is empty, n = 0.
    """
    found, metric = trials(df), objective(df)
    found = found[(found["task"] == task) & (found["metric"] == metric)].dropna(subset="seed")
    one, other = (found[found["cell"] == cell].groupby("seed")["forgetting"].mean() for cell in (first, second))
    low, high = stats.bounds(metric)
    return stats.t_interval((one - other).dropna(), (low - high, high - low))


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The table of `numbers` as short texts; shares in per cent, differences in points of it."""
    titles = grid.titles(table.apart(df)[0])
    told = [
        (
            titles[row.cell],
            row.task,
            row.metric,
            format.score(row.before, row.metric),
            format.score(row.after, row.metric),
            format.score(row.published, row.metric),
            *(amount(row, part) for part in PARTS),
            str(row.n),
        )
        for row in numbers(df).itertuples()
    ]
    heads = ["", "earlier task", "metric", "before", "after", PUBLISHED, "forgetting [95 %]"]
    shown = pd.DataFrame(told, columns=[*heads, "weights part", "BatchNorm part", "n"], dtype="string")
    return shown if (shown[PUBLISHED] != format.NONE).any() else shown.drop(columns=PUBLISHED)


def interval(row: Any, part: str) -> stats.Interval:
    """A part of a row of `numbers` with its ends."""
    mean, low, high = (getattr(row, part + end) for end in ("", "_low", "_high"))
    return stats.Interval(mean, low, high, row.n)


def nothing(found: stats.Interval) -> bool:
    """Whether all trials have exactly 0: a mean of 0 without any spread."""
    return found.mean == 0 and (found.n == 1 or found.low == found.high == 0)


def amount(row: Any, part: str) -> str:
    """A part of a row of `numbers` in points: `13.90 [12.00, 15.80]`, `exactly 0`."""
    found = interval(row, part)
    return "exactly 0" if nothing(found) else format.spread(found, row.metric)
