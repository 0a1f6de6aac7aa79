"""How soon a training reaches its plateau: the first epoch, and step, near the best score that it ever has.

Knows nothing of sentences, figures or files.
"""

import pandas as pd

from analysis.numbers import comparisons, format, stats, summary

SHARES = (0.95, 0.99)
"""Of a run's own best validation score."""
KIND = f"{stats.KIND} over replicates"


def runs(df: pd.DataFrame) -> pd.DataFrame:
    """When each replicate first reaches so large a share of its own best validation score.

    Returns:
        One row per trial and share: `cell`, `trial`, `share`, `epoch`, `step`, `best` (the highest validation score).
    """
    found = summary.scores(df, "val")
    found = found[found["trial"].isin(summary.replicates(df)["trial"])].dropna(subset=["epoch", "score"])
    best = found.groupby("trial")["score"].transform("max")
    rows = [found[found["score"] >= share * best].drop_duplicates("trial").assign(share=share) for share in SHARES]
    reached = pd.concat(rows).assign(best=best)
    return reached[["cell", "trial", "share", "epoch", "step", "best"]].reset_index(drop=True)


def table(df: pd.DataFrame) -> pd.DataFrame:
    """The mean epoch and step of the plateau per cell, with intervals.

    Returns:
        One row per cell and share: `panel`, `cell`, `key`, `contender`, `look`, `share`, `epoch`, `epoch_low`,
        `epoch_high`, `step`, `step_low`, `step_high`, `n`.
    """
    rows = []
    for (cell, share), group in runs(df).groupby(["cell", "share"], sort=False):
        ends = [stats.t_interval(group[name].astype("float64"), (0, float("inf"))) for name in ("epoch", "step")]
        rows.append((cell, share, *ends[0][:3], *ends[1]))
    names = [f"{name}{end}" for name in ("epoch", "step") for end in ("", "_low", "_high")]
    found = pd.DataFrame(rows, columns=["cell", "share", *names, "n"]).astype({"cell": "string"})
    return comparisons.placed(found, df, ())


def text(df: pd.DataFrame) -> pd.DataFrame:
    """The same as short texts: `4.3 [3.7, 4.9]`."""
    rows = [
        (
            row.panel if row.panel != format.title({}) else "",
            row.contender,
            format.fraction(row.share),
            spread(row.epoch, row.epoch_low, row.epoch_high),
            spread(row.step, row.step_low, row.step_high),
            str(row.n),
        )
        for row in table(df).itertuples()
    ]
    return pd.DataFrame(rows, columns=["", "", "of its best", "epoch [95 %]", "step [95 %]", "n"], dtype="string")


def spread(mean: float, low: float, high: float) -> str:
    """A number of epochs or steps with its interval, as text."""
    if pd.isna(mean):
        return format.NONE
    return f"{mean:.1f}" if pd.isna(low) else f"{mean:.1f} [{low:.1f}, {high:.1f}]"
