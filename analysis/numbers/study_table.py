"""A study's table with the tables that derive from it: its trials, winners, replicates and cells, each computed once.

Knows what selects and what repeats, and keeps the results of functions of the table that are marked with `once`.
"""

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from analysis.numbers import format, grid, stats, summary, table
from analysis.numbers.columns import CHOICES, CONFIG, COSTS, PER_TRIAL

Function = TypeVar("Function", bound=Callable[..., Any])


def once(function: Function) -> Function:
    """Mark a function of a `StudyTable` whose other arguments are hashable: each table computes its results once.

    The results live as long as the table. Every caller gets a copy, which it may change.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def cached(table: "StudyTable", *others: Any, **keywords: Any) -> Any:
        arguments = signature.bind(table, *others, **keywords)
        arguments.apply_defaults()
        key = (function, *arguments.args[1:], *arguments.kwargs.items())
        if key not in table._results:
            table._results[key] = function(table, *others, **keywords)
        return _copied(table._results[key])

    return cached  # type: ignore[return-value]


def _copied(result: Any) -> Any:
    """A copy of a result; pandas copies the values of a frame when either of both is changed."""
    return result.copy(deep=False) if isinstance(result, pd.DataFrame | pd.Series) else copy.copy(result)


class StudyTable:
    """A study's table, and the tables that derive from it.

    Each derived table is computed when it is first used. All of them describe the study's own trials on their last
    task; only `frame`, `earlier`, `counts` and `pretraining` have other rows.

    Args:
        frame: one row per score, with the columns of `columns.COLUMNS`. Later changes of it do not reach this table.

    Example:
        >>> import analysis
        >>> table = analysis.load("tests/golden/regimes")
        >>> table
        StudyTable: 6 cells, 42 trials, data: stand-in: ten kinds of drawn objects, 750 train + 400 test images
        >>> table.cells[["cell", "test_mean"]].head(2).round(3)
                                         cell  test_mean
        0  regime=scratch, label_fraction=0.2      0.178
        1  regime=scratch, label_fraction=1.0      0.486
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take the frame; nothing is computed yet."""
        self._frame = frame.copy(deep=False)
        self._results: dict[tuple[Any, ...], Any] = {}

    @classmethod
    def of(cls, table: "StudyTable | pd.DataFrame") -> "StudyTable":
        """Return a study's table as it is, and wrap a frame."""
        return table if isinstance(table, StudyTable) else cls(table)

    def __repr__(self) -> str:
        """Count the cells and the trials, and name the data."""
        cells = format.plural(self.trial_rows["cell"].nunique(), "cell")
        trials = format.plural(summary.ran(self.trial_rows)["trial"].nunique(), "trial")
        return f"StudyTable: {cells}, {trials}, data: {'; '.join(table.sources(self._frame)) or 'none'}"

    @property
    def frame(self) -> pd.DataFrame:
        """The whole table: one row per score, with the columns of `columns.COLUMNS`."""
        return _copied(self._frame)

    @property
    @once
    def trial_rows(self) -> pd.DataFrame:
        """The rows of the study's own trials: without pretraining, earlier tasks of a chain, and counts of answers."""
        frame = self._frame
        others = table.pretraining(frame) | table.earlier(frame) | table.counts(frame)
        return frame[~others] if others.any() else frame

    @property
    @once
    def pretraining(self) -> pd.DataFrame:
        """The rows of pretraining, whose weights some trials start from."""
        return self._frame[table.pretraining(self._frame)]

    @property
    @once
    def earlier(self) -> pd.DataFrame:
        """The rows that score a task which a chain learnt before its last one, see `table.earlier`."""
        return self._frame[table.earlier(self._frame)]

    @property
    @once
    def counts(self) -> pd.DataFrame:
        """The rows that count the images of one class with one answer, see `table.counts`."""
        return self._frame[table.counts(self._frame)]

    @property
    @once
    def objective(self) -> str:
        """The metric that selects, see `summary.objective`."""
        return summary.objective(self.trial_rows)

    def scores(self, split: str, metric: str | None = None) -> pd.DataFrame:
        """The rows of one split and metric (the objective by default), by epoch within each trial."""
        return _scores(self, split, metric or self.objective)

    @property
    @once
    def grid(self) -> pd.DataFrame:
        """One row per cell: `cell` and a column for each compared key; sorted by the values of these keys."""
        return grid.grid(self.trial_rows)

    @property
    @once
    def contender(self) -> str | None:
        """The compared key whose values compete, see `grid.contender`."""
        return grid.contender(self.grid)

    @property
    @once
    def contenders(self) -> pd.DataFrame:
        """Who competes, per cell: `key`, `contender`, `look`, see `grid.contenders`."""
        return grid.contenders(self.grid, self.trial_rows)

    @once
    def titles(self, without: tuple[str, ...] = ()) -> pd.Series:
        """A short title per cell, of its compared keys except `without`; in the order of `grid`."""
        return grid.titles(self.grid, without)

    @property
    @once
    def trials(self) -> pd.DataFrame:
        """One row per trial that was started: its configuration and its results.

        Has the columns of `PER_TRIAL`; `number` (of the trial within its cell), `epoch` (last scored), `seconds`,
        `train_images` (those whose labels were used); the columns of `COSTS`, as last reported; `val`, `test`: the
        objective at the last epoch that has it; `val_best`, `best_epoch`: the highest on validation and its (first)
        epoch. Empty without a score.
        """
        rows = self.trial_rows
        trials = summary.ran(rows).drop_duplicates("trial")[list(PER_TRIAL)].set_index("trial", drop=False)
        trials["number"] = trials["trial"].str.extract(r"(\d+)$")[0].astype("Int64")
        for name in ("epoch", "seconds", "train_images"):
            trials[name] = rows.groupby("trial")[name].max()
        trials[list(COSTS)] = rows.groupby("trial")[list(COSTS)].last()
        for split in ("val", "test"):
            trials[split] = self.scores(split).groupby("trial")["score"].last()
        best = self.scores("val").sort_values(["score", "epoch"], ascending=[False, True]).drop_duplicates("trial")
        trials[["val_best", "best_epoch"]] = best.set_index("trial")[["score", "epoch"]]
        return trials.reset_index(drop=True)

    @property
    @once
    def on_test(self) -> set[str]:
        """The cells that are validated on the test split, as some publications did; their `val` is a test score."""
        rows = summary.ran(self.trial_rows)
        return set(rows.loc[rows["validation"].eq("test").fillna(False), "cell"])

    @property
    @once
    def tuned(self) -> list[str]:
        """The configuration's columns that vary among the search trials of some cell."""
        search = self.trial_rows[self.trial_rows["role"] == "search"]
        counts = search.groupby("cell")[list(CONFIG)].nunique(dropna=False)
        return [name for name in CONFIG if (counts[name] > 1).any()]

    @property
    @once
    def winners(self) -> pd.DataFrame:
        """The best complete search trial of each cell that has one, on validation; ties go to the lower number."""
        search = self.trials
        search = search[(search["role"] == "search") & (search["state"] == "complete") & search["val"].notna()]
        return search.sort_values(["val", "number"], ascending=[False, True]).drop_duplicates("cell")

    @property
    @once
    def replicates(self) -> pd.DataFrame:
        """The complete trials that repeat one configuration for the test, one row each.

        These are the replicates of the winners (those of an earlier winner are left out), and the trials of cells as
        published, where nothing is searched and so nothing wins.
        """
        started = self.trials
        of_winner = (started["role"] == "replicate") & started["replicate_of"].isin(self.winners["trial"])
        return started[(started["state"] == "complete") & (of_winner | (started["role"] == "published"))]

    @property
    @once
    def cells(self) -> pd.DataFrame:
        """One row per cell: its compared keys, its winner, its test scores, its trials by state.

        Has `cell`; the compared columns; `train_images` (whose labels were used: the winner's, else any trial's);
        `winner` (trial; empty in cells as published); the tuned columns with the winner's values; `val` (its
        objective at its last epoch), `val_best`, `best_epoch`; in cells as published their own values, and the means
        of `val` and `val_best` over their trials; `replicates` (n, those with a test score; see `replicates`),
        `replicates_val` (mean), `test_mean`, `test_low`, `test_high` (95 % t interval of the mean over replicates;
        empty where fresh seeds can change nothing);
        `published` (the published score of this cell); `trials` (search, or as published) and their number `complete`,
        `pruned`, `failed`, `running`; `not_run` (1: cannot run here); `val_is_test` (see `on_test`). Cells are in the
        order of `grid`. Scores are empty where unknown.
        """
        cells, rows = self.grid.set_index("cell", drop=False), self.trial_rows
        best = _best_trials(self.winners, self.replicates).set_index("cell")
        settings = best[[name for name in self.tuned if name not in cells]]
        published = rows.groupby("cell")["published"].first()
        best_scores = best[["val", "val_best", "best_epoch"]]
        images = best["train_images"].combine_first(self.trials.groupby("cell")["train_images"].first())
        replicated = _replicated(self.replicates, self.objective)
        parts = [images, best["trial"].rename("winner"), settings, best_scores, replicated, published, _states(rows)]
        cells = cells.join([part.reindex(cells.index) for part in parts])
        counts = ["replicates", "trials", *CHOICES["state"]]
        cells[counts] = cells[counts].fillna(0).astype("int64")
        cells["val_is_test"] = cells["cell"].isin(self.on_test)
        return cells.reset_index(drop=True)

    @property
    @once
    def not_run(self) -> pd.DataFrame:
        """One row per cell that cannot run here, in the order of `grid`: `cell`, `reason`."""
        rows = self.trial_rows
        cells = rows[~rows["cell"].isin(summary.ran(rows)["cell"])].drop_duplicates("cell").set_index("cell")
        cells = cells.reindex([cell for cell in self.grid["cell"] if cell in cells.index])
        return cells[["error"]].rename(columns={"error": "reason"}).reset_index()


