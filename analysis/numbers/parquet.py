"""Reads the columns of a study's table from an untrusted Parquet file: no more than a study could have written.

Knows files, types and bounds, but not the meaning of a table.
"""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analysis.numbers.columns import COLUMNS, LATER, NAMES, TableError

ROWS, BYTES, LONGEST = 10**7, 2**32, 2**20
"""A table's limits: rows, decoded bytes of all columns, and bytes of a single text."""


def columns(path: Path, names: Sequence[str] = NAMES) -> pd.DataFrame:
    """Read some columns of a table's file, in their types; a file beyond the limits is refused before it is decoded.

    Raises:
        TableError: not a regular file, not Parquet, a column missing or of another type, or beyond a limit.
        OSError: the file exists and cannot be opened.
    """
    try:
        with open(path, "rb", opener=_unwaiting) as file:
            # No threads: Arrow's C++ aborts a process that ends while they are starting, as after a refusal.
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise TableError(f"'{path}' is no regular file")
            options = {"pre_buffer": False, "page_checksum_verification": True}
            parquet = pq.ParquetFile(file, **options)
            _refuse_large(parquet.metadata, str(path))
            _refuse_types(parquet.schema_arrow, str(path), names)
            present = [name for name in names if name in parquet.schema_arrow.names]
            texts = [name for name in present if _is_text(parquet.schema_arrow.field(name).type)]
            parquet = pq.ParquetFile(file, read_dictionary=texts, **options)  # each text is decoded once
            arrow = parquet.read(columns=present, use_threads=False)
        arrow.column_names  # noqa: B018 – decodes them, which may fail
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:  # the storage failed, not the content
            raise
        reason = (str(error).splitlines() or ["no reason is known"])[0]
        raise TableError(f"'{path}' cannot be read as Parquet: {reason}") from error
    return typed(arrow, str(path), names)


def _unwaiting(path: str, flags: int) -> int:
    """Open without waiting for the writer of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_large(metadata: pq.FileMetaData, where: str) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = max([metadata.num_rows, *(group.num_rows for group in groups)])
    size = sum(max(0, group.total_byte_size) for group in groups)
    for count, most, unit in ((rows, ROWS, "rows"), (size, BYTES, "bytes")):
        if not 0 <= count <= most:
            raise TableError(f"'{where}' has {count:,} {unit}; at most {most:,} are read")


def _refuse_types(schema: pa.Schema, where: str, names: Sequence[str] = NAMES) -> None:
    if missing := [name for name in names if name not in schema.names and name not in LATER]:
        raise TableError(f"'{where}' lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")
    names = [name for name in names if name in schema.names]
    if twice := [name for name in names if schema.names.count(name) > 1]:
        raise TableError(f"'{where}' has the column {twice[0]} twice")
    if wrong := [name for name in names if not _fits(schema.field(name).type, COLUMNS[name])]:
        reason = ", ".join(f"{name} ({schema.field(name).type}, not {COLUMNS[name]})" for name in wrong)
        raise TableError(f"'{where}' has {'columns' if len(wrong) > 1 else 'a column'} of another type: {reason}")


def typed(arrow: pa.Table, where: str, names: Sequence[str] = NAMES) -> pd.DataFrame:
    """The columns `names` of an Arrow table, in their types; `where` names the table in errors."""
    _refuse_types(arrow.schema, where, names)
    for name in (name for name in names if name not in arrow.schema.names):
        arrow = arrow.append_column(name, pa.nulls(len(arrow)))
    _refuse_texts(arrow, where, names)
    return pd.DataFrame({name: _cast(arrow.column(name), name, where) for name in names})


def _refuse_texts(arrow: pa.Table, where: str, names: Sequence[str]) -> None:
    """Refuse texts that would fill the memory: a dictionary stores each text once, but a column repeats it."""
    total = 0
    for name in names:
        no_text = COLUMNS[name] != "string" or pa.types.is_null(arrow.column(name).type)
        for chunk in () if no_text else arrow.column(name).chunks:
            has_dictionary = pa.types.is_dictionary(chunk.type)
            lengths = pc.fill_null(pc.binary_length(chunk.dictionary if has_dictionary else chunk), 0)
            longest = pc.max(lengths).as_py() or 0
            if longest > LONGEST:
                raise TableError(f"'{where}' has a text of {longest:,} bytes in {name}; at most {LONGEST:,} are read")
            total += pc.sum(lengths.take(chunk.indices) if has_dictionary else lengths).as_py() or 0
    if total > BYTES:
        raise TableError(f"'{where}' has {total:,} bytes of texts; at most {BYTES:,} are read")


def _cast(values: pa.ChunkedArray, name: str, where: str) -> pd.Series:
    try:
        return values.to_pandas(integer_object_nulls=True).astype(COLUMNS[name])
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise TableError(f"'{where}' has values in {name} that are not {COLUMNS[name]}: {reason}") from error


def _fits(kind: pa.DataType, dtype: str) -> bool:
    """Whether an Arrow type converts to this pandas type unambiguously."""
    if pa.types.is_null(kind):
        return True
    if dtype == "string":
        return _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
