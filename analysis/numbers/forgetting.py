"""How much trials that learn a chain of tasks forget of the earlier ones: numbers with intervals, and a table of them.

Knows the rows of earlier tasks and their metrics.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.numbers import comparisons, format, stats, summary
from analysis.numbers.study_table import StudyTable, once

BEFORE, OWN = "_before", "_own_batchnorm"  # endings of a metric's name, see `trials`
METRICS = ("accuracy", "sensitivity", "specificity")  # the order of rows; other shares follow
SCORES, PARTS = ("before", "after"), ("forgetting", "weights", "batchnorm")
ENDS = ("", "_low", "_high")  # of the columns of a mean and its interval
PUBLISHED = "published after"
KIND = "95 % t interval of the mean of differences, each within one trial"
SOURCE = "Chaudhry et al. 2018, arXiv:1801.10112, §3, with a task's accuracy of when it was learnt as its highest"


@once
def rows(table: StudyTable) -> pd.DataFrame:
    """The rows of earlier tasks, of the trials that repeat one configuration for the test."""
    return table.earlier[table.earlier["trial"].isin(table.replicates["trial"])]


@once
def objective(table: StudyTable) -> str:
    """The metric in which forgetting is reported, see `summary.objective`."""
    return summary.objective(table.earlier)


@once
def trials(table: StudyTable) -> pd.DataFrame:
    """How much each trial forgot, on the test split at its last epoch.

    Returns:
        One row per earlier task (in the order learnt), metric that is a share, and trial: `cell`, `trial`, `seed`,
        `task`, `metric`, `before` (the network when the task had just been learnt), `own` (the final network with the
        BatchNorm statistics of that time), `after` (the final network), `forgetting` (before - after), `weights`
        (before - own), `batchnorm` (own - after). The last two add up to the forgetting, and are empty without `own`.
    """
    scores = rows(table)
    tasks = scores["task"].unique()
    last = scores[scores["split"] == "test"].dropna(subset=["epoch", "score"]).sort_values("epoch", kind="stable")
    wide = last.pivot_table("score", ["task", "trial"], "metric", aggfunc="last")
    metrics = [name for name in wide if f"{name}{BEFORE}" in wide and name in stats.SHARES]
    metrics.sort(key=lambda name: METRICS.index(name) if name in METRICS else len(METRICS))
    parts = [
        _scores(wide.loc[task], metric).assign(task=task, metric=metric)
        for task in tasks
        for metric in metrics
        if task in wide.index
    ]
    columns = ["cell", "trial", "seed", "task", "metric", "before", "own", "after"]
    trial_columns = last.drop_duplicates("trial").set_index("trial")[["cell", "seed"]]
    joined = pd.concat(parts).join(trial_columns).reset_index()[columns] if parts else pd.DataFrame(columns=columns)
    b, own, a = (joined[name].astype("float64") for name in columns[-3:])
    return joined.assign(before=b, own=own, after=a, forgetting=b - a, weights=b - own, batchnorm=own - a)


def _scores(wide: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The columns `before`, `own` and `after` of `trials`, for the trials that have `before` and `after`."""
    columns = {"before": metric + BEFORE, "own": metric + OWN, "after": metric}
    scores = pd.DataFrame({name: wide.get(column, np.nan) for name, column in columns.items()}, index=wide.index)
    return scores.dropna(subset=list(SCORES))


@once
def numbers(table: StudyTable) -> pd.DataFrame:
    """How much each cell forgot of each earlier task.

    Returns:
        One row per cell, earlier task (in the order learnt) and metric: `panel` (what else is compared), `cell`, `key`,
        `contender`, `look` (see `comparisons.placed`), `regime`, `task`, `metric`; `before`, `after`, `forgetting`,
        `weights`, `batchnorm` (means over trials, see `trials`), each with `_low` and `_high` (95 % t interval); `n`
        (trials), `published` (the published score of the task after the chain, in rows of the objective), `exact` (the
        forgetting is 0.0 in every trial).
    """
    cells = []
    for (cell, task, metric), group in trials(table).groupby(["cell", "task", "metric"], sort=False):
        low, high = stats.bounds(metric)
        limits = dict.fromkeys(SCORES, (low, high)) | dict.fromkeys(PARTS, (low - high, high - low))
        row = {"cell": cell, "task": task, "metric": metric, "n": len(group)}
        for name, bounds in limits.items():
            row |= _named_interval(name, group[name], bounds)
        cells.append(row | {"exact": bool((group["forgetting"] == 0).all())})
    names = [name + end for name in (*SCORES, *PARTS) for end in ENDS]
    data = pd.DataFrame(cells, columns=["cell", "task", "metric", *names, "n", "exact"])
    data = data.astype({"cell": "string", "n": "int64", "exact": "bool"} | dict.fromkeys(names, "float64"))
    data.insert(1, "regime", data["cell"].map(rows(table).groupby("cell")["regime"].first()).astype("string"))
    return comparisons.placed(data.assign(published=_published(table, data)), table, ())