@once
def _scores(table: StudyTable, split: str, metric: str) -> pd.DataFrame:
    rows = table.trial_rows
    return rows[(rows["split"] == split) & (rows["metric"] == metric)].sort_values(["trial", "epoch"], kind="stable")


def _best_trials(winners: pd.DataFrame, replicates: pd.DataFrame) -> pd.DataFrame:
    """The winners, and for each cell as published one of its trials, without its name and with the mean scores."""
    published = replicates[replicates["role"] == "published"]
    if published.empty:
        return winners
    first = published.drop_duplicates("cell").astype({"val": "float64", "val_best": "float64"})
    for name in ("trial", "best_epoch"):
        first[name] = first[name].mask(first["cell"].notna())  # keeps the column's type
    for name in ("val", "val_best"):
        first[name] = first["cell"].map(published.groupby("cell")[name].mean())
    return pd.concat([winners, first])


class _Replicated(NamedTuple):
    """Columns of `cells` that summarise a cell's replicates."""

    replicates: int
    replicates_val: float
    test_mean: float
    test_low: float
    test_high: float


def _replicated(replicates: pd.DataFrame, metric: str) -> pd.DataFrame:
    """For each cell the number of replicates with a test score, their mean on validation, their interval on test."""
    rows = {}
    for cell, group in replicates.groupby("cell"):
        test = summary.interval(group, "test", metric)
        rows[cell] = _Replicated(
            replicates=test.n,
            replicates_val=stats.t_interval(group["val"]).mean,
            test_mean=test.mean,
            test_low=test.low,
            test_high=test.high,
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=_Replicated._fields)


def _states(rows: pd.DataFrame) -> pd.DataFrame:
    """For each cell the number of search trials, or trials as published, in total and in each state."""
    first = rows.drop_duplicates("trial")
    first = first[first["role"] != "replicate"]
    counts = pd.crosstab(first["cell"], first["state"]).reindex(columns=list(CHOICES["state"]), fill_value=0)
    counts.insert(0, "trials", counts.drop(columns="not_run").sum(axis=1))
    return counts
