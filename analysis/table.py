"""The table of a study as it is read: its columns, and what is refused.

Knows nothing of what its rows say (see `summary`), of figures or of what wrote the table.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
    "encoder": "string",
    "stem": "string",
    "weights": "string",
    "regime": "string",
    "label_fraction": "float64",
    "image_size": "Int64",
    "upsample": "Int64",
    "colour": "string",
    "crop": "string",
    "validation": "string",
    "validation_share": "float64",
    "balance": "string",
    "group_pattern": "string",
    "subset": "string",
    "validation_augment": "string",
    "normalization": "string",
    "head": "string",
    "head_classes": "Int64",
    "optimizer": "string",
    "schedule": "string",
    "lr": "float64",
    "weight_decay": "float64",
    "freeze_depth": "Int64",
    "lr_decay": "float64",
    "stage_rates": "string",
    "head_rate": "float64",
    "probe_share": "float64",
    "phase_decay": "float64",
    "momentum": "float64",
    "batch_size": "Int64",
    "accumulate": "Int64",
    "budget": "string",
    "shuffle": "string",
    "warmup": "float64",
    "label_smoothing": "float64",
    "class_weights": "string",
    "reduction": "string",
    "difficult": "string",
    "augment": "float64",
    "views": "Int64",
    "dropout": "float64",
    "freeze_batchnorm": "string",
    "batchnorm_momentum": "float64",
    "batchnorm_epsilon": "float64",
    "epoch": "Int64",
    "step": "Int64",
    "phase": "Int64",
    "trained_on": "string",
    "train_images": "Int64",
    "seconds": "float64",
    "worker": "string",
    "time": "float64",
    "frozen_before": "string",
    "frozen_after": "string",
    "alarms": "string",
    "task": "string",
    "split": "string",
    "metric": "string",
    "truth": "string",
    "answer": "string",
    "score": "float64",
}
ROWS, BYTES, LONGEST = 10**7, 2**32, 2**20
"""Of a table, at most: rows, bytes of all columns once they are decoded, and bytes of one text."""
EPOCHS, FAR = 10**6, 1e100
"""The largest epoch, and number, that is read."""
NAMED = 5  # folders that an error names
OFF = 1e-6  # so far may rounding take a share beyond 0 and 1
NAMES = tuple(COLUMNS)
CONFIG = NAMES[NAMES.index("family") : NAMES.index("epoch")]  # what a trial was told; the rest is what came of it
PER_TRIAL = NAMES[: NAMES.index("epoch")]
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "role": ("search", "replicate", "published", "pretrain"),
        "state": ("complete", "pruned", "failed", "running", "not_run"),
    }
)


class TableError(ValueError):
    """A table that cannot be read as a study's; its text is one line for the person who asked."""


class NoTableError(ValueError):
    """A folder that is no study's; its text is one line for the person who asked."""


def load(folder: Path) -> pd.DataFrame:
    """Read a study's table.

    Args:
        folder: the study's folder, which holds `table.parquet`.

    Returns:
        One row per score, the columns of `COLUMNS` in their order and types; unknown columns are left out, and scores
        that are not finite are empty.

    Raises:
        NoTableError: no such folder, or no table in it.
        TableError: not Parquet, a column missing or of another type, a share beyond 0 and 1, or data sources mixed.
        OSError: the file is there and cannot be opened.
    """
    path = Path(folder) / "table.parquet"
    if not path.is_file():
        raise NoTableError(f"no table.parquet in '{folder}'{_instead(Path(folder))}")
    df = columns(path)
    df["score"] = df["score"].where(np.isfinite(df["score"]))  # what overflowed is no score
    check(df, str(path))
    return df


