"""Reads the columns of a study's table out of a Parquet file, which may be anybody's: no more than a study could write.

Knows files, types and bounds; knows nothing of what a table says.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.numbers.columns import COLUMNS, NAMES, TableError

ROWS, BYTES, LONGEST = 10**7, 2**32, 2**20
"""Of a table, at most: rows, bytes of all columns once they are decoded, and bytes of one text."""


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
            parquet = pq.ParquetFile(file, **alone)
            _refuse_large(parquet.metadata, str(path))
            _refuse_types(parquet.schema_arrow, str(path), names)
            texts = [name for name in names if _is_text(parquet.schema_arrow.field(name).type)]
            parquet = pq.ParquetFile(file, read_dictionary=texts, **alone)  # each text is decoded once
            arrow = parquet.read(columns=list(names), use_threads=False)
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
        reason = ", ".join(f"{name} ({schema.field(name).type}, not {COLUMNS[name]})" for name in wrong)
        raise TableError(f"'{where}' has {'columns' if len(wrong) > 1 else 'a column'} of another type: {reason}")


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
        reason = str(error).splitlines()[0]
        raise TableError(f"'{where}' has values in {name} that are not {COLUMNS[name]}: {reason}") from error


def _fits(kind: pa.DataType, dtype: str) -> bool:
    """Whether an Arrow type can hold a column of this pandas type without a guess."""
    if pa.types.is_null(kind):
        return True
    if dtype == "string":
        return _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
