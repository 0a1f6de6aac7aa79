"""What was studied, in sentences, and the table of which contender improves on which.

Describes what was studied; `questions` has the results.
"""

import pandas as pd

from analysis.numbers import cell_table, comparisons, format, grid, stats, summary
from analysis.numbers.columns import CONFIG
from analysis.numbers.study_table import StudyTable


def opening(table: StudyTable) -> list[str]:
    """What was studied, in sentences: the cells, what was tuned in them, what was fixed, which score selects."""
    lines = [_studied(table), *_not_run(table)]
    settings = table.tuned
    lines += [f"Tuned inside each cell: {', '.join(settings)}."] if settings else []
    if fixed := _fixed(table):
        lines += [f"The same in all trials: {', '.join(fixed)}."]
    return lines + _selected(table) + equal_fractions(table)


def _studied(table: StudyTable) -> str:
    cells = table.grid
    keys = [
        f"{key} ({', '.join(format.value(key, value) for value in grid.ordered(cells[key]))})"
        for key in cells.columns[1:]
    ]
    product = f": {' × '.join(keys)}" if keys else ""
    return f"{format.plural(len(cells), 'cell')}{product}."


def _not_run(table: StudyTable) -> list[str]:
    groups, number = cell_table.not_run(table), table.trial_rows["cell"].nunique()
    if groups.empty:
        return []
    reasons = "; ".join(reason.split("\n", 1)[0].rstrip(".") for reason in groups["reason"])
    count = int(groups["number"].astype(int).sum())
    return [f"{count} of {format.plural(number, 'cell')} {'was' if count == 1 else 'were'} not run: {reasons}."]


def _fixed(table: StudyTable) -> list[str]:
    compared, rows = table.grid.columns, summary.ran(table.trial_rows)
    single = [name for name in CONFIG if name not in compared and rows[name].nunique() == 1]
    return [f"{name}={format.number(rows[name].dropna().iloc[0])}" for name in single if rows[name].notna().all()]


def _selected(table: StudyTable) -> list[str]:
    metric, roles = table.objective, set(summary.ran(table.trial_rows)["role"])
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


def equal_fractions(table: StudyTable) -> list[str]:
    """Which label fractions gave the same number of training images, in cells that differ in nothing else."""
    names = list(table.grid.columns[1:])
    if "label_fraction" not in names:
        return []
    by = [*(name for name in names if name != "label_fraction"), "train_images"]
    cells = table.cells.dropna(subset=["label_fraction", "train_images"])
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


def improvements(table: StudyTable) -> pd.DataFrame:
    """The table of `comparisons.improvements` as short texts."""
    pairs = comparisons.improvements(table)
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
