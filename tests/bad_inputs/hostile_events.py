"""Lines of a ledger whose checksum fits, and whose event no study writes. Knows no commands."""

import json
from typing import Any

from tests.bad_inputs.hostile import HUGE
from tests.support import events


def _row(**more: object) -> dict[str, Any]:
    return events.reported(rows=[events.row(), events.row() | more])


def _without(event: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != key}


def _text(body: str) -> str:
    """Write an event around some of its JSON, which Python would not write."""
    return json.dumps(events.reported())[:-1] + f", {body}}}"


def _replaced(old: str, new: str) -> str:
    text = json.dumps(events.reported())
    assert old in text, text
    return text.replace(old, new, 1)


NEWER = "it may have been written by a newer version of this code"
EVENTS: dict[str, tuple[Any, str]] = {
    "is a list": (b"{}"[:0] + b"[1]", "line 2"),
    "is of no cell": (events.suggested("c099-s000", cell=99), "line 2 has cell 99; study.json has 1"),
    "is of a cell below 0": (events.suggested("c000-s001", cell=-1), "line 2 cell -1 must be a whole number from 0"),
    "is of a cell without a number": (events.suggested(cell=[0]), "line 2 cell [0] must be a whole number"),
    "is of an epoch below 0": (events.reported(epoch=-1), "line 2 epoch -1 must be a whole number from 0"),
    "is of an epoch in words": (events.reported(epoch="three"), "line 2 epoch 'three' must be a whole number"),
    "is of an epoch too far": (events.reported(epoch=10**12), "line 2 epoch 1000000000000 must be a whole number"),
    "has an objective in words": (events.reported(objective="high"), "line 2 objective 'high' must be a finite number"),
    "has an objective that is true": (events.reported(objective=True), "line 2 objective True must be a finite number"),
    "has an objective of 401 digits": (_replaced('"objective": 0.5', f'"objective": {HUGE}'), "line 2 objective 1000"),
    "has an objective NaN": (_replaced('"objective": 0.5', '"objective": NaN'), "line 2 is damaged (it has NaN, which"),
    "has an infinite objective": (_replaced('"objective": 0.5', '"objective": -Infinity'), "(it has -Infinity, which"),
    "has an objective beyond numbers": (_replaced('"objective": 0.5', '"objective": 1e999'), "line 2 objective inf"),
    "has a number of 5,000 digits": (
        _replaced('"objective": 0.5', '"objective": ' + "7" * 5000),
        "number of 5000 digits",
    ),
    "has no trial": (_without(events.reported(), "trial"), f"line 2 lacks trial; {NEWER}"),
    "has no rows": (_without(events.reported(), "rows"), f"line 2 lacks rows; {NEWER}"),
    "has no kind": (_without(events.reported(), "kind"), f"not known here, None; {NEWER}"),
    "is of an unknown kind": (events.reported(kind="moved"), f"a kind that is not known here, 'moved'; {NEWER}"),
    "is of a kind that is a list": (
        events.reported(kind=["report"]),
        "line 2 has an event of a kind that is not known",
    ),
    "has an unknown decision": (events.reported(decision="wait"), "line 2 decision 'wait' must be one of continue,"),
    "has rows that are no list": (events.reported(rows={"a": 1}), "line 2 rows {'a': 1} must be a list of tables"),
    "has a row that is a list": (events.reported(rows=[events.row(), [1]]), "line 2 rows[1] [1] must be a table"),
    "has a row without a metric": (
        events.reported(rows=[_without(events.row(), "metric")]),
        "line 2 rows[0] lacks metric",
    ),
    "has a score in words": (_row(score="good"), "line 2 rows[1].score 'good' must be a finite number"),
    "has a row that is of another trial": (
        _row(role="best"),
        f"line 2 rows[1] has 'role', which is not known here; {NEWER}",
    ),
    "has a row of a step too far": (_row(step=2**63), "line 2 rows[1].step 9223372036854775808 must be a whole number"),
    "comes before its trial": (
        events.reported("c000-s001"),
        "line 2 has trial 'c000-s001', which no line before it sug",
    ),
    "is a second suggestion": (events.suggested(), "line 2 suggests trial 'c000-s000' where c000-s001 is the next"),
    "leaves trials out": (
        events.suggested("c000-s007"),
        "line 2 suggests trial 'c000-s007' where c000-s001 is the next",
    ),
    "is a trial of nowhere": (events.suggested("../out"), "line 2 trial '../out' must be the name of a trial"),
    "tunes what is not tuned": (
        events.suggested("c000-s001", tuned={"eta": 1}),
        "line 2 tunes 'eta'; study.json tunes lr",
    ),
    "tunes beyond the range": (
        events.suggested("c000-s001", tuned={"lr": 7.0}),
        "line 2 has lr 7.0, which is outside what",
    ),
    "tunes in words": (
        events.suggested("c000-s001", tuned={"lr": "fast"}),
        "line 2 has lr 'fast', which is outside what",
    ),
    "tunes a list": (events.suggested("c000-s001", tuned=[1]), "line 2 tuned [1] must be a table"),
    "has an unknown role": (events.suggested("c000-s001", role="best"), "line 2 role 'best' must be one of search,"),
    "has a seed below 0": (events.suggested("c000-s001", seed=-5), "line 2 seed -5 must be a whole number from 0 to"),
    "has no number": (
        b'{"seq":"1",' + json.dumps(events.reported())[1:].encode(),
        "line 2 seq '1' must be a whole number",
    ),
    "has the number of another": (
        b'{"seq":7,' + json.dumps(events.reported())[1:].encode(),
        "line 2 has sequence number 7",
    ),
    "has a key twice": (_text('"epoch": 0'), "line 2 is damaged (it has the key 'epoch' twice)"),
    "has half of a character": (_text('"note": "\\ud800"'), "line 2 is damaged (it has half of a character"),
    "is 200,000 brackets deep": (
        _text('"note": ' + "[" * 200_000 + "]" * 200_000),
        "line 2 is damaged (it is nested more",
    ),
    "is 900 brackets deep": (
        _text('"note": ' + "[" * 900 + "]" * 900),
        "line 2 note [[[...]]] must be a text, a number",
    ),
    "is no text": (b'{"seq":1,"\xff":0}', "line 2 is damaged (it is no text)"),
    "is no JSON": (b'{"seq":1,', "line 2 is damaged (it is no JSON"),
    "has NUL in a name": (events.suggested("c000\0s001"), "line 2 trial 'c000\\x00s001' must be the name of a trial"),
    "was lost with nobody": (
        {"kind": "lost", "trial": "c000-s000", "trials": [], "error": ""},
        "line 2 trials [] must be a",
    ),
    "was at no time": (events.reported(time=1e300), "line 2 time 1e+300 must be a number from 0 to"),
}
"""An event whose checksum fits → how the line about it begins."""
