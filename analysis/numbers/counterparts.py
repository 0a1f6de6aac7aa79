"""Which corrected cell is the twin of a published cell that has none in its own comparison.

Two publications may differ only in settings that are tuned once they are corrected. Both then have the same corrected
cell, which a space lists once.
"""

import pandas as pd

from analysis.numbers import summary
from analysis.numbers.grid import CORRECTED, PUBLISHED
from analysis.numbers.study_table import StudyTable
from analysis.numbers.table import CONFIG


def twins(table: StudyTable) -> dict[str, str]:
    """The corrected cell of each cell as published that has none of its own.

    The published cell may differ from it only in columns in which the twin's own published cell differs too (the
    causes, the recipe, tuned values). Without such a cell, or with several, there is no twin.

    Returns:
        Cell as published → corrected cell of another comparison.
    """
    if "version" not in table.grid:
        return {}
    first = summary.ran(table.trial_rows).drop_duplicates("cell").set_index("cell")
    configs = first[list(CONFIG)].astype("string").fillna("")
    pairs = [(cells.get(PUBLISHED, ""), cells.get(CORRECTED, "")) for cells in _versions(table)]
    complete = [pair for pair in pairs if configs.index.isin(pair).sum() == 2]
    twins: dict[str, str] = {}
    for cell in (published for published, corrected in pairs if published in configs.index and not corrected):
        matches = [
            corrected
            for published, corrected in complete
            if _differing(configs, cell, corrected) <= _differing(configs, published, corrected)
        ]
        twins.update({cell: matches[0]} if len(matches) == 1 else {})
    return twins


def _versions(table: StudyTable) -> list[dict[str, str]]:
    """The cell of each version, for every comparison."""
    cells = table.grid
    titles = cells["cell"].map(table.titles(("version",)))
    return [dict(zip(rows["version"], rows["cell"], strict=True)) for _, rows in cells.groupby(titles)]


def _differing(configs: pd.DataFrame, one: str, other: str) -> set[str]:
    """The columns of the configuration in which two cells' first trials differ."""
    return set(configs.columns[configs.loc[one] != configs.loc[other]])
