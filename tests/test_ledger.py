"""The ledger: what was written is read back, a torn end is passed over, any other damage is named."""

import pytest

from study import ledger
from study.errors import Damaged
from study.ledger import Ledger
from tests import events

EVENTS = [events.suggested(note='ü "quoted"\n'), *(events.reported(epoch=n, score=0.1 * n) for n in range(3))]


def written(folder):
    book = Ledger(folder, 0)
    for event in EVENTS:
        book.append(event)
    book.close()
    return folder / "000.jsonl"


def without_seq(events):
    return [{key: value for key, value in event.items() if key != "seq"} for event in events]


def test_events_come_back_as_they_were(tmp_path):
    written(tmp_path)
    assert without_seq(ledger.read(tmp_path)) == EVENTS


def test_each_run_writes_a_file_of_its_own_and_goes_on_counting(tmp_path):
    written(tmp_path)
    book = Ledger(tmp_path, 4)
    book.append(EVENTS[3])
    book.close()
    assert [event["seq"] for event in ledger.read(tmp_path)] == [0, 1, 2, 3, 4]
    assert (tmp_path / "001.jsonl").exists()


@pytest.mark.parametrize("keep", range(0, 60, 7))
def test_a_torn_last_line_is_passed_over(tmp_path, keep):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:keep])
    assert without_seq(ledger.read(tmp_path)) == EVENTS[:-1]


def test_a_run_after_a_torn_line_continues_where_the_whole_ones_end(tmp_path):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    book = Ledger(tmp_path, 3)
    book.append(EVENTS[3])
    book.close()
    assert without_seq(ledger.read(tmp_path)) == EVENTS


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_flipped_byte_is_found_and_its_line_named(tmp_path, line):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    spot = lines[line - 1].index(b'"seq":') + 6
    lines[line - 1] = lines[line - 1][:spot] + b"7" + lines[line - 1][spot + 1 :]
    path.write_bytes(b"".join(lines))
    with pytest.raises(Damaged, match=f"000.jsonl: line {line} is damaged"):
        list(ledger.read(tmp_path))


def test_a_missing_line_is_found(tmp_path):
    path = written(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1] + lines[2:]))
    with pytest.raises(Damaged, match="line 2 has sequence number 2, expected 1"):
        list(ledger.read(tmp_path))


def test_no_ledger_is_an_empty_one(tmp_path):
    assert list(ledger.read(tmp_path / "nowhere")) == []


def test_a_score_that_is_no_number_is_never_written(tmp_path):
    book = Ledger(tmp_path, 0)
    with pytest.raises(ValueError, match="JSON"):
        book.append({"score": float("nan")})
    book.close()
    assert list(ledger.read(tmp_path)) == []


@pytest.mark.parametrize("event", [
    events.suggested("../../victim"),
    events.suggested(".."),
    {"kind": "pretrain", "trial": "/tmp", "weights": "", "data": "", "model": "", "seed": 0, "values": {}, "rows": []},
    {"kind": "lost", "trial": "c000-s000", "trials": ["c000-s000", "/tmp"], "error": "the worker died"},
])  # fmt: skip
def test_a_trial_whose_name_would_lead_out_of_the_study_is_refused(tmp_path, event):
    """Trials' names become folders, which are deleted when a trial has ended."""
    book = Ledger(tmp_path, 0)
    book.append(event)
    book.close()
    with pytest.raises(Damaged, match=r"line 1 (trial '.*' must be the name of a trial|has trial '.*', which no line)"):
        list(ledger.read(tmp_path))
