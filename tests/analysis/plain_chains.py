"""The texts that a report must have about earlier tasks, from the table in plain pandas, without the analysis."""

from collections.abc import Iterator

import pandas as pd

from tests.analysis.plain import Study, mean, spread
from tests.analysis.plain_tables import lost


def forgotten(study: Study) -> Iterator[str]:
    """Which cells of a version forget least and most of each earlier task, and by how much they differ."""
    title = {cell: study.title(cell).partition(" · ") for cell in study.cells}
    for task in study.df.loc[study.earlier, "task"].unique():
        for version in sorted({name for _, _, name in title.values()}):
            losses = {
                name: lost(study, cell, task, "accuracy").set_index("seed")["forgetting"]
                for cell, (name, _, its) in title.items()
                if its == version
            }
            means = {name: values.mean() for name, values in losses.items()}
            least, most = min(means, key=lambda name: means[name]), max(means, key=lambda name: means[name])
            if least != most:
                apart = spread(mean((losses[most] - losses[least]).dropna(), -1, 1), "accuracy")
                yield f"{least} forgets least: {amount(losses[least])}; {most} most: {amount(losses[most])}; "
                yield f"the difference, paired by seed, is {apart}: "


def amount(values: pd.Series) -> str:
    if (values == 0).all():
        return f"exactly 0, in all {len(values)} trials"
    return f"{spread(mean(values, -1, 1), 'accuracy')} points of test accuracy, n = {len(values)}"
