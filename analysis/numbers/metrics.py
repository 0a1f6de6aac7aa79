"""The other metrics of the replicates on test, beside the one that selects."""

import numpy as np
import pandas as pd

from analysis.numbers import format, stats, summary
from analysis.numbers.study_table import StudyTable, once


@once
def numbers(table: StudyTable) -> pd.DataFrame:
    """The test scores of the replicates by every metric except the loss; all of the same trained networks.

    Returns:
        One row per cell and metric, the objective first: `cell`, `metric`, `mean`, `low`, `high` (95 % t interval over
        replicates; empty where fresh seeds can change nothing), `n`. No rows if the objective is the only metric.
    """
    replicates, objective = table.replicates, table.objective
    fixed = {str(cell): summary.fixed(group, "test") for cell, group in replicates.groupby("cell")}
    rows = table.trial_rows
    tested = rows[(rows["split"] == "test") & (rows["metric"] != "loss") & rows["trial"].isin(replicates["trial"])]
    names = sorted(tested["metric"].unique(), key=lambda name: (name != objective, name))
    intervals = []
    for cell in table.grid["cell"] if len(names) > 1 else ():
        scores = tested[tested["cell"] == cell].sort_values("epoch").drop_duplicates(["trial", "metric"], keep="last")
        for name in names:
            mean = stats.t_interval(scores.loc[scores["metric"] == name, "score"], stats.bounds(name))
            mean = mean._replace(low=np.nan, high=np.nan) if fixed.get(cell) else mean
            intervals.append({"cell": cell, "metric": name, **mean._asdict()})
    return pd.DataFrame([row for row in intervals if row["n"]], columns=["cell", "metric", *stats.Interval._fields])


def text(table: StudyTable) -> pd.DataFrame:
    """The same as short texts: one row per cell, a column per metric; shares in per cent."""
    scores, titles = numbers(table), table.titles()
    rows = []
    for cell, group in scores.groupby("cell", sort=False):
        texts = {
            row.metric: format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)
            for row in group.itertuples()
        }
        rows.append({"": titles[cell], **texts, "n": format.counts(group["n"])})
    heads = ["", *scores["metric"].unique(), "n"]
    return pd.DataFrame(rows, columns=heads, dtype="string").fillna(format.NONE)
