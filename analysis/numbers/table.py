"""The table of a study as it is read: its columns, and the checks that it must pass.

Knows no meaning of the rows (see `summary`), nor who wrote the table.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.numbers.columns import CHOICES, COLUMNS, CONFIG, COSTS, NAMES, PER_TRIAL, NoTableError, TableError
from analysis.numbers.parquet import columns, typed
from analysis.shell.text import printable

__all__ = (
    "CHOICES",
    "COLUMNS",
    "CONFIG",
    "NAMES",
    "OFF",
    "PER_TRIAL",
    "NoTableError",
    "TableError",
    "check",
    "columns",
    "counts",
    "earlier",
    "is_stand_in",
    "load",
    "pretraining",
    "sources",
    "typed",
)

EPOCHS, FAR = 10**6, 1e100
"""The largest epoch and the largest number that are read."""
COUNTED = tuple(name for name in COSTS if name != "licence")  # costs that are numbers
NAMED = 5  # folders that an error names
OFF = 1e-6  # rounding may take a share this far beyond 0 and 1


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
        OSError: the file exists and cannot be opened.
    """
    path = Path(folder) / "table.parquet"
    if path.exists() and not path.is_file():
        raise TableError(f"'{path}' is no regular file")
    if not path.is_file():
        raise NoTableError(f"no table.parquet in '{folder}'{_instead(Path(folder))}")
    df = columns(path)
    df["score"] = df["score"].where(np.isfinite(df["score"]))  # an overflow is no score
    df = _printable(df)
    check(df, str(path))
    return df


def _printable(df: pd.DataFrame) -> pd.DataFrame:
    """Escape characters in all texts that pages, pictures and terminals would act on."""
    for name in (name for name, kind in COLUMNS.items() if kind == "string"):
        texts = df[name].dropna().unique()
        odd = {text: clean for text in texts if (clean := printable(text, allowed="\n\t")) != text}
        if odd:
            df[name] = df[name].replace(odd)
    return df


def _instead(folder: Path) -> str:
    """A hint which folder to pass instead of one without a table."""
    below = sorted(path.parent.name for path in folder.glob("*/table.parquet"))
    if below:
        return f"; give the folder of a study in it: {', '.join(below[:NAMED])}{', …' * (len(below) > NAMED)}"
    if (folder / "study.json").is_file():
        return " yet; it is written with the first scores of the study"
    return "; give the folder of a study, e.g. results/gtsrb"


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
    df = df[~pretraining(df)]  # weights may be trained on other data than the trials that start from them
    df = df.assign(before=df["task"].where(earlier(df)))  # earlier tasks of a chain may have data of their own
    for _, rows in df.groupby(["image_size", "crop", "before"], dropna=False):
        _refuse_mixed(sorted(rows["data"].dropna().unique()), where)
    drawn = {is_stand_in(source): source for source in sources(df)}
    if len(drawn) > 1:
        _refuse_mixed(list(drawn.values()), where)


def _refuse_numbers(df: pd.DataFrame, where: str) -> None:
    """Refuse numbers that no study has: negative counts, or numbers so large that their sums overflow."""
    for name in ("epoch", "step", "phase", "train_images", "seconds", "time", *COUNTED):
        for value in df.loc[df[name] < 0, name].head(1):
            raise TableError(f"'{where}' has the {name} {value:g}; it is 0 or more")
    for value in df.loc[df["epoch"] > EPOCHS, "epoch"].head(1):
        raise TableError(f"'{where}' has the epoch {value:g}; at most {EPOCHS:,} are read")
    for name in (name for name, dtype in COLUMNS.items() if dtype == "float64"):
        for value in df.loc[df[name].abs() > FAR, name].head(1):
            raise TableError(f"'{where}' has the {name} {value:g}, which no study has")


def _refuse_off_range(df: pd.DataFrame, where: str) -> None:
    from analysis.numbers import stats  # loads SciPy, so that a wrong folder is refused without that delay

    shares = df.loc[df["metric"].isin(stats.SHARES), ["metric", "trial", "score"]]
    off = shares[(shares["score"] < -OFF) | (shares["score"] > 1 + OFF)]
    for row in off.head(1).itertuples():
        raise TableError(f"'{where}' has the {row.metric} {row.score:g} in trial {row.trial}, a share between 0 and 1")
    for share in df.loc[df["frozen_share"] > 1, "frozen_share"].head(1):
        raise TableError(f"'{where}' has the frozen_share {share:g}; it lies between 0 and 1")
    for share in df.loc[(df["label_fraction"] <= 0) | (df["label_fraction"] > 1), "label_fraction"].head(1):
        raise TableError(f"'{where}' has the label_fraction {share:g}; it lies above 0, up to 1")


def _refuse_mixed(sources: list[str], where: str) -> None:
    if len(sources) > 1:
        names = " and ".join(f"'{source}'" for source in sources)
        raise TableError(f"'{where}' mixes scores of different data, which no figure may compare: {names}")


def earlier(df: pd.DataFrame) -> pd.Series:
    """Which rows score a task that a chain learnt before its last one: bool, False if either task is unknown."""
    other_task = (df["task"] != df["trained_on"]).fillna(False).astype(bool)
    return other_task & ~pretraining(df) & ~counts(df)


def pretraining(df: pd.DataFrame) -> pd.Series:
    """Which rows are of pretraining, whose weights trials may start from: bool."""
    return df["role"].eq("pretrain").fillna(False).astype(bool)


def counts(df: pd.DataFrame) -> pd.Series:
    """Which rows are not scores but count the images of one class with one answer: bool."""
    return df["metric"].eq("count").fillna(False).astype(bool)


def sources(df: pd.DataFrame) -> list[str]:
    """The lines that describe the data of the scores, in order of appearance."""
    return list(df["data"].dropna().unique())


def is_stand_in(source: str) -> bool:
    """Whether a source line names rendered images instead of a real data set."""
    return "stand-in" in source.lower()