def _named_interval(name: str, values: pd.Series, limits: tuple[float, float]) -> dict[str, float]:
    """A mean and its ends by column; nan if any trial lacks the value, since the parts would not add up."""
    ends = stats.t_interval(values, limits)[:3] if values.notna().all() else (np.nan,) * 3
    return {name + end: value for end, value in zip(ENDS, ends, strict=True)}


def _published(table: StudyTable, data: pd.DataFrame) -> pd.Series:
    published = table.earlier.groupby(["cell", "task"])["published"].first().to_dict()
    values = [published.get(key, np.nan) for key in zip(data["cell"], data["task"], strict=True)]
    return pd.Series(values, index=data.index, dtype="float64").where(data["metric"] == objective(table))


def average(table: StudyTable) -> pd.DataFrame:
    """The mean forgetting over the earlier tasks of each cell: of each trial, then over trials.

    Chaudhry et al. compare a task's present accuracy with its highest so far. Here its accuracy when it was learnt
    takes the place of the highest, which is the same in a chain of two.

    Returns:
        One row per cell: `panel`, `cell`, `key`, `contender`, `look`, `metric`, `tasks` (number of earlier ones),
        `mean`, `low`, `high` (95 % t interval), `n` (trials that have all of them).

    Source: Chaudhry et al. 2018, arXiv:1801.10112, §3.
    """
    metric, cells = objective(table), []
    low, high = stats.bounds(metric)
    lost = trials(table)
    for cell, group in lost[lost["metric"] == metric].groupby("cell", sort=False):
        by_task = group.pivot(index="trial", columns="task", values="forgetting")
        mean = stats.t_interval(by_task.mean(axis=1, skipna=False), (low - high, high - low))
        cells.append({"cell": cell, "metric": metric, "tasks": by_task.shape[1], **mean._asdict()})
    columns = ["cell", "metric", "tasks", *stats.Interval._fields]
    return comparisons.placed(pd.DataFrame(cells, columns=columns).astype({"cell": "string"}), table, ())


def paired(table: StudyTable, first: str, second: str, task: str) -> stats.Interval:
    """How much more one cell forgets of a task than another, in the objective, over trials of the same seed.

    Such trials start from the same network, which has learnt the task. All ends are nan and n is 0 without a common
    seed.
    """
    lost, metric = trials(table), objective(table)
    lost = lost[(lost["task"] == task) & (lost["metric"] == metric)].dropna(subset="seed")
    one, other = (lost[lost["cell"] == cell].groupby("seed")["forgetting"].mean() for cell in (first, second))
    low, high = stats.bounds(metric)
    return stats.t_interval((one - other).dropna(), (low - high, high - low))


def text(table: StudyTable) -> pd.DataFrame:
    """The table of `numbers` as short texts; shares in per cent, differences in percentage points."""
    titles, rows = table.titles(), list(numbers(table).itertuples())
    columns = {
        "": [titles[row.cell] for row in rows],
        "earlier task": [row.task for row in rows],
        "metric": [row.metric for row in rows],
        "before": [format.score(row.before, row.metric) for row in rows],
        "after": [format.score(row.after, row.metric) for row in rows],
        PUBLISHED: [format.score(row.published, row.metric) for row in rows],
        "forgetting [95 %]": [amount(row, "forgetting") for row in rows],
        "weights part": [amount(row, "weights") for row in rows],
        "BatchNorm part": [amount(row, "batchnorm") for row in rows],
        "n": [str(row.n) for row in rows],
    }
    texts = pd.DataFrame(columns, dtype="string")
    return texts if (texts[PUBLISHED] != format.NONE).any() else texts.drop(columns=PUBLISHED)


def interval(row: Any, part: str) -> stats.Interval:
    """A part of a row of `numbers` with its ends."""
    mean, low, high = (getattr(row, part + end) for end in ENDS)
    return stats.Interval(mean, low, high, row.n)


def nothing(interval: stats.Interval) -> bool:
    """Whether all trials have exactly 0: a mean of 0 without any spread."""
    return interval.mean == 0 and (interval.n == 1 or interval.low == interval.high == 0)


def amount(row: Any, part: str) -> str:
    """A part of a row of `numbers` in points: `13.90 [12.00, 15.80]`, `exactly 0`."""
    mean = interval(row, part)
    return "exactly 0" if nothing(mean) else format.spread(mean, row.metric)