def columns(path: Path, names: Sequence[str] = NAMES) -> pd.DataFrame:
    """Read some columns of a table's file, in their types; no more of it is decoded than a study's table could have.

    Raises:
        TableError: no regular file, not Parquet, a column missing or of another type, or too much of anything.
        OSError: the file is there and cannot be opened.
    """
    try:
        with open(path, "rb", opener=_unwaiting) as file:
            # no threads: C++ aborts a process that ends at once, as after a refusal, while they start
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise TableError(f"'{path}' is no regular file")
            alone = {"pre_buffer": False, "page_checksum_verification": True}
            found = pq.ParquetFile(file, **alone)
            _refuse_large(found.metadata, str(path))
            _refuse_types(found.schema_arrow, str(path), names)
            texts = [name for name in names if _is_text(found.schema_arrow.field(name).type)]
            found = pq.ParquetFile(file, read_dictionary=texts, **alone)  # each text is decoded once
            arrow = found.read(columns=list(names), use_threads=False)
        arrow.column_names  # noqa: B018 – only now are they decoded
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:  # the storage's fault, not the content's
            raise
        reason = (str(error).splitlines() or ["no reason is known"])[0]
        raise TableError(f"'{path}' cannot be read as Parquet: {reason}") from error
    return typed(arrow, str(path), names)


