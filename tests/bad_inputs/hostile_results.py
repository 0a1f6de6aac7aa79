"""Files of somebody else's study whose checksum fits, and whose content no study writes. Knows no spaces."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bad_inputs import results
from tests.bad_inputs.case import Case
from tests.bad_inputs.hostile import HUGE, LEDGER, beside, put, study_json, told
from tests.bad_inputs.hostile_events import EVENTS

COMMANDS = {"study.run": results.RESUME, "study.records": "out", "study.watch": "out"}
STUDIES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "without cells": (put("cells", value=[]), "study.json: cells [] must be a list of 1 or more"),
    "with a list of cells that are texts": (put("cells", value=["a"]), "study.json: cells[0] 'a' must be a table"),
    "with cells as a table": (put("cells", value={"a": 1}), "study.json: cells {'a': 1} must be a list"),
    "whose space is a text": (put("space", value="tiny"), "study.json: space 'tiny' must be a table"),
    "with a cell without values": (lambda study: study["cells"][0].pop("values"), "study.json: cells[0] lacks values"),
    "with a cell named by a number": (put("cells", 0, "name", value=7), "study.json: cells[0].name 7 must be a text"),
    "with NUL in a cell's name": (put("cells", 0, "name", value="a\0b"), "cells[0].name 'a\\x00b' must be a text of"),
    "with a range from high to low": (put("space", "tuned", "lr", "low", value=1.0), "study.json: space.tuned.lr {"),
    "with a range of a word": (
        put("space", "tuned", "lr", "low", value="x"),
        "space.tuned.lr.low 'x' must be a finite",
    ),
    "with a value that is a list": (
        put("cells", 0, "values", "lr", value=[1]),
        "cells[0].values.lr [1] must be a text",
    ),
    "with half of a character": (put("note", value="\ud800"), "study.json: is damaged (it has half of a character"),
    "with a number of 401 digits": (put("seed", value=HUGE), "study.json: is damaged (it has a number of 401 digits)"),
    "with what is published in words": (put("cells", 0, "published", value="0.9"), "published '0.9' must be a number"),
}
"""A change of study.json, whose checksum fits → what is said of it."""


def _raw_study(text: str) -> Callable[[Path], None]:
    return beside("study.json", lambda path: path.write_text(text))


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _sparse(path: Path) -> None:
    """Write 33 MiB that take no room, more than is read: a line without an end."""
    with path.open("wb") as file:
        file.truncate(33 * 2**20)


THINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "study.json that is a pipe": (beside("study.json", os.mkfifo), "out/study.json: is neither a file nor a folder"),
    "study.json that is a folder": (beside("study.json", Path.mkdir), "out/study.json: is no regular file"),
    "study.json that is endless": (beside("study.json", _endless), "out/study.json: is a link to /dev/zero"),
    "study.json of 33 MiB": (
        beside("study.json", _sparse),
        "out/study.json: has 34,603,008 bytes; at most 33,554,432",
    ),
    "study.json that is a list": (_raw_study("[1]"), "out/study.json: is damaged"),
    "study.json of NaN": (_raw_study('{"sum": NaN}'), "out/study.json: is damaged (it has NaN, which is no number)"),
    "study.json of 200,000 brackets": (_raw_study("[" * 200_000), "out/study.json: is damaged (it is nested more than"),
    "study.json with a key twice": (
        _raw_study('{"a": 1, "a": 2}'),
        "out/study.json: is damaged (it has the key 'a' tw",
    ),
    "ledger file that is a pipe": (beside("ledger/001.jsonl", os.mkfifo), f"{LEDGER}: is neither a file nor a folder"),
    "ledger file that is endless": (beside("ledger/001.jsonl", _endless), f"{LEDGER}: is a link to /dev/zero"),
    "ledger file that is a folder": (beside("ledger/001.jsonl", Path.mkdir), f"{LEDGER}: is no regular file"),
    "ledger file of 33 MiB in one line": (
        beside("ledger/001.jsonl", _sparse),
        f"{LEDGER}: line 1 is damaged (it has mor",
    ),
    "ledger file that leads nowhere": (
        beside("ledger/001.jsonl", lambda path: path.symlink_to("gone")),
        f"{LEDGER}: is a link to gone",
    ),
    **{
        f"copy {name!r} in the ledger": (beside(f"ledger/{name}", Path.touch), f"{name}: is no file of a ledger")
        for name in ("001 (1).jsonl", "001-conflict.jsonl", "0x1.jsonl", "²³.jsonl", "1.jsonl.bak", "001.JSONL")
    },
}
"""Something in the place of a file → what is said of it."""


def _cases() -> list[Case]:
    """All go through one reader, so the commands that take longer to import get a part of them."""
    found = []
    for module, words in COMMANDS.items():
        parts = (1, 1, 1) if module == "study.records" else (6, 4, 3)
        for part, kind, cases in zip(parts, (told, study_json, None), (EVENTS, STUDIES, THINGS), strict=True):
            for name, (what, said) in list(cases.items())[::part]:
                make = what if kind is None else kind(what)
                found.append(Case(f"{module}: {KINDS[kind]} {name}", words, 4, said, make, module))
    return found


KINDS = {told: "a line that", study_json: "a study.json", None: "a"}
CASES = _cases()
