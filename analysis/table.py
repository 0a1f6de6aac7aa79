"""The table of a study as it is read: its columns, one row per trial, one row per cell.

Knows nothing of figures, reports or of what wrote the table.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis import stats

COLUMNS = {
    "space": "string",
    "cell": "string",
    "trial": "string",
    "role": "string",
    "state": "string",
    "seed": "Int64",
    "error": "string",
    "replicate_of": "string",
    "data": "string",
    "published": "float64",
    "family": "string",
    "weights": "string",
    "regime": "string",
    "label_fraction": "float64",
    "image_size": "Int64",
    "crop": "string",
    "optimizer": "string",
    "lr": "float64",
    "weight_decay": "float64",
    "freeze_depth": "Int64",
    "momentum": "float64",
    "batch_size": "Int64",
    "warmup": "float64",
    "label_smoothing": "float64",
    "augment": "float64",
    "dropout": "float64",
    "epoch": "Int64",
    "step": "Int64",
    "phase": "Int64",
    "trained_on": "string",
    "seconds": "float64",
    "task": "string",
    "split": "string",
    "metric": "string",
    "score": "float64",
}
NAMES = tuple(COLUMNS)
CONFIG = NAMES[NAMES.index("family") : NAMES.index("epoch")]  # what a trial was told; the rest is what came of it
PER_TRIAL = NAMES[: NAMES.index("epoch")]
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"role": ("search", "replicate", "published"), "state": ("complete", "pruned", "failed", "running")}
)
REGIMES = (  # from nothing transferred to everything adapted; the order of rows, panels and legends
    "scratch",
    "zero_shot",
    "prototype",
    "feature_extraction",
    "partial_freeze",
    "lp_ft",
    "gradual_unfreeze",
    "discriminative",
    "fine_tune",
)
OBJECTIVES = ("accuracy", "mAP")  # a task's own metric, the first that the validation rows have


class TableError(ValueError):
    """A folder or a table that cannot be read as a study; its text is one line for the person who asked."""


def load(folder: Path) -> pd.DataFrame:
    """Read a study's table.

    Args:
        folder: the study's folder, which holds `table.parquet`.

    Returns:
        One row per score, the columns of `COLUMNS` in their order and types; unknown columns are left out.

    Raises:
        TableError: no such file, not Parquet, a column missing or of another type, or data sources mixed.
    """
    path = Path(folder) / "table.parquet"
    if not path.is_file():
        raise TableError(f"no table.parquet in '{folder}'; give the folder of a study, e.g. results/gtsrb")
    try:
        arrow = pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"'{path}' cannot be read as Parquet: {str(error).splitlines()[0]}") from error
    df = typed(arrow, str(path))
    check(df, str(path))
    return df


def typed(arrow: pa.Table, where: str) -> pd.DataFrame:
    """The columns of `COLUMNS` out of an Arrow table, in their types; `where` names the table in errors."""
    if missing := [name for name in COLUMNS if name not in arrow.column_names]:
        raise TableError(f"'{where}' lacks the columns {', '.join(missing)}")
    if wrong := [name for name in COLUMNS if not _fits(arrow.schema.field(name).type, COLUMNS[name])]:
        told = ", ".join(f"{name} ({arrow.schema.field(name).type}, not {COLUMNS[name]})" for name in wrong)
        raise TableError(f"'{where}' has columns of another type: {told}")
    return pd.DataFrame({name: _cast(arrow.column(name), name, where) for name in COLUMNS})


def _cast(values: pa.ChunkedArray, name: str, where: str) -> pd.Series:
    try:
        return values.to_pandas(integer_object_nulls=True).astype(COLUMNS[name])
    except (TypeError, ValueError) as error:
        told = str(error).splitlines()[0]
        raise TableError(f"'{where}' has values in {name} that are not {COLUMNS[name]}: {told}") from error


def _fits(kind: pa.DataType, dtype: str) -> bool:
    """Whether an Arrow type can hold a column of this pandas type without a guess."""
    if pa.types.is_null(kind):
        return True
    if dtype == "string":
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def check(df: pd.DataFrame, where: str) -> None:
    """Refuse a table with unnamed trials, unknown roles or states, or scores of different data side by side."""
    if empty := [name for name in ("cell", "trial", "role", "state") if df[name].isna().any()]:
        raise TableError(f"'{where}' has rows without {', '.join(empty)}")
    for name, choices in CHOICES.items():
        if unknown := sorted(set(df[name]) - set(choices)):
            raise TableError(f"'{where}' has the {name} '{unknown[0]}'; one of {', '.join(choices)}")
    # Size and crop may be compared and may be named in the source line; any other difference is a mix.
    for _, rows in df.groupby(["image_size", "crop"], dropna=False):
        _refuse_mixed(sorted(rows["data"].dropna().unique()), where)
    drawn = {is_stand_in(source): source for source in sources(df)}
    if len(drawn) > 1:
        _refuse_mixed(list(drawn.values()), where)


def _refuse_mixed(found: list[str], where: str) -> None:
    if len(found) > 1:
        told = " and ".join(f"'{source}'" for source in found)
        raise TableError(f"'{where}' mixes scores of different data, which no figure may compare: {told}")


def sources(df: pd.DataFrame) -> list[str]:
    """The lines that say which data the scores come from, in order of appearance."""
    return list(df["data"].dropna().unique())


def is_stand_in(source: str) -> bool:
    """Whether a source line names rendered images in the place of a real data set."""
    return "stand-in" in source.lower()


def objective(df: pd.DataFrame) -> str:
    """The metric that selects, larger is better: the first of `OBJECTIVES` that validation has, else any but loss."""
    found = set(df.loc[df["split"] == "val", "metric"].dropna()) - {"loss"}
    return next((name for name in OBJECTIVES if name in found), min(found, default=OBJECTIVES[0]))


def compared(cell: str) -> dict[str, str]:
    """What a cell's name says: `"regime=scratch, label_fraction=0.1"` gives both keys with their text."""
    parts = re.split(r",\s*(?=\w+=)", cell)
    return dict(part.split("=", 1) for part in parts if "=" in part)


