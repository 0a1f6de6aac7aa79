"""What was forgotten of earlier tasks, in sentences: which cells forget least and most, and why.

Knows which regimes freeze all weights, and which train early layers at lower rates.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis.numbers import forgetting, format, stats
from analysis.numbers.forgetting import amount, interval, nothing
from analysis.numbers.study_table import StudyTable

FROZEN = ("zero_shot", "prototype", "feature_extraction")  # the regimes whose weights stay as they are
SLOWED, LEVEL = ("stage_rates", "discriminative"), "fine_tune"  # lower rates of early layers; one rate for all
RULE = (
    "Forgotten: a trial's test score of when the earlier task had been learnt, less the score after the last task. "
    f"Brackets: {forgetting.KIND}"
)


def sentences(table: StudyTable) -> list[str]:
    """What was forgotten of each earlier task, each number with its interval; empty without numbers."""
    rows = forgetting.numbers(table)
    main = rows[rows["metric"] == forgetting.objective(table)]
    return [*_extremes(table, main), *_frozen(table, rows), *_slowed(table, main), *_average(table)]


def _extremes(table: StudyTable, main: pd.DataFrame) -> Iterator[str]:
    """Which contender forgets least and which most, in every comparison of several."""
    for _, group in main.groupby(["task", "panel"], sort=False):
        ordered = group.sort_values("forgetting", kind="stable")
        least = list(ordered[ordered["forgetting"] == ordered["forgetting"].min()].itertuples())
        most = next(ordered.tail(1).itertuples())
        if len(group) > len(least):
            names = " and ".join(row.contender for row in least)
            verdict = _difference(forgetting.paired(table, most.cell, least[0].cell, most.task), most.metric)
            yield (
                f"Of {_where(most)} {names} forget{'s' * (len(least) == 1)} least: {_lost(least[0])}; {most.contender} "
                f"most: {_lost(most)}; {verdict}."
            )
        elif len(group) > 1:
            yield f"Of {_where(most)} all {len(group)} forget the same: {_lost(most)}."


def _where(row: Any) -> str:
    return row.task + (f" ({row.panel})" if row.panel != format.title({}) else "")


def _lost(row: Any, part: str = "forgetting") -> str:
    """`13.90 [12.00, 15.80] points of test accuracy, n = 3`; `exactly 0, in all 3 trials`."""
    if nothing(interval(row, part)) and row.n > 1:
        return f"exactly 0, in all {row.n} trials"
    amount_lost = f"{format.spread(interval(row, part), row.metric)} points of test {row.metric}, n = {row.n}"
    return amount_lost + ", no interval" * (row.n == 1)


def _difference(difference: stats.Interval, metric: str) -> str:
    if not difference.n:
        return "their trials share no seed, so that the two are not compared"
    sentence = f"the difference, paired by seed, is {format.spread(difference, metric)}"
    if difference.n == 1:
        return f"{sentence}, n = 1, no interval"
    verdict = "told apart" if _excludes_0(difference) else f"cannot be told apart at n = {difference.n}"
    return f"{sentence}: {verdict}"


def _excludes_0(difference: stats.Interval) -> bool:
    return stats.leaves_out_0(difference.low, difference.high)


def _frozen(table: StudyTable, rows: pd.DataFrame) -> Iterator[str]:
    """What cells lose that change no weight: nothing, or through the BatchNorm statistics."""
    titles, metric = table.titles(), forgetting.objective(table)
    frozen = rows[rows["regime"].isin(FROZEN)]
    for (cell, task), group in frozen.groupby(["cell", "task"], sort=False):
        for row in group[group["metric"] == metric].itertuples():
            name, by_metric = titles[cell], list(group.itertuples())
            if group["exact"].all():
                yield _nothing_lost(f"{name}, where all weights are frozen,", task, by_metric)
            else:
                yield f"{name}: all weights are frozen, and yet of {task} {_lost(row)}, are lost{_why(row, by_metric)}."


def _nothing_lost(name: str, task: str, by_metric: list[Any]) -> str:
    """The sentence for a cell that forgot exactly 0 by every metric."""
    metrics = ", ".join(row.metric for row in by_metric)
    if by_metric[0].n == 1:
        return f"{name} forgets exactly 0 of {task} in its one trial ({metrics}; n = 1, no interval)."
    return f"{name} forgets exactly 0 of {task}, in all {by_metric[0].n} trials ({metrics})."


def _why(row: Any, by_metric: list[Any]) -> str:
    """What putting the earlier BatchNorm statistics back restores, and the cause where that restores everything.

    Args:
        row: of `forgetting.numbers`, in the metric that selects.
        by_metric: the rows of the same cell and task, one per metric.
    """
    if pd.isna(row.batchnorm):
        return "; what BatchNorm statistics have to do with it was not measured"
    back = "; with the BatchNorm statistics of before put back"
    parts = f"{back} {_lost(row, 'weights')}, are lost"
    cause = interval(row, "batchnorm")
    if not cause.low > 0:
        return parts + (f"; that they matter cannot be told at n = {row.n}" if row.n > 1 else "")
    if all(nothing(interval(metric_row, "weights")) for metric_row in by_metric):
        return f"{parts}: the weights are the same, and statistics that follow the new task's batches are the cause"
    return f"{parts}: statistics that follow the new task's batches make up {amount(row, 'batchnorm')} of it"


def _slowed(table: StudyTable, main: pd.DataFrame) -> Iterator[str]:
    """Whether lower rates of early layers forget more or less than one rate for all, where a study has both."""
    for (task, _), group in main.groupby(["task", "panel"], sort=False):
        for level in group[group["regime"] == LEVEL].head(1).itertuples():
            for row in group[group["regime"].isin(SLOWED)].itertuples():
                yield _slower(row, level.contender, forgetting.paired(table, row.cell, level.cell, task))


def _slower(row: Any, level: str, difference: stats.Interval) -> str:
    rates, where = f"ower rates of early layers ({row.contender}) forget", _where(row)
    if not difference.n:
        return f"Whether l{rates} more or less of {where} than {level} was not measured: their trials share no seed."
    n, bare = difference.n, ", no interval" * (difference.n == 1)
    by = f"the difference is {format.spread(difference, row.metric)} points of test {row.metric}, paired by seed"
    if n > 1 and _excludes_0(difference):
        return f"L{rates} {'more' if difference.low > 0 else 'less'} of {where} than {level}: {by}, n = {n}."
    return f"Whether l{rates} more or less of {where} than {level} cannot be told at n = {n}: {by}{bare}."


def _average(table: StudyTable) -> Iterator[str]:
    """The average over earlier tasks, where there are several."""
    cells, titles = forgetting.average(table), table.titles()
    cells = cells[cells["tasks"] > 1]
    means = [stats.Interval(row.mean, row.low, row.high, row.n) for row in cells.itertuples()]
    parts = [
        f"{titles[cell]} {'exactly 0' if nothing(mean) else format.spread(mean, metric)} (n = {mean.n})"
        for cell, metric, mean in zip(cells["cell"], cells["metric"], means, strict=True)
    ]
    if parts:
        tasks, metric = format.counts(cells["tasks"]), cells["metric"].iloc[0]
        yield f"Average forgetting over {tasks} earlier tasks, in points of test {metric}: {'; '.join(parts)}."
