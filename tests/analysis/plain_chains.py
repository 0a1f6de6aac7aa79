"""What a report must say of earlier tasks, from the table in plain pandas. Knows nothing of the analysis."""

from collections.abc import Iterator

import pandas as pd

from tests.analysis.plain import Study, mean, spread
from tests.analysis.plain_tables import lost


def forgotten(study: Study) -> Iterator[str]:
    """Who forgets least and most of each earlier task, among the cells of a version, and by how much they differ."""
    title = {cell: study.title(cell).partition(" · ") for cell in study.cells}
    for task in study.df.loc[study.earlier, "task"].unique():
        for version in sorted({name for _, _, name in title.values()}):
            each = {
                name: lost(study, cell, task, "accuracy").set_index("seed")["forgetting"]
                for cell, (name, _, its) in title.items()
                if its == version
            }
            least, most = min(each, key=lambda name: each[name].mean()), max(each, key=lambda name: each[name].mean())
            if least != most:
                apart = spread(mean((each[most] - each[least]).dropna(), -1, 1), "accuracy")
                yield f"{least} forgets least: {told(each[least])}; {most} most: {told(each[most])}; the difference, "
                yield f"paired by seed, is {apart}: "


def told(values: pd.Series) -> str:
    if (values == 0).all():
        return f"exactly 0, in all {len(values)} trials"
    return f"{spread(mean(values, -1, 1), 'accuracy')} points of test accuracy, n = {len(values)}"
