"""What the cells of a study compare: their keys, the order of the values, and which key's values compete.

Knows the names of cells and the table's types; knows nothing of scores, of how trials ended or of figures.
"""

import re
from typing import Any

import pandas as pd

from analysis.numbers import format
from analysis.numbers.memo import once
from analysis.numbers.table import COLUMNS

REGIMES = (  # from nothing transferred to everything adapted; the order of rows, panels and legends
    "scratch",
    "zero_shot",
    "prototype",
    "feature_extraction",
    "partial_freeze",
    "lp_ft",
    "gradual_unfreeze",
    "stage_rates",
    "discriminative",
    "fine_tune",
)
PUBLISHED, CORRECTED = "published", "corrected"  # versions; any other is the name of the one cause that it keeps
CONTENDERS = ("regime", "model")  # keys whose values compete, before any other
MEETINGS = ("label_fraction", "version", "image_size", "upsample")  # keys that say where others compete
_NUMBERS = ("Int64", "float64")


def compared(cell: str) -> dict[str, str]:
    """What a cell's name says: `"regime=scratch, label_fraction=0.1"` gives both keys with their text."""
    parts = re.split(r",\s*(?=\w+=)", cell)
    return dict(part.split("=", 1) for part in parts if "=" in part)


@once
def grid(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: `cell` and a column for each key that it compares; in the order of what they compare."""
    names = _in_study_order(df)
    named = _compared(names)
    found = names.to_frame().join(named)
    if named.columns.empty:
        return found
    places = named.apply(lambda values: values.map({value: place for place, value in enumerate(ordered(values))}))
    return found.loc[places.sort_values(list(named), kind="stable", na_position="last").index].reset_index(drop=True)


def _in_study_order(df: pd.DataFrame) -> pd.Series:
    """The cells' names by the cell's number in the study, which its trials are named by: c003-s000, c003."""
    found = df.drop_duplicates("cell")[["cell", "trial"]]
    numbers = found["trial"].str.extract(r"^c(\d+)(?:-|$)")[0].astype("Int64")
    return found.assign(number=numbers).sort_values("number", kind="stable")["cell"].reset_index(drop=True)


def _compared(names: pd.Series) -> pd.DataFrame:
    """The compared keys of the cells as columns, in the table's own types where it has the column."""
    found = pd.DataFrame([compared(name) for name in names], index=names.index)
    for key in found:
        values = found[key].where(found[key] != "None")
        try:
            found[key] = values.astype("float64").astype(COLUMNS[key]) if COLUMNS.get(key) in _NUMBERS else values
        except (TypeError, ValueError):
            found[key] = values
        if not pd.api.types.is_numeric_dtype(found[key]):
            found[key] = found[key].astype("string")
    return found


def ordered(values: pd.Series) -> list[Any]:
    """The distinct values of a column of `grid`, in the order of rows, panels and legends.

    Numbers go by size, regimes as in `REGIMES`, versions from published over the causes to corrected, other names as
    the study has them.
    """
    found = list(values.dropna().unique())
    if pd.api.types.is_numeric_dtype(values):
        return sorted(found)
    known = {"regime": REGIMES, "version": (PUBLISHED, *(v for v in found if v != CORRECTED), CORRECTED)}
    ranks = {value: place for place, value in reversed(list(enumerate(known.get(str(values.name), ()))))}
    return sorted(found, key=lambda value: ranks.get(value, len(ranks)))


def contender(df: pd.DataFrame) -> str | None:
    """The compared key whose values compete: the regime, else the model, else the first that names no place to meet.

    A key that has one value in the whole study is passed over where another has more. None where nothing competes.
    """
    found = grid(df)
    keys = [key for key in found.columns[1:] if key not in MEETINGS]
    several = [key for key in keys if found[key].nunique(dropna=False) > 1] or keys
    return next((key for key in (*CONTENDERS, *several) if key in several), None)


def contenders(df: pd.DataFrame) -> pd.DataFrame:
    """Who competes, per cell (the index, in order).

    Returns:
        `key` (see `contender`; regime without one), `contender` (its value in the cell, as text), `look` (the name of
        its look for `style.look`: a regime's own, of others a number by their order in the study).
    """
    found = grid(df).set_index("cell")
    key = contender(df) or "regime"
    values = found[key] if key in found else df.groupby("cell")["regime"].first().reindex(found.index)
    places = {value: str(place) for place, value in enumerate(ordered(values), 1)}
    names = values.map(format.number, na_action=None).astype("string")
    looks = names if key == "regime" else values.map(places).astype("string")
    return pd.DataFrame({"key": key, "contender": names, "look": looks.fillna(format.NONE)})


def alike(df: pd.DataFrame) -> tuple[str, ...]:
    """The compared keys that have one value in all cells, of which a short title need not speak."""
    found = grid(df)
    return tuple(key for key in found.columns[1:] if found[key].nunique(dropna=False) == 1)


def titles(df: pd.DataFrame, without: tuple[str, ...] = ()) -> pd.Series:
    """A short title per cell, of what the cell compares except `without`; cells in their order."""
    found = grid(df)
    keys = [key for key in found.columns[1:] if key not in without]
    named = [{key: row[key] for key in keys if not pd.isna(row[key])} for row in found.to_dict("records")]
    told = [format.title(row) if "=" in cell else cell for row, cell in zip(named, found["cell"], strict=True)]
    return pd.Series(told, index=found["cell"], dtype="string")


def meetings(df: pd.DataFrame, key: str | None) -> list[str]:
    """The titles of the places where the values of a key meet, in the order of what else is compared."""
    found = grid(df)
    others = found.drop(columns=["cell", key or "cell"], errors="ignore")
    ranks = others.apply(lambda values: values.map({value: n for n, value in enumerate(ordered(values))}))
    order = (
        ranks.sort_values(list(others), kind="stable", na_position="last").index if len(others.columns) else found.index
    )
    told = titles(df, (key,) if key else ())
    return list(dict.fromkeys(told[found.loc[order, "cell"]]))


def filled(found: pd.DataFrame, df: pd.DataFrame) -> pd.DataFrame:
    """Trials with what their cell's name says where a column is empty since nothing read it, e.g. in zero_shot."""
    named = grid(df).set_index("cell")
    same = [key for key in named if key in found and named[key].dtype == found[key].dtype]
    return found.assign(**{key: found[key].fillna(found["cell"].map(named[key])) for key in same})
