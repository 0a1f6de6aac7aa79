"""What was studied, in sentences, and the table of which contender improves on which.

Describes what was studied; `questions` has the results.
"""

import pandas as pd

from analysis.numbers import cell_table, comparisons, format, grid, stats, summary, table


def opening(df: pd.DataFrame) -> list[str]:
    """What was studied, in sentences: the cells, what was tuned in them, what was fixed, which score selects."""
    lines = [_studied(df), *_not_run(df)]
    settings = summary.tuned(df)
    lines += [f"Tuned inside each cell: {', '.join(settings)}."] if settings else []
    if fixed := _fixed(df):
        lines += [f"The same in all trials: {', '.join(fixed)}."]
    return lines + _selected(df) + equal_fractions(df)


def _studied(df: pd.DataFrame) -> str:
    cells = grid.grid(df)
    keys = [
        f"{key} ({', '.join(format.value(key, value) for value in grid.ordered(cells[key]))})"
        for key in cells.columns[1:]
    ]
    product = f": {' × '.join(keys)}" if keys else ""
    return f"{format.plural(len(cells), 'cell')}{product}."


def _not_run(df: pd.DataFrame) -> list[str]:
    groups, number = cell_table.not_run(df), df["cell"].nunique()
    if groups.empty:
        return []
    reasons = "; ".join(reason.split("\n", 1)[0].rstrip(".") for reason in groups["reason"])
    count = int(groups["number"].astype(int).sum())
    return [f"{count} of {format.plural(number, 'cell')} {'was' if count == 1 else 'were'} not run: {reasons}."]


def _fixed(df: pd.DataFrame) -> list[str]:
    compared, df = grid.grid(df).columns, summary.ran(df)
    single = [name for name in table.CONFIG if name not in compared and df[name].nunique() == 1]
    return [f"{name}={format.number(df[name].dropna().iloc[0])}" for name in single if df[name].notna().all()]


def _selected(df: pd.DataFrame) -> list[str]:
    metric, roles = summary.objective(df), set(summary.ran(df)["role"])
    searched = [
        f"In each cell the complete search trial with the highest validation {metric} at its last epoch wins; its "
        "replicates are trained with fresh seeds, and they alone are scored on the test split."
    ]
    if "published" not in roles:
        return searched
    published = (
        "In cells as published nothing is searched: the published values are run with fresh seeds, and each run is "
        "scored on the test split at its last epoch."
    )
    return [*searched, published] if roles & {"search", "replicate"} else [published]


def equal_fractions(df: pd.DataFrame) -> list[str]:
    """Which label fractions gave the same number of training images, in cells that differ in nothing else."""
    names = list(grid.grid(df).columns[1:])
    if "label_fraction" not in names:
        return []
    by = [*(name for name in names if name != "label_fraction"), "train_images"]
    cells = summary.cells(df).dropna(subset=["label_fraction", "train_images"])
    groups = [
        (rows["train_images"].iloc[0], grid.ordered(rows["label_fraction"]))
        for _, rows in cells.groupby(by, dropna=False)
    ]
    equal = {(images, " and ".join(map(format.fraction, shares))) for images, shares in groups if len(shares) > 1}
    return [
        f"Cells at {shares} of the labels trained on equally many images ({images:,}): these fractions are not told "
        "apart."
        for images, shares in sorted(equal)
    ]


def improvements(df: pd.DataFrame) -> pd.DataFrame:
    """The table of `comparisons.improvements` as short texts."""
    pairs = comparisons.improvements(df)
    rows = [
        (
            row.place,
            f"{row.better} > {row.other}",
            format.spread(
                stats.Interval(row.difference, row.difference_low, row.difference_high, row.pairs), row.metric
            ),
            comparisons.HOW[row.how],
            format.probability(stats.Interval(row.p, row.low, row.high, 0)),
            format.p_value(row.mann_whitney_p),
            format.NONE if pd.isna(row.separated) else "yes" if row.separated else "no",
            f"{row.n_better} and {row.n_other}",
        )
        for row in pairs.itertuples()
    ]
    heads = ["where", "a > b", "a − b [95 %]", "interval", "P(a > b) [95 %]", "Mann–Whitney p", "separated", "n"]
    return pd.DataFrame(rows, columns=heads, dtype="string")
