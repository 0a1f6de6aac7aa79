"""The code can read each event that it writes: a kind or key that the schema lacks fails."""

import ast
import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import study
from study.storage import events as types
from study.storage import ledger_schema, plain_values, reading, study_schema
from study.storage.schema import Wrong
from tests.support import events, toys

SOURCES = sorted(Path(study.__file__).parent.rglob("*.py"))


def written_kinds():
    """The kinds of the events that the package's sources write."""
    kinds = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
                kind = node.values[keys.index("kind")] if {"kind", "trial"} <= {*keys} else None
                kinds |= {kind.value} if isinstance(kind, ast.Constant) else set()
    return kinds


def test_each_kind_that_is_written_can_be_read():
    assert written_kinds() == set(ledger_schema.EVENTS)
    assert len(ledger_schema.EVENTS) == 9


KINDS = {get_args(get_type_hints(event)["kind"])[0]: event for event in get_args(types.Event)}
TABLES = [
    *((KINDS[kind], table) for kind, table in ledger_schema.EVENTS.items()),
    (types.Row, ledger_schema.ROW),
    (study_schema.CellEntry, study_schema._CELL),
    (study_schema.SpaceEntry, study_schema._SPACE),
]


@pytest.mark.parametrize(("declared", "table"), TABLES, ids=[declared.__name__ for declared, _ in TABLES])
def test_a_type_has_the_keys_of_its_schema(declared, table):
    """The ledger adds `seq`, so that a type cannot require it."""
    assert declared.__required_keys__ == table._needed.keys() - {"seq"}
    assert declared.__required_keys__ | declared.__optional_keys__ == table.names


def test_what_a_study_records_is_what_is_read(monkeypatch):
    """Every kind that a state writes, failures included."""
    state, recorded = toys.state()
    state.absent = {5: "no weights"}
    state.skip()
    toys.play(state, steps=30)
    monkeypatch.setattr(plain_values, "PORTION", 1)
    trial = state.next_trial()
    state.report(trial.id, 0, 0.5, False, rows=[events.row(), events.row()])
    trial, other = state.next_trial(), state.next_trial()
    state.widen(trial.id, "RuntimeError: out of memory")
    state.lost([trial.id, other.id], "the worker died")
    state.part([trial.id, other.id], "RuntimeError: a fault", "Traceback")
    state.fail(trial.id, "RuntimeError: a fault", "Traceback")
    history = ledger_schema.History()
    for number, event in enumerate(recorded):
        whole = {"seq": number} | event
        text = json.dumps(whole)
        assert 2 * ledger_schema.check(reading.parse(text)) == text.count('"')
        history.add(whole)
    assert {event["kind"] for event in recorded} == set(ledger_schema.EVENTS) - {"pretrain"}


def test_more_keys_of_a_newer_version_are_passed_over_and_tables_of_them_refused():
    event = {"seq": 0} | events.reported()
    ledger_schema.check(event | {"note": None})
    with pytest.raises(Wrong, match=r"note \[1\] must be a text, a number or null"):
        ledger_schema.check(event | {"note": [1]})


def test_the_number_of_remembered_forms_is_bounded():
    for number in range(1000):
        ledger_schema.check({"seq": 0, f"key{number}": None} | events.reported())
    assert len(ledger_schema.EVENTS["report"]._forms) <= 256


@pytest.mark.parametrize("score", [float("inf"), float("-inf"), "0.5", None, [0.5], True])
def test_the_wrong_row_of_many_is_named(score):
    rows = [events.row() for _ in range(50)]
    rows[37]["score"] = score
    with pytest.raises(Wrong, match=r"^rows\[37\]\.score .* must be a finite number$"):
        ledger_schema.check({"seq": 0} | events.reported(rows=rows))