def _unwaiting(path: str, flags: int) -> int:
    """Open without waiting for whoever writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_large(about: pq.FileMetaData, where: str) -> None:
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    rows = max([about.num_rows, *(group.num_rows for group in groups)])
    size = sum(max(0, group.total_byte_size) for group in groups)
    for count, most, what in ((rows, ROWS, "rows"), (size, BYTES, "bytes")):
        if not 0 <= count <= most:
            raise TableError(f"'{where}' has {count:,} {what}; at most {most:,} are read")


def _refuse_types(schema: pa.Schema, where: str, names: Sequence[str] = NAMES) -> None:
    if missing := [name for name in names if name not in schema.names]:
        raise TableError(f"'{where}' lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    if twice := [name for name in names if schema.names.count(name) > 1]:
        raise TableError(f"'{where}' has the column {twice[0]} twice")
    if wrong := [name for name in names if not _fits(schema.field(name).type, COLUMNS[name])]:
        told = ", ".join(f"{name} ({schema.field(name).type}, not {COLUMNS[name]})" for name in wrong)
        raise TableError(f"'{where}' has {'columns' if len(wrong) > 1 else 'a column'} of another type: {told}")


def _instead(folder: Path) -> str:
    """What to give in the place of a folder without a table."""
    below = sorted(path.parent.name for path in folder.glob("*/table.parquet"))
    if below:
        return f"; give the folder of a study in it: {', '.join(below[:NAMED])}{', …' * (len(below) > NAMED)}"
    if (folder / "study.json").is_file():
        return " yet; it is written with the first scores of the study"
    return "; give the folder of a study, e.g. results/gtsrb"


def typed(arrow: pa.Table, where: str, names: Sequence[str] = NAMES) -> pd.DataFrame:
    """The columns of `COLUMNS` out of an Arrow table, in their types; `where` names the table in errors."""
    _refuse_types(arrow.schema, where, names)
    _refuse_texts(arrow, where, names)
    return pd.DataFrame({name: _cast(arrow.column(name), name, where) for name in names})


def _refuse_texts(arrow: pa.Table, where: str, names: Sequence[str]) -> None:
    """Refuse texts that would fill the memory: a dictionary has each text once, and a column as often as it stands."""
    total = 0
    for name in names:
        plain = COLUMNS[name] != "string" or pa.types.is_null(arrow.column(name).type)
        for chunk in () if plain else arrow.column(name).chunks:
            own = pa.types.is_dictionary(chunk.type)
            lengths = pc.fill_null(pc.binary_length(chunk.dictionary if own else chunk), 0)
            longest = pc.max(lengths).as_py() or 0
            if longest > LONGEST:
                raise TableError(f"'{where}' has a text of {longest:,} bytes in {name}; at most {LONGEST:,} are read")
            total += pc.sum(lengths.take(chunk.indices) if own else lengths).as_py() or 0
    if total > BYTES:
        raise TableError(f"'{where}' has {total:,} bytes of texts; at most {BYTES:,} are read")


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
        return _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def check(df: pd.DataFrame, where: str) -> None:
    """Refuse a table with unnamed trials, unknown roles or states, or scores of different data side by side."""
    if empty := [name for name in ("cell", "trial", "role", "state") if df[name].isna().any()]:
        raise TableError(f"'{where}' has rows without {', '.join(empty)}")
    for name, choices in CHOICES.items():
        if unknown := sorted(set(df[name]) - set(choices)):
            raise TableError(f"'{where}' has the {name} '{unknown[0]}'; one of {', '.join(choices)}")
    _refuse_numbers(df, where)
    _refuse_off_range(df, where)
    # Size and crop may be compared and may be named in the source line; any other difference is a mix.
    df = df[df["role"] != "pretrain"]  # weights may be trained on other data than they are tried on
    df = df.assign(before=df["task"].where(earlier(df)))  # so may the tasks of a chain
    for _, rows in df.groupby(["image_size", "crop", "before"], dropna=False):
        _refuse_mixed(sorted(rows["data"].dropna().unique()), where)
    drawn = {is_stand_in(source): source for source in sources(df)}
    if len(drawn) > 1:
        _refuse_mixed(list(drawn.values()), where)


def _refuse_numbers(df: pd.DataFrame, where: str) -> None:
    """Refuse numbers that no study has: below 0 where things are counted, or so large that sums of them overflow."""
    for name in ("epoch", "step", "phase", "train_images", "seconds", "time"):
        for value in df.loc[df[name] < 0, name].head(1):
            raise TableError(f"'{where}' has the {name} {value:g}; it is 0 or more")
    for value in df.loc[df["epoch"] > EPOCHS, "epoch"].head(1):
        raise TableError(f"'{where}' has the epoch {value:g}; at most {EPOCHS:,} are read")
    for name in (name for name, dtype in COLUMNS.items() if dtype == "float64"):
        for value in df.loc[df[name].abs() > FAR, name].head(1):
            raise TableError(f"'{where}' has the {name} {value:g}, which no study has")


def _refuse_off_range(df: pd.DataFrame, where: str) -> None:
    from analysis import stats  # loads SciPy, which a wrong folder need not wait for

    shares = df.loc[df["metric"].isin(stats.SHARES), ["metric", "trial", "score"]]
    off = shares[(shares["score"] < -OFF) | (shares["score"] > 1 + OFF)]
    for row in off.head(1).itertuples():
        raise TableError(f"'{where}' has the {row.metric} {row.score:g} in trial {row.trial}, a share between 0 and 1")
    for share in df.loc[(df["label_fraction"] <= 0) | (df["label_fraction"] > 1), "label_fraction"].head(1):
        raise TableError(f"'{where}' has the label_fraction {share:g}; it lies above 0, up to 1")


def _refuse_mixed(found: list[str], where: str) -> None:
    if len(found) > 1:
        told = " and ".join(f"'{source}'" for source in found)
        raise TableError(f"'{where}' mixes scores of different data, which no figure may compare: {told}")


def earlier(df: pd.DataFrame) -> pd.Series:
    """Which rows score a task that a chain learnt before its last one: bool, False where either task is unknown."""
    other = (df["task"] != df["trained_on"]).fillna(False).astype(bool)
    return other & (df["role"] != "pretrain") & ~counts(df)


def counts(df: pd.DataFrame) -> pd.Series:
    """Which rows are no score but a number of images of one class that got one answer: bool."""
    return df["metric"].eq("count").fillna(False).astype(bool)


def sources(df: pd.DataFrame) -> list[str]:
    """The lines that say which data the scores come from, in order of appearance."""
    return list(df["data"].dropna().unique())


def is_stand_in(source: str) -> bool:
    """Whether a source line names rendered images in the place of a real data set."""
    return "stand-in" in source.lower()
