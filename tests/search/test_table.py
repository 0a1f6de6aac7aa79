"""The table: one row a score, the contract with `analysis`, and the rows of repeated or empty reports."""

import numpy as np
import pandas as pd
import pytest

import analysis.numbers.columns
import analysis.numbers.table
from study.cli import existing
from study.errors import Damaged
from study.search import table as tables
from study.space.config import NAMES
from study.storage import ledger
from study.storage.events import Costs
from study.training.active import read_values

STUDY = {
    "space": {"name": "toy"},
    "cells": [
        {
            "name": "regime=scratch",
            "values": {"regime": "scratch", "task": "toy", "lr": 0.1},
            "source": "stand-in",
            "published": 0.9,
        },
        {
            "name": "regime=fine_tune",
            "values": {"regime": "fine_tune", "task": "toy"},
            "source": "stand-in",
            "published": None,
        },
    ],
}


def suggested(trial, cell, **fields):
    return {"kind": "suggest", "trial": trial, "cell": cell, "role": "search", "seed": 5, "tuned": {}} | fields


def reported(trial, epoch, score, decision="continue"):
    row = {"epoch": epoch, "step": epoch * 10, "phase": 0, "trained_on": "toy", "seconds": 1.5, "task": "toy"}
    rows = [row | {"split": split, "metric": "accuracy", "score": score} for split in ("train", "val")]
    return {"kind": "report", "trial": trial, "epoch": epoch, "objective": score, "decision": decision, "rows": rows}


def test_the_columns_are_those_that_analysis_reads():
    assert list(tables.COLUMNS.items()) == list(analysis.numbers.table.COLUMNS.items())


def test_every_hyperparameter_has_a_column():
    assert set(NAMES) <= set(tables.COLUMNS)


def test_one_row_is_one_score():
    events = [suggested("a", 0), reported("a", 0, 0.1), reported("a", 1, 0.5, "complete")]
    table = tables.from_events(STUDY, events)
    assert len(table) == 4
    assert list(table["score"]) == [0.1, 0.1, 0.5, 0.5]
    assert set(table["state"]) == {"complete"}
    assert dict(table.dtypes.astype(str)) == {
        name: str(pd.Series(dtype=kind).dtype) for name, kind in tables.COLUMNS.items()
    }


def test_a_repeated_report_counts_once_the_later_one():
    events = [suggested("a", 0), reported("a", 1, 0.1), reported("a", 0, 0.2), reported("a", 1, 0.3)]
    table = tables.from_events(STUDY, events)
    assert list(zip(table["epoch"], table["score"], strict=True)) == [(0, 0.2), (0, 0.2), (1, 0.3), (1, 0.3)]


def test_rows_say_which_worker_reported_them_and_when():
    where = {"worker": "node:7", "time": 1.7e9}
    weights = {"kind": "pretrain", "trial": "w0", "weights": "patches", "seed": 0, "data": "x", "values": {}}
    rows = reported("a", 0, 0.1)["rows"]
    events = [weights | {"rows": rows}, suggested("a", 0), reported("a", 0, 0.1) | where, suggested("b", 1)]
    table = tables.from_events(STUDY, events).groupby("trial")[["worker", "time"]].first()
    assert table.loc["a"].tolist() == ["node:7", 1.7e9]
    assert table.loc[["w0", "b"]].isna().all(axis=None)


def test_rows_have_the_costs_of_their_report():
    costs = {"parameters": 10, "macs": None, "licence": "mit", "train_images_per_second": 2.5, "peak_memory": 2**33}
    events = [suggested("a", 0), reported("a", 0, 0.1), reported("a", 1, 0.2) | {"costs": costs}]
    table = tables.from_events(STUDY, events)
    assert table.loc[table["epoch"] == 0, list(costs)].isna().all(axis=None)
    last = table.loc[table["epoch"] == 1, list(costs)].drop_duplicates()
    assert last.astype(object).where(last.notna(), None).to_dict("records") == [costs]


def test_what_is_measured_are_columns():
    assert set(tables.MEASURED) <= set(tables.COLUMNS)
    assert set(Costs.__annotations__) == set(analysis.numbers.columns.COSTS) <= set(tables.COLUMNS)


def test_a_trial_without_scores_has_one_row():
    events = [suggested("a", 0), suggested("b", 1), {"kind": "fail", "trial": "b", "error": "OSError: no"}]
    table = tables.from_events(STUDY, events).set_index("trial")
    assert table.loc["a", "state"] == "running"
    assert table.loc["b", "state"] == "failed"
    assert table.loc["b", "error"] == "OSError: no"
    assert table["score"].isna().all()


