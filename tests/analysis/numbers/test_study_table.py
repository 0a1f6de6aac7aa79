"""A study's table computes each derived table once, for itself alone, and hands out copies."""

import gc
import weakref

import pandas as pd
import pytest

from analysis.numbers.study_table import StudyTable, once
from tests.analysis import synthetic, synthetic_chains

ROWS = ("trial_rows", "pretraining", "earlier", "counts")
TABLES = ("trials", "winners", "replicates", "cells", "grid", "contenders", "not_run")
VALUES = ("objective", "contender", "on_test", "tuned")


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    """Rows of every kind: trials of a chain, pretraining, counts of answers."""
    frame = synthetic.pretrained(fractions=(0.1,), repeated=2, epochs=2)
    return synthetic.with_counts(synthetic_chains.with_earlier(frame))


@pytest.fixture
def table(everything):
    return StudyTable(everything)


def same(one, other) -> bool:
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
        return True
    return one == other


def test_every_row_is_of_one_kind(everything, table):
    parts = [getattr(table, name) for name in ROWS]
    assert all(len(part) for part in parts)
    assert sorted(row for part in parts for row in part.index) == everything.index.tolist()
    assert set(table.pretraining["role"]) == {"pretrain"}
    assert set(table.earlier["task"]) == {"animals"}
    assert set(table.counts["metric"]) == {"count"}


@pytest.mark.parametrize("name", [*ROWS, *TABLES, *VALUES])
def test_a_derived_table_is_computed_once_and_equals_a_recomputation(everything, table, name):
    first = getattr(table, name)
    results = {key: id(result) for key, result in table._results.items()}
    assert same(getattr(table, name), first)
    assert {key: id(result) for key, result in table._results.items()} == results
    assert same(getattr(StudyTable(everything.copy()), name), first)


def test_derived_tables_are_of_the_trials_own_rows(table):
    own = StudyTable(table.trial_rows)
    for name in (*TABLES, *VALUES):
        assert same(getattr(own, name), getattr(table, name))


@pytest.mark.parametrize("name", ["frame", *ROWS, *TABLES])
def test_a_callers_change_reaches_nobody_else(everything, table, name):
    mine, wanted = getattr(table, name), getattr(StudyTable(everything), name)
    mine.iloc[:1, 0] = pd.NA
    mine["more"] = 1
    mine.index.name = "other"
    mine.columns = [f"{column}!" for column in mine.columns]
    mine.drop(index=mine.index, inplace=True)
    pd.testing.assert_frame_equal(getattr(table, name), wanted)
    table.on_test.add("a cell")
    table.tuned.clear()
    assert (table.on_test, table.tuned) == (StudyTable(everything).on_test, StudyTable(everything).tuned)


def test_a_later_change_of_the_frame_does_not_reach_the_table(everything):
    frame = everything.copy()
    table = StudyTable(frame)
    frame["score"] = 0.5
    frame.drop(columns="cell", inplace=True)
    pd.testing.assert_frame_equal(table.frame, everything)


def test_scores_of_the_objective_are_those_of_its_name(table):
    pd.testing.assert_frame_equal(table.scores("val"), table.scores("val", table.objective))
    assert set(table.scores("val", "loss")["metric"]) == {"loss"}


def test_a_frame_is_wrapped_and_a_table_is_not(everything, table):
    assert StudyTable.of(table) is table
    assert repr(StudyTable.of(everything)) == repr(table)
    assert repr(table) == f"StudyTable: 3 cells, 15 trials, data: {synthetic.SOURCE}"
    assert repr(StudyTable(everything.iloc[:0])) == "StudyTable: 0 cells, 0 trials, data: none"


calls = []


@once
def total(table, name="epoch", *, times=1):
    calls.append((name, times))
    return times * table.frame[[name]].sum().to_frame()


def test_a_function_is_computed_once_a_table_and_arguments(everything, table):
    calls.clear()
    first = total(table)
    first.iloc[0, 0] = -1
    assert (
        total(table, "epoch").iloc[0, 0] == total(table, name="epoch", times=1).iloc[0, 0] == everything["epoch"].sum()
    )
    assert calls == [("epoch", 1)]
    assert total(table, times=2).iloc[0, 0] == 2 * total(table).iloc[0, 0]
    assert total(table, "step").index.tolist() == ["step"]
    assert calls == [("epoch", 1), ("epoch", 2), ("step", 1)]
    assert total(StudyTable(everything)).equals(total(table))
    assert calls[3:] == [("epoch", 1)]


def test_no_result_outlives_its_table(everything):
    table = StudyTable(everything)
    total(table)
    alive = [weakref.ref(table), *(weakref.ref(result) for result in table._results.values())]
    del table
    gc.collect()
    assert [one() for one in alive] == [None, None]
