"""A study's tables as short texts: cells, states, failed trials, cells that were not run.

Knows the headings and how a value is written; knows nothing of sentences, HTML or files.
"""

from typing import Any

import pandas as pd

from analysis.numbers import alarms, format, grid, stats, summary, table
from analysis.numbers.stats import CAUTION

SHOWN = 2000  # characters of an error's text
ON_TEST, ONE_CLASS = "= test", " (one class)"
MARKS = {  # what is written in the place of a score, or after it
    ON_TEST: "= test: validated on the test split (validation=test), so it has no validation score of its own",
    ONE_CLASS: "(one class): at its end every replicate predicts one class (alarm constant_class); its interval, of no "
    "width where that is the same class, says nothing of the spread",
}
_NOTE = (
    "images: training images whose labels were used; val: the winner's validation score at its last epoch; "
    "repl. val, test: means over n replicates of it with fresh seeds; c/p/f: search trials complete/pruned/failed; "
    "scores in %. "
)
_PUBLISHED = "Cells as published have no search and no winner: all of theirs are over their own n trials. "


def note(df: pd.DataFrame) -> str:
    """Explain the headings and marks of a study's `cell_table`."""
    told = _PUBLISHED if (df["role"] == "published").any() else ""
    return _NOTE + told + "".join(f"{mark} " for mark in marks(cell_table(df))) + CAUTION


def marks(shown: pd.DataFrame) -> list[str]:
    """A sentence per mark of `MARKS` that a table of texts has."""
    texts = shown.stack()
    return [f"{told}." for mark, told in MARKS.items() if texts.str.contains(mark, regex=False).any()]


def cell_table(df: pd.DataFrame) -> pd.DataFrame:
    """The cells as short texts, for a terminal of 120 columns and for the report.

    Returns:
        One row per cell, all columns text: what is compared, the training images whose labels were used (where
        any are known), the winner's tuned values, its validation score, the
        replicates' mean validation score, their test score with its interval, how many (n), what was published for the
        cell (where anything was), and the search trials as complete/pruned/failed (`+ running` while there are any,
        `not run` where the cell cannot run here). Shares are in per cent. `note` explains the headings.
    """
    metric = summary.objective(df)
    found = summary.cells(df)
    keys = list(grid.grid(df).columns[1:])
    keys = [name for name in keys if found[name].nunique(dropna=False) > 1] or keys  # what all cells share says nothing
    settings = [name for name in found.columns[found.columns.get_loc("winner") + 1 :] if name in table.CONFIG]
    found["one_class"] = found["cell"].isin(alarms.one_class(df))
    rows = [_cell_row(row, keys, settings, metric) for row in found.to_dict("records")]
    heads = [format.SHORT.get(name, name) for name in [*keys, "train_images", "winner", *settings]]
    heads += ["val", "repl. val", "test [95 %]", "n", "published", "c/p/f"]
    unknown = [name for name in ("train_images", "published") if found[name].isna().all()]
    return pd.DataFrame(rows, columns=heads, dtype="string").drop(columns=[format.SHORT.get(n, n) for n in unknown])


def _cell_row(row: dict[str, Any], keys: list[str], settings: list[str], metric: str) -> list[str]:
    named = [format.value(key, row[key]) for key in keys]
    winner = format.NONE if pd.isna(row["winner"]) else str(row["winner"]).rsplit("-", 1)[-1]
    test = stats.Interval(row["test_mean"], row["test_low"], row["test_high"], row["replicates"])
    vals = [format.score(row[name], metric) for name in ("val", "replicates_val")]
    running = f" + {row['running']} running" if row["running"] else ""
    never = bool(row["not_run"]) and not row["trials"]
    return [
        *named,
        format.counts([row["train_images"]]),
        winner,
        *(format.number(row[name]) for name in settings),
        *(ON_TEST if row["val_is_test"] and val != format.NONE else val for val in vals),
        format.spread(test, metric) + ONE_CLASS * row["one_class"],
        format.NONE if never else str(row["replicates"]),
        format.score(row["published"], metric),
        "not run" if never else f"{row['complete']}/{row['pruned']}/{row['failed']}{running}",
    ]


def state_table(df: pd.DataFrame) -> pd.DataFrame:
    """The number of trials of each role (rows) and state (columns), as text."""
    found = summary.trials(df)
    states = [state for state in table.CHOICES["state"] if state != "not_run"]
    counted = pd.crosstab(found["role"], found["state"]).reindex(columns=states, fill_value=0)
    counted = counted.reindex([role for role in table.CHOICES["role"] if role in counted.index])
    return counted.assign(all=counted.sum(axis=1)).astype("string").reset_index()


def failures(df: pd.DataFrame) -> pd.DataFrame:
    """One row per failed trial with what it said, cut where that is very long."""
    found = summary.trials(df)
    found = found[found["state"] == "failed"][["trial", "role", "cell", "epoch", "error"]]
    return found.assign(error=found["error"].str.slice(0, SHOWN)).astype("string").fillna(format.NONE)


def not_run(df: pd.DataFrame) -> pd.DataFrame:
    """The cells that cannot run here, by reason: one row per reason, `reason`, `number` and `cells` (their names)."""
    found = summary.not_run(df).fillna({"reason": "no reason given"})
    found["cells"] = found["cell"].map(grid.titles(df))
    groups = found.groupby("reason", sort=False)["cells"]
    told = groups.agg(["size", "; ".join]).set_axis(["number", "cells"], axis=1)
    return told.astype("string").reset_index()