def test_pruned_is_told_from_complete():
    events = [suggested("a", 0), reported("a", 1, 0.1, "prune"), suggested("b", 0), reported("b", 1, 0.1, "complete")]
    states = tables.from_events(STUDY, events).groupby("trial")["state"].first()
    assert dict(states) == {"a": "pruned", "b": "complete"}


def test_no_events_give_an_empty_table_of_the_right_types():
    assert list(tables.from_events(STUDY, []).columns) == list(tables.COLUMNS)


def test_a_cell_that_was_not_run_has_one_row_with_the_reason():
    skip = {"kind": "skip", "trial": "c001", "cell": 1, "tuned": {"lr": 0.3}, "error": "no weights"}
    table = tables.from_events(STUDY, [skip, suggested("c000-s000", 0)]).set_index("trial")
    assert table.loc["c001", ["state", "error", "role", "lr"]].tolist() == ["not_run", "no weights", "search", 0.3]
    assert table.loc["c001", ["seed", "score", "epoch"]].isna().all()
    assert "c001" not in set(tables.from_events(STUDY, [skip, suggested("c001-s000", 1)])["trial"])


def test_a_cell_as_published_that_was_not_run_says_so():
    study = STUDY | {"cells": [STUDY["cells"][0] | {"as_published": True}]}
    (row,) = tables.from_events(study, [{"kind": "skip", "trial": "c000", "cell": 0, "tuned": {}, "error": "no"}])[
        "role"
    ]
    assert row == "published"


def test_what_nothing_reads_is_empty():
    scratch = read_values({"regime": "scratch", "weights": "imagenet", "momentum": 0.5})
    assert scratch["weights"] == "none"
    assert scratch["momentum"] is None
    shot = read_values({"regime": "zero_shot", "lr": 0.1})
    assert shot["weights"] == "imagenet"
    assert shot["lr"] is shot["label_fraction"] is shot["head"] is None
    means = read_values({"regime": "prototype"})
    assert means["lr"] is means["dropout"] is None
    assert means["label_fraction"] == 1.0
    assert read_values({"regime": "lp_ft"})["lr_decay"] is None
    assert read_values({"validation": "test"})["validation_share"] is None
    assert read_values({})["validation_share"] == 0.2
    assert read_values({"regime": "lp_ft"})["probe_share"] == 0.5
    assert read_values({"family": "parallel_net", "encoder": "small_cnn"})["encoder"] == "small_cnn"
    assert read_values({"family": "small_cnn", "encoder": "small_cnn"})["encoder"] is None


def test_a_ledger_that_has_lost_reports_of_the_table_is_refused(tmp_path):
    events = [suggested("a", 0), reported("a", 0, 0.1), reported("a", 1, 0.2)]
    tables.write(tables.from_events(STUDY, events), tmp_path / "table.parquet")
    existing.refuse_lost(tmp_path, events)
    with pytest.raises(Damaged, match=r"has lost 1 reports .* trial a, epoch 1"):
        existing.refuse_lost(tmp_path, events[:-1])


def test_the_table_is_written_whole_or_not_at_all(tmp_path):
    table = tables.from_events(STUDY, [suggested("a", 0), reported("a", 0, 0.1)])
    tables.write(table, tmp_path / "table.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["table.parquet"]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet").astype(tables.COLUMNS), table)


def test_an_odd_text_of_a_trial_reaches_the_table_and_is_read(tmp_path):
    odd = "photo \udcff\0 \x1b[31m<b>|\ufffe" + 30_000 * "x"
    book = ledger.Ledger(tmp_path / "ledger", 0)
    rows = reported("b", 0, 0.5, "complete")
    for row in rows["rows"]:
        row |= {"alarms": odd, "score": np.float32(row["score"])}
    for event in (suggested("a", 0), {"kind": "fail", "trial": "a", "error": odd}, suggested("b", 0), rows):
        book.append(event)
    book.close()
    frame = tables.from_events(STUDY, ledger.read(tmp_path / "ledger"))
    tables.write(frame, tmp_path / "table.parquet")
    read = analysis.numbers.table.load(tmp_path)
    (error,) = read.loc[read["trial"] == "a", "error"]
    assert error.startswith("photo \\udcff\\x00 \\x1b[31m<b>|\\ufffexxx")
    assert len(error) <= 20_010
    assert set(read.loc[read["trial"] == "b", "alarms"]) == {error}
