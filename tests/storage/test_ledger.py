"""The ledger: events are read back as they were written, a torn end is skipped, any other damage is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from study.errors import Damaged
from study.storage import ledger
from study.storage.ledger import Ledger
from tests.bad_inputs import hostile
from tests.support import events

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


def test_each_run_writes_a_new_file_and_continues_the_count(tmp_path):
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


TEXTS = {
    "a name that is no UTF-8": ("photo \udcff.jpg", "photo \\udcff.jpg"),
    "NUL": ("a\0b", "a\\x00b"),
    "lines": ("one\ntwo\r\u2028three\x1b[31m", "one\ntwo\r\u2028three\x1b[31m"),
}
ODD = {
    "not finite": ([float("nan"), float("inf"), -float("inf")], [None, None, None]),
    "NumPy's": ([np.float32(0.5), np.int64(3), np.bool_(True), np.array(2.0)], [0.5, 3, True, 2.0]),
    "something": ({"a": Path("x/y"), 1: (None, True, {3})}, {"a": "x/y", "1": [None, True, "{3}"]}),
    "a key": ({"\udcff": 1}, {"\\udcff": 1}),
    "a long number": (10**5000, hex(10**5000)),
}


def read_back(folder, event):
    """Write an event of a trial, and read it back."""
    book = Ledger(folder, 0)
    book.append(events.suggested())
    book.append(event)
    book.close()
    return list(ledger.read(folder))[1]


@pytest.mark.parametrize("name", TEXTS)
def test_whatever_a_trial_says_can_be_written_and_read_back(tmp_path, name):
    text, expected = TEXTS[name]
    event = read_back(tmp_path, {"kind": "fail", "trial": "c000-s000", "error": text, "traceback": text})
    assert (event["error"], event["traceback"]) == (expected, expected)


@pytest.mark.parametrize("name", ODD)
def test_what_json_cannot_hold_is_made_plain(tmp_path, name):
    value, expected = ODD[name]
    assert read_back(tmp_path, events.reported(spent={"value": value}))["spent"] == {"value": expected}


def test_the_middle_of_a_long_text_is_replaced_by_a_note(tmp_path):
    error = "begin " + 10**6 * "\udcff" + " end"
    event = read_back(tmp_path, {"kind": "fail", "trial": "c000-s000", "error": error, "traceback": "x" * 20_000})
    assert len(event["error"]) <= 20_000
    assert event["error"].startswith("begin \\udcff")
    assert event["error"].endswith("\\udcff end")
    assert "… 5,980,060 characters are left out …" in event["error"]
    assert event["traceback"] == "x" * 20_000


def test_a_number_keeps_its_bits_beside_a_text_that_is_made_plain(tmp_path):
    scores = [0.1, 1 / 3, 5e-324, 2**53 + 1, -0.0]
    rows = [events.row(0, score=score) for score in scores]
    event = read_back(tmp_path, events.reported(rows=rows, worker="\udcff"))
    assert [str(row["score"]) for row in event["rows"]] == [str(score) for score in scores]


@pytest.mark.parametrize("event", [
    events.suggested("../../victim"),
    events.suggested(".."),
    {"kind": "pretrain", "trial": "/tmp", "weights": "", "data": "", "model": "", "seed": 0, "values": {}, "rows": []},
    {"kind": "lost", "trial": "c000-s000", "trials": ["c000-s000", "/tmp"], "error": "the worker died"},
])  # fmt: skip
def test_a_trial_whose_name_would_lead_out_of_the_study_is_refused(tmp_path, event):
    """Trials' names become folders, which are deleted when a trial has ended."""
    (tmp_path / "000.jsonl").write_bytes(hostile.lines(json.dumps(event)))
    with pytest.raises(Damaged, match=r"line 1 (trial '.*' must be the name of a trial|has trial '.*', which no line)"):
        list(ledger.read(tmp_path))


@pytest.mark.parametrize("event", [
    events.reported(rows=[events.row(score=float("nan"))]),
    events.reported(rows=[events.row(place="here")]),
    events.suggested(tuned={"lr": [1]}),
    events.reported(note="x" * 20_000, rows=[events.row(alarms=15_000 * "é")] * 1_500),
    {"kind": "moved", "trial": "c000-s000"},
])  # fmt: skip
def test_what_nobody_could_read_is_not_recorded_and_what_was_stays_readable(tmp_path, event):
    book = Ledger(tmp_path, 0)
    book.append(events.suggested())
    with pytest.raises(ledger.Unreadable, match=r"an event that nobody could read was not recorded: it "):
        book.append(event)
    book.append(events.reported())
    book.close()
    assert [event["seq"] for event in ledger.read(tmp_path)] == [0, 1]
