"""Tables of somebody else's study that no study writes: too much of anything, or odd numbers. Knows no ledger."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs.case import GOLDEN, Case

WHOLE = GOLDEN / "regimes" / "table.parquet"


def _changed(**columns: object) -> Callable[[Path], None]:
    """Give a golden table with other values in some columns' first rows."""

    def make(here: Path) -> None:
        import pandas as pd

        frame = pd.read_parquet(WHOLE)
        for name, value in columns.items():
            frame.loc[frame.index[0], name] = value
        (here / "out").mkdir()
        frame.to_parquet(here / "out" / "table.parquet", index=False)

    return make


def _many(here: Path) -> None:
    """Write 20 million rows into some thousand bytes, each column one value."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from analysis.numbers.table import COLUMNS

    count = 20_000_000
    empty = pa.nulls(count, pa.int8())
    (here / "out").mkdir()
    made = pa.table({"epoch": empty, "trial": pa.nulls(count, pa.int8())})
    pq.write_table(made, here / "out" / "table.parquet", row_group_size=count)
    assert {"epoch", "trial"} <= COLUMNS.keys()


def _texts(size: int, rows: int) -> Callable[[Path], None]:
    """Write a text once, and name it in all rows."""

    def make(here: Path) -> None:
        import pandas as pd
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = pd.read_parquet(WHOLE)
        found = pa.Table.from_pandas(whole.iloc[[0] * rows], preserve_index=False)
        text = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * size]))
        place = found.schema.get_field_index("error")
        (here / "out").mkdir()
        found = found.set_column(place, "error", text)
        pq.write_table(found, here / "out" / "table.parquet", compression="zstd")

    return make


def _pipe(here: Path) -> None:
    (here / "out").mkdir()
    os.mkfifo(here / "out" / "table.parquet")


TABLES = {
    "of 20 million rows": (_many, "has 20,000,000 rows; at most 10,000,000 are read"),
    "with a text of 100 MB": (_texts(10**8, 1), "has a text of 100,000,000 bytes in error; at most 1,048,576 are read"),
    "with a text of 1 MB in 5,000 rows": (_texts(10**6, 5000), "bytes of texts; at most 4,294,967,296 are read"),
    "with an epoch below 0": (_changed(epoch=-1), "has the epoch -1; it is 0 or more"),
    "with an epoch too far": (_changed(epoch=10**9), "has the epoch 1e+09; at most 1,000,000 are read"),
    "with seconds below 0": (_changed(seconds=-1.0), "has the seconds -1; it is 0 or more"),
    "with an infinite time": (_changed(time=float("inf")), "has the time inf, which no study has"),
    "with an infinite learning rate": (_changed(lr=float("-inf")), "has the lr -inf, which no study has"),
    "with a score whose sums overflow": (_changed(score=1e308), "has the score 1e+308, which no study has"),
}
"""What is wrong with a table → what is said of it."""
CASES = [Case(f"a table {name}", "out", 4, said, make, "analysis") for name, (make, said) in TABLES.items()]
CASES += [
    Case(f"a table that is {what}", "out", 4, "'out/table.parquet' is no regular file", make, "analysis")
    for what, make in (
        ("a pipe", _pipe),
        ("a folder", lambda here: (here / "out" / "table.parquet").mkdir(parents=True)),
    )
]
