"""What the cells of a study compare: their keys, the order of the values, and which key's values compete.

Knows the names of cells and the table's types, but no scores and no states of trials.
"""

import re
from typing import Any

import pandas as pd

from analysis.numbers import format
from analysis.numbers.table import COLUMNS

REGIMES = (  # from nothing transferred to everything adapted; the order of rows, panels and legends
    "scratch",
    "zero_shot",
    "prototype",
    "feature_extraction",
    "bias",
    "norm",
    "lora",
    "partial_freeze",
    "lp_ft",
    "gradual_unfreeze",
    "stage_rates",
    "discriminative",
    "fine_tune",
)
PUBLISHED, CORRECTED = "published", "corrected"  # versions; any other is named after the only cause that it retains
CONTENDERS = ("regime", "model")  # keys whose values compete, before any other
MEETINGS = ("label_fraction", "version", "image_size", "upsample")  # keys within whose values others compete
_NUMBERS = ("Int64", "float64")


def compared(cell: str) -> dict[str, str]:
    """The keys and values in a cell's name, such as `"regime=scratch, label_fraction=0.1"`; values are texts."""
    parts = re.split(r",\s*(?=\w+=)", cell)
    return dict(part.split("=", 1) for part in parts if "=" in part)


def grid(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: `cell` and a column for each compared key; sorted by the values of these keys."""
    names = _in_study_order(rows)
    keys = _compared(names)
    cells = names.to_frame().join(keys)
    if keys.columns.empty:
        return cells
    return cells.loc[_sorted(_ranks(keys)).index].reset_index(drop=True)


def _ranks(keys: pd.DataFrame) -> pd.DataFrame:
    """Columns of compared keys with each value replaced by its rank, see `ordered`."""
    return keys.apply(lambda values: values.map({value: rank for rank, value in enumerate(ordered(values))}))


def _sorted(ranks: pd.DataFrame) -> pd.DataFrame:
    return ranks.sort_values(list(ranks), kind="stable", na_position="last")


def _in_study_order(rows: pd.DataFrame) -> pd.Series:
    """The cells' names, sorted by the cell's number in the study, with which trial names begin: c003-s000, c003."""
    cells = rows.drop_duplicates("cell")[["cell", "trial"]]
    numbers = cells["trial"].str.extract(r"^c(\d+)(?:-|$)")[0].astype("Int64")
    return cells.assign(number=numbers).sort_values("number", kind="stable")["cell"].reset_index(drop=True)


def _compared(names: pd.Series) -> pd.DataFrame:
    """The compared keys of the cells as columns, in the table's own types where it has the column."""
    keys = pd.DataFrame([compared(name) for name in names], index=names.index)
    for key in keys:
        values = keys[key].where(keys[key] != "None")
        try:
            keys[key] = values.astype("float64").astype(COLUMNS[key]) if COLUMNS.get(key) in _NUMBERS else values
        except (TypeError, ValueError):
            keys[key] = values
        if not pd.api.types.is_numeric_dtype(keys[key]):
            keys[key] = keys[key].astype("string")
    return keys


def ordered(values: pd.Series) -> list[Any]:
    """The distinct values of a column of `grid`, in the order of rows, panels and legends.

    Numbers are sorted by size, regimes as in `REGIMES`. Versions begin with published and end with corrected, with the
    causes between them. Other names stay in the order of the study.
    """
    distinct = list(values.dropna().unique())
    if pd.api.types.is_numeric_dtype(values):
        return sorted(distinct)
    orders = {"regime": REGIMES, "version": (PUBLISHED, *(v for v in distinct if v != CORRECTED), CORRECTED)}
    ranks = {value: rank for rank, value in reversed(list(enumerate(orders.get(str(values.name), ()))))}
    return sorted(distinct, key=lambda value: ranks.get(value, len(ranks)))


def contender(cells: pd.DataFrame) -> str | None:
    """The compared key whose values compete: the regime, else the model, else the first that is not in `MEETINGS`.

    A key with a single value in the whole study is skipped if another has several. None if nothing competes.

    Args:
        cells: of `grid`, as in the functions below.
    """
    keys = [key for key in cells.columns[1:] if key not in MEETINGS]
    several = [key for key in keys if cells[key].nunique(dropna=False) > 1] or keys
    return next((key for key in (*CONTENDERS, *several) if key in several), None)


def contenders(cells: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Who competes, per cell (the index, in order).

    Args:
        cells: of `grid`.
        rows: the rows that it was made of.

    Returns:
        `key` (see `contender`; regime without one), `contender` (its value in the cell, as text), `look` (the name of
        its look for `looks.look`: a regime's name, or the contender's number in the order of the study).
    """
    key = contender(cells) or "regime"
    cells = cells.set_index("cell")
    values = cells[key] if key in cells else rows.groupby("cell")["regime"].first().reindex(cells.index)
    numbers = {value: str(number) for number, value in enumerate(ordered(values), 1)}
    names = values.map(format.number, na_action=None).astype("string")
    looks = names if key == "regime" else values.map(numbers).astype("string")
    return pd.DataFrame({"key": key, "contender": names, "look": looks.fillna(format.NONE)})


def alike(cells: pd.DataFrame) -> tuple[str, ...]:
    """The compared keys that have the same value in all cells, which a short title may leave out."""
    return tuple(key for key in cells.columns[1:] if cells[key].nunique(dropna=False) == 1)


def titles(cells: pd.DataFrame, without: tuple[str, ...] = ()) -> pd.Series:
    """A short title per cell, of its compared keys except `without`; in the order of `grid`."""
    keys = [key for key in cells.columns[1:] if key not in without]
    rows = [{key: row[key] for key in keys if not pd.isna(row[key])} for row in cells.to_dict("records")]
    texts = [format.title(row) if "=" in cell else cell for row, cell in zip(rows, cells["cell"], strict=True)]
    return pd.Series(texts, index=cells["cell"], dtype="string")


def meetings(cells: pd.DataFrame, key: str | None) -> list[str]:
    """The titles of the comparisons of a key's values, sorted by the other keys."""
    others = cells.drop(columns=["cell", key or "cell"], errors="ignore")
    order = _sorted(_ranks(others)).index if len(others.columns) else cells.index
    names = titles(cells, (key,) if key else ())
    return list(dict.fromkeys(names[cells.loc[order, "cell"]]))


def filled(trials: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Trials with empty columns filled from their cell's name; they are empty if a trial reads no such value.

    For example, zero_shot reads no label fraction.
    """
    cells = cells.set_index("cell")
    same = [key for key in cells if key in trials and cells[key].dtype == trials[key].dtype]
    return trials.assign(**{key: trials[key].fillna(trials["cell"].map(cells[key])) for key in same})