def scores(df: pd.DataFrame, split: str, metric: str | None = None) -> pd.DataFrame:
    """The rows of one split and metric (the objective by default), by epoch within each trial."""
    metric = metric or objective(df)
    return df[(df["split"] == split) & (df["metric"] == metric)].sort_values(["trial", "epoch"], kind="stable")


def trials(df: pd.DataFrame) -> pd.DataFrame:
    """One row per trial: what it was told, and what came of it.

    Returns:
        `PER_TRIAL`'s columns, `number` (the trial's within its cell), `epoch` (last scored), `seconds`; `val`, `test`:
        the objective at the last epoch that has it; `val_best`, `best_epoch`: the highest on validation and its
        (first) epoch. Empty without a score.
    """
    found = df.drop_duplicates("trial")[list(PER_TRIAL)].set_index("trial", drop=False)
    found["number"] = found["trial"].str.extract(r"(\d+)$")[0].astype("Int64")
    for name in ("epoch", "seconds"):
        found[name] = df.groupby("trial")[name].max()
    for split in ("val", "test"):
        found[split] = scores(df, split).groupby("trial")["score"].last()
    best = scores(df, "val").sort_values(["score", "epoch"], ascending=[False, True]).drop_duplicates("trial")
    found[["val_best", "best_epoch"]] = best.set_index("trial")[["score", "epoch"]]
    return found.reset_index(drop=True)


def tuned(df: pd.DataFrame) -> list[str]:
    """The configuration's columns that vary among the search trials of some cell."""
    search = df[df["role"] == "search"]
    counts = search.groupby("cell")[list(CONFIG)].nunique(dropna=False)
    return [name for name in CONFIG if (counts[name] > 1).any()]


