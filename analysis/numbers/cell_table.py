"""A study's tables as short texts: cells, states, failed trials, cells that were not run.

Knows the headings and how a value is written.
"""

from typing import Any

import pandas as pd

from analysis.numbers import alarms, format, stats
from analysis.numbers.columns import CHOICES, CONFIG
from analysis.numbers.stats import CAUTION
from analysis.numbers.study_table import StudyTable

LONGEST_ERROR = 2000  # characters
ON_TEST, ONE_CLASS = "= test", " (one class)"
MARKS = {  # what is written instead of a score, or after it
    ON_TEST: "= test: validated on the test split (validation=test), so it has no validation score of its own",
    ONE_CLASS: "(one class): at its end every replicate predicts one class (alarm constant_class); its interval, of no "
    "width where that is the same class, says nothing of the spread",
}
_HEADS = {  # the column of `StudyTable.cells` that a text is mainly about: its heading
    "val": "val",
    "replicates_val": "repl. val",
    "test_mean": "test [95 %]",
    "replicates": "n",
    "published": "published",
    "trials": "c/p/f",
}
_NOTE = (
    "images: training images whose labels were used; val: the winner's validation score at its last epoch; "
    "repl. val, test: means over n replicates of it with fresh seeds; c/p/f: search trials complete/pruned/failed; "
    "scores in %. "
)
_PUBLISHED = "Cells as published have no search and no winner: all of theirs are over their own n trials. "


def note(table: StudyTable) -> str:
    """Explain the headings and marks of a study's `cell_table`."""
    published = _PUBLISHED if (table.trial_rows["role"] == "published").any() else ""
    return _NOTE + published + "".join(f"{sentence} " for sentence in marks(cell_table(table))) + CAUTION


def marks(texts: pd.DataFrame) -> list[str]:
    """One sentence for each mark of `MARKS` that a table of texts has."""
    values = texts.stack()
    return [f"{meaning}." for mark, meaning in MARKS.items() if values.str.contains(mark, regex=False).any()]


def cell_table(table: StudyTable) -> pd.DataFrame:
    """The cells as short texts, for a terminal of 120 columns and for the report.

    Returns:
        One row per cell, all columns text: what is compared; the training images whose labels were used (where
        any are known); the winner's tuned values and its validation score; the replicates' mean validation score,
        their test score with its interval and their number (n); what was published for the cell (where anything was);
        and the search trials as complete/pruned/failed (`+ running` while there are any, `not run` where the cell
        cannot run here). Shares are in per cent. `note` explains the headings.
    """
    metric = table.objective
    cells = table.cells
    keys = list(table.grid.columns[1:])
    keys = [name for name in keys if cells[name].nunique(dropna=False) > 1] or keys  # leave out what all cells share
    settings = [name for name in cells.columns[cells.columns.get_loc("winner") + 1 :] if name in CONFIG]
    cells["one_class"] = cells["cell"].isin(alarms.one_class(table))
    rows = [_cell_row(cell, keys, settings, metric=metric) for cell in cells.to_dict("records")]
    heads = {name: format.SHORT.get(name, name) for name in [*keys, "train_images", "winner", *settings]} | _HEADS
    unknown = [name for name in ("train_images", "published") if cells[name].isna().all()]
    return pd.DataFrame(rows, columns=list(heads), dtype="string").drop(columns=unknown).rename(columns=heads)


def _cell_row(cell: dict[str, Any], keys: list[str], settings: list[str], *, metric: str) -> dict[str, str]:
    """The texts of one cell, by the columns of `StudyTable.cells`."""
    test = stats.Interval(cell["test_mean"], cell["test_low"], cell["test_high"], cell["replicates"])
    vals = {name: format.score(cell[name], metric) for name in ("val", "replicates_val")}
    running = f" + {cell['running']} running" if cell["running"] else ""
    never = bool(cell["not_run"]) and not cell["trials"]
    return {
        **{key: format.value(key, cell[key]) for key in keys},
        "train_images": format.counts([cell["train_images"]]),
        "winner": format.NONE if pd.isna(cell["winner"]) else str(cell["winner"]).rsplit("-", 1)[-1],
        **{name: format.number(cell[name]) for name in settings},
        **{name: ON_TEST if cell["val_is_test"] and val != format.NONE else val for name, val in vals.items()},
        "test_mean": format.spread(test, metric) + ONE_CLASS * cell["one_class"],
        "replicates": format.NONE if never else str(cell["replicates"]),
        "published": format.score(cell["published"], metric),
        "trials": "not run" if never else f"{cell['complete']}/{cell['pruned']}/{cell['failed']}{running}",
    }


def state_table(table: StudyTable) -> pd.DataFrame:
    """The number of trials of each role (rows) and state (columns), as text."""
    trials = table.trials
    states = [state for state in CHOICES["state"] if state != "not_run"]
    counted = pd.crosstab(trials["role"], trials["state"]).reindex(columns=states, fill_value=0)
    counted = counted.reindex([role for role in CHOICES["role"] if role in counted.index])
    return counted.assign(all=counted.sum(axis=1)).astype("string").reset_index()


def failures(table: StudyTable) -> pd.DataFrame:
    """One row per failed trial with its error, cut to `LONGEST_ERROR` characters."""
    trials = table.trials
    failed = trials[trials["state"] == "failed"][["trial", "role", "cell", "epoch", "error"]]
    return failed.assign(error=failed["error"].str.slice(0, LONGEST_ERROR)).astype("string").fillna(format.NONE)


def not_run(table: StudyTable) -> pd.DataFrame:
    """The cells that cannot run here, by reason: one row per reason, `reason`, `number` and `cells` (their names)."""
    missing = table.not_run.fillna({"reason": "no reason given"})
    missing["cells"] = missing["cell"].map(table.titles())
    groups = missing.groupby("reason", sort=False)["cells"]
    reasons = groups.agg(["size", "; ".join]).set_axis(["number", "cells"], axis=1)
    return reasons.astype("string").reset_index()
