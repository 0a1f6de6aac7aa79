"""A payload that creates a file when it is unpickled, in each format in which a study's files could carry it."""

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch


class Canary:
    """Sings, that is creates a file, when it is unpickled."""

    def __init__(self, song: Path) -> None:
        self.song = song

    def __reduce__(self):
        return open, (str(self.song), "w")


def as_pickle(song: Path) -> bytes:
    return pickle.dumps(Canary(song))


def as_torch(song: Path) -> bytes:
    """A zip file of `torch.save`."""
    return _written(lambda file: torch.save({"stages.0.0.weight": Canary(song)}, file))


def as_old_torch(song: Path) -> bytes:
    return _written(lambda file: torch.save(Canary(song), file, _use_new_zipfile_serialization=False))


def as_numpy(song: Path) -> bytes:
    """An array of objects."""
    return _written(lambda file: np.save(file, np.array([Canary(song)], object), allow_pickle=True))


def as_parquet(song: Path, table: Path) -> bytes:
    """A study's table with columns of a type that Arrow once unpickled, and pickles as the metadata of pandas."""
    plain = pa.Table.from_pandas(pd.read_parquet(table), preserve_index=False)
    kind = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": as_pickle(song)}
    typed = plain.cast(pa.schema([field.with_metadata(kind) for field in plain.schema]))
    poisoned = typed.replace_schema_metadata({b"pandas": as_pickle(song), b"PANDAS_ATTRS": as_pickle(song)})
    return _written(lambda file: pq.write_table(poisoned, file))


FORMS = {"pickle": as_pickle, "torch": as_torch, "old torch": as_old_torch, "numpy": as_numpy}


def _written(write) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()