def winners(df: pd.DataFrame) -> pd.DataFrame:
    """The best complete search trial of each cell that has one, on validation; of equals the lower number."""
    found = trials(df)
    found = found[(found["role"] == "search") & (found["state"] == "complete") & found["val"].notna()]
    return found.sort_values(["val", "number"], ascending=[False, True]).drop_duplicates("cell")


def replicates(df: pd.DataFrame) -> pd.DataFrame:
    """The complete replicates of the winners, one row per trial; those of an earlier winner are left out."""
    found = trials(df)
    found = found[(found["role"] == "replicate") & (found["state"] == "complete")]
    return found[found["replicate_of"].isin(winners(df)["trial"])]


def cells(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: what it compares, its winner, what the winner's replicates scored, its search trials by state.

    Returns:
        `cell`; the compared columns; `winner` (trial); the tuned columns with the winner's values; `val` (its
        objective at its last epoch), `val_best`, `best_epoch`; `replicates` (n, those with a test score),
        `replicates_val` (mean), `test_mean`, `test_low`, `test_high` (95 % t interval of the mean over replicates);
        `published` (what somebody reported for this cell); `trials` and their number `complete`, `pruned`, `failed`,
        `running`. Cells are in the order of what they compare. Scores are empty where unknown.
    """
    found = grid(df).set_index("cell", drop=False)
    best = winners(df).set_index("cell")
    kept = [name for name in tuned(df) if name not in found]
    published = df.groupby("cell")["published"].first()
    best_scores = best[["val", "val_best", "best_epoch"]]
    parts = [best["trial"].rename("winner"), best[kept], best_scores, _replicated(df), published, _states(df)]
    found = found.join([part.reindex(found.index) for part in parts])
    counted = ["replicates", "trials", *CHOICES["state"]]
    found[counted] = found[counted].fillna(0).astype("int64")
    return found.reset_index(drop=True)


def grid(df: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: `cell` and a column for each key that it compares; in the order of what they compare."""
    names = pd.Series(pd.unique(df["cell"]), dtype="string", name="cell")
    named = _compared(names)
    return names.to_frame().join(named).iloc[_order(named)].reset_index(drop=True)


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


_NUMBERS = ("Int64", "float64")


def _replicated(df: pd.DataFrame) -> pd.DataFrame:
    """Per cell: how many replicates have a test score, their mean on validation, their interval on test."""
    limits = stats.bounds(objective(df))
    rows = {}
    for cell, group in replicates(df).groupby("cell"):
        test = stats.t_interval(group["test"], limits)
        rows[cell] = (test.n, stats.t_interval(group["val"]).mean, test.mean, test.low, test.high)
    columns = ["replicates", "replicates_val", "test_mean", "test_low", "test_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _states(df: pd.DataFrame) -> pd.DataFrame:
    """Per cell: the number of search trials, and of each state."""
    found = trials(df)
    found = found[found["role"] == "search"]
    counts = pd.crosstab(found["cell"], found["state"]).reindex(columns=list(CHOICES["state"]), fill_value=0)
    counts.insert(0, "trials", counts.sum(axis=1))
    return counts


def rank(value: Any) -> tuple[int, float, str]:
    """Sorts values of one kind: numbers by size, regimes as in `REGIMES`, other names by the alphabet, none last."""
    if pd.isna(value):
        return (2, 0.0, "")
    if isinstance(value, str):
        return (1, float(REGIMES.index(value) if value in REGIMES else len(REGIMES)), value)
    return (0, float(value), "")


def _order(keys: pd.DataFrame) -> list[int]:
    """The positions of the rows, sorted by what they compare."""
    rows = keys.itertuples(index=False, name=None)
    return [place for place, _ in sorted(enumerate(rows), key=lambda row: [rank(value) for value in row[1]])]
