"""What else was measured of the replicates on test, beside the metric that selects.

Knows nothing of sentences, figures or files.
"""

import numpy as np
import pandas as pd

from analysis.numbers import format, grid, stats, summary


def numbers(df: pd.DataFrame) -> pd.DataFrame:
    """The test scores of the replicates by every metric but the loss; of the same trained networks.

    Returns:
        One row per cell and metric, the objective first: `cell`, `metric`, `mean`, `low`, `high` (95 % t interval over
        replicates; empty where fresh seeds can change nothing), `n`. No row where there is the objective alone.
    """
    again, first = summary.replicates(df), summary.objective(df)
    fixed = {str(cell): summary.fixed(group, "test") for cell, group in again.groupby("cell")}
    found = df[(df["split"] == "test") & (df["metric"] != "loss") & df["trial"].isin(again["trial"])]
    names = sorted(found["metric"].unique(), key=lambda name: (name != first, name))
    rows = []
    for cell in grid.grid(df)["cell"] if len(names) > 1 else ():
        scores = found[found["cell"] == cell].sort_values("epoch").drop_duplicates(["trial", "metric"], keep="last")
        for name in names:
            told = stats.t_interval(scores.loc[scores["metric"] == name, "score"], stats.bounds(name))
            rows.append((cell, name, *(told._replace(low=np.nan, high=np.nan) if fixed.get(cell) else told)))
    return pd.DataFrame([row for row in rows if row[-1]], columns=["cell", "metric", *stats.Interval._fields])


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The same as short texts: one row per cell, a column per metric; shares in per cent."""
    found, titles = numbers(df), grid.titles(df)
    rows = []
    for cell, group in found.groupby("cell", sort=False):
        told = {
            row.metric: format.spread(stats.Interval(row.mean, row.low, row.high, row.n), row.metric)
            for row in group.itertuples()
        }
        rows.append({"": titles[cell], **told, "n": format.counts(group["n"])})
    heads = ["", *found["metric"].unique(), "n"]
    return pd.DataFrame(rows, columns=heads, dtype="string").fillna(format.NONE)
