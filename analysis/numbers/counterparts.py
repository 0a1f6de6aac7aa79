"""Which corrected cell is the twin of a cell as published that has none at its own place.

Two publications may differ in what is tuned once they are corrected: both then have one corrected cell, which a space
asks for once. Knows the cells' configurations; knows nothing of scores or of text.
"""

import pandas as pd

from analysis.numbers import grid, summary
from analysis.numbers.grid import CORRECTED, PUBLISHED
from analysis.numbers.table import CONFIG


def twins(df: pd.DataFrame) -> dict[str, str]:
    """The corrected cell of each cell as published that has none of its own.

    It is the one that the published cell differs from only where that one's own published cell differs from it too (the
    causes, the recipe, what is tuned). Without such a cell, or with several, there is no twin.

    Returns:
        Cell as published → corrected cell of another place.
    """
    if "version" not in grid.grid(df):
        return {}
    told = summary.ran(df).drop_duplicates("cell").set_index("cell")[list(CONFIG)].astype("string").fillna("")
    pairs = [(cells.get(PUBLISHED, ""), cells.get(CORRECTED, "")) for cells in _places(df)]
    own = [pair for pair in pairs if told.index.isin(pair).sum() == 2]
    found: dict[str, str] = {}
    for cell in (cell for cell, best in pairs if cell in told.index and not best):
        same = [best for its, best in own if _differing(told, cell, best) <= _differing(told, its, best)]
        found.update({cell: same[0]} if len(same) == 1 else {})
    return found


def _places(df: pd.DataFrame) -> list[dict[str, str]]:
    """Per place: version → cell."""
    found = grid.grid(df)
    places = found["cell"].map(grid.titles(df, ("version",)))
    return [dict(zip(rows["version"], rows["cell"], strict=True)) for _, rows in found.groupby(places)]


def _differing(told: pd.DataFrame, one: str, other: str) -> set[str]:
    """The columns of the configuration in which two cells' first trials differ."""
    return set(told.columns[told.loc[one] != told.loc[other]])
