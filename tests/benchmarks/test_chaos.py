"""Short versions of `benchmarks.chaos`: what is killed loses nothing, counted against the journal; and its counting.

What is marked `nightly` kills more often, or at more points.
"""

import json
import random
from dataclasses import asdict
from itertools import product

import pandas as pd
import pytest

from benchmarks import _chaos_account, _chaos_kills, _chaos_training, chaos
from benchmarks._chaos_points import DRIVER, POINTS, WORKER, Crash
from study.data import prepare
from study.storage import ledger
from tests.support import events

QUICK = ("after a suggestion", "in mid-line", "before a checkpoint's rename")


@pytest.fixture(scope="module")
def address():
    with chaos.cluster() as (found, _):
        yield found


@pytest.fixture(scope="module")
def like(address, tmp_path_factory):
    """Table of a study that nothing interrupted, one trial at a time."""
    return _chaos_kills.reference(tmp_path_factory.mktemp("uninterrupted"), address)


def kit(folder, address=None):
    return _chaos_kills.Chaos(folder, random.Random(0), address, print)


@pytest.mark.slow
def test_a_driver_killed_at_named_points_and_at_random_loses_nothing(address, like, tmp_path):
    total, where = _chaos_kills.driver(kit(tmp_path, address), 5, QUICK, like)
    assert not total.broken(), total
    assert where.total() == 5
    assert total.steps - total.wasted == (like["epoch"] > 0).sum()


@pytest.mark.nightly
def test_a_driver_killed_at_each_named_point_loses_nothing(address, like, tmp_path):
    total, where = _chaos_kills.driver(kit(tmp_path, address), 2 * len(POINTS), POINTS, like)
    assert not total.broken(), total
    assert {*DRIVER, "at a random moment"} <= set(where) <= {*POINTS, "at a random moment"}
    assert not set(WORKER).isdisjoint(where)  # a study may come to its end before a worker's point, on a busy machine


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, pytest.param(5, marks=pytest.mark.nightly)])
def test_killed_workers_cost_no_finished_trial(address, tmp_path, kills):
    total, where = _chaos_kills.workers(kit(tmp_path, address), kills)
    assert not total.broken(), total
    assert where == {"worker killed": kills}


@pytest.mark.nightly
@pytest.mark.parametrize("kills", [1, 2])
def test_killed_nodes_cost_no_finished_trial(tmp_path, kills):
    with chaos.cluster(nodes=2) as (address, kill):
        total, where = _chaos_kills.nodes(kit(tmp_path, address), kills, kill)
    assert not total.broken(), total
    assert where == {"node killed": kills}


@pytest.mark.nightly
def test_a_signal_and_a_second_one_end_the_driver_with_all_reports_on_the_disk(address, like, tmp_path):
    total, where = _chaos_kills.signals(kit(tmp_path, address), 4, like)
    assert not total.broken(), total
    assert set(where) == {"SIGTERM", "SIGINT", "SIGTERM, twice", "SIGINT, twice"}


@pytest.fixture(scope="module")
def prepared(store):
    return asdict(prepare.prepare("gtsrb", None, 16, None))


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory):
    """What a training leaves that nothing interrupted."""
    return _chaos_training.killed(tmp_path_factory.mktemp("trained") / "whole", prepared, iter(()))[0]


@pytest.mark.slow
@pytest.mark.parametrize("crashes", [
    [Crash("at a step", 14), Crash("before a checkpoint's rename", 2)],
    pytest.param([Crash("at an epoch's end", 1 + (start > 0)) for start in range(5)], marks=pytest.mark.nightly),
    pytest.param([Crash("at a step", 16)] * 3, marks=pytest.mark.nightly),
])  # fmt: skip
def test_a_training_that_was_killed_ends_with_the_same_weights_to_the_bit(prepared, trained, tmp_path, crashes):
    found, where = _chaos_training.killed(tmp_path / "cut", prepared, iter(crashes))
    assert where.total() == len(crashes)
    assert found == trained


def told(folder, lines, rows):
    """A study's journal and table, as written by hand."""
    (folder / "ledger").mkdir()
    (folder / "journal.txt").write_text("".join(json.dumps(line) + "\n" for line in lines))
    frame = pd.DataFrame(rows, columns=["trial", "epoch", "score", "state"]).assign(worker="", time=0.0)
    frame.to_parquet(folder / "table.parquet")
    return folder


LINES = [("a", "start"), *(("a", epoch, epoch / 10) for epoch in (1, 2)), ("a", "ended")]
ROWS = [("a", epoch, epoch / 10, "complete") for epoch in (0, 1, 2)]


def test_a_whole_study_is_in_order(tmp_path):
    found = _chaos_account.whole(told(tmp_path, LINES, ROWS), kills=0, most=1)
    assert not found.broken()
    assert (found.steps, found.wasted, found.trials) == (2, 0, 1)


@pytest.mark.parametrize(("broken", "lines", "rows"), [
    ({"lost": 1}, [*LINES, ("a", "start")], ROWS),
    ({"lost": 1}, LINES, [(*row[:3], "running") for row in ROWS]),
    ({"doubled": 1}, LINES, [*ROWS, ROWS[1]]),
    ({"missing": 1}, LINES, [ROWS[0], ROWS[2]]),
    ({"wrong": 1}, LINES, [*ROWS[:2], ("a", 2, 0.3, "complete")]),
    ({"wrong": 1, "overspent": 1}, [*LINES[:2], ("a", 1, 0.5), *LINES[2:]], ROWS),
    ({"overspent": 1}, [*LINES[:2], LINES[1], *LINES[1:]], ROWS),
])  # fmt: skip
def test_what_was_promised_and_does_not_hold_is_counted(tmp_path, broken, lines, rows):
    assert _chaos_account.whole(told(tmp_path, lines, rows), kills=1, most=0).broken() == broken


def test_another_table_than_the_uninterrupted_one_is_counted(tmp_path):
    folder = told(tmp_path, LINES, ROWS)
    other = _chaos_account.table(folder).assign(score=0.0)
    assert _chaos_account.whole(folder, 0, 1, other).broken() == {"unequal": 1}
    assert not _chaos_account.whole(folder, 0, 1, _chaos_account.table(folder).assign(time=9.0)).broken()


@pytest.mark.parametrize(("said", "happened", "honest"), [
    ("ab", "ab", True), ("ab", "a", True), ("a", "ab", False), ("abc", "a", False),
])  # fmt: skip
def test_the_ledgers_count_is_compared_with_what_happened(tmp_path, said, happened, honest):
    book = ledger.Ledger(tmp_path / "ledger", 0)
    for trial in said:
        book.append(events.suggested(trial))
        book.append(events.reported(trial, decision="complete"))
    (tmp_path / "journal.txt").write_text("".join(json.dumps([trial, "ended"]) + "\n" for trial in happened))
    assert _chaos_account.honest(tmp_path, kills=1) == honest


def test_sums_are_added(tmp_path):
    total = _chaos_account.Account()
    for _, lost in product(range(2), (0, 1)):
        total.add(_chaos_account.Account(studies=1, lost=lost, notes=["x"]))
    assert (total.studies, total.lost, total.notes) == (4, 2, ["x"] * 4)
