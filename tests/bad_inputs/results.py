"""Results folders that are none, hold something else, or are spoilt. Knows no spaces."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bad_inputs import data, spaces
from tests.bad_inputs.case import GOLDEN, Case, nothing
from tests.support import events

NETWORK = {"config": {"task": "pets"}, "classes": ["cat", "dog"], "mean": [0.5] * 3, "std": [0.5] * 3}
CELL = {"name": "a", "data": "f00", "values": {"task": "gtsrb"}, "source": "drawn", "published": None}
RATES = {"low": 1e-4, "high": 0.1, "log": True, "integer": False}
IDENTITY = {"space": {"name": "tiny", "compared": {}, "tuned": {"lr": RATES}}, "cells": [CELL], "seed": 0}
RESUME = "--space {tiny} --out out --resume"


def study(here: Path, name: str = "out") -> Path:
    """Write a study of three reports."""
    from study.storage import ledger, study_folder

    place = here / name
    place.mkdir()
    study_folder.begin(place, IDENTITY, resume=False)
    book = ledger.Ledger(place / "ledger", 0)
    book.append(events.suggested())
    for epoch in range(3):
        book.append(events.reported(epoch=epoch))
    book.close()
    shutil.copy(GOLDEN / "regimes" / "table.parquet", place)
    return place


def _file(here: Path, name: str = "out") -> None:
    (here / name).write_text("mine")


def _changed(file: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change a file's content in a study that is otherwise whole."""

    def make(here: Path) -> None:
        place = study(here)
        (place / "table.parquet").unlink()
        (place / file).write_bytes(change((place / file).read_bytes()))

    return make


def _deleted(file: str) -> Callable[[Path], None]:
    return lambda here: (study(here) / file).unlink()


def _golden(here: Path) -> None:
    """Leave a study's table and what it was, without its ledger."""
    shutil.copytree(GOLDEN / "regimes", here / "out")


def _emptied(here: Path) -> None:
    for file in (study(here) / "ledger").iterdir():
        file.write_bytes(b"")


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _flipped(body: bytes) -> bytes:
    return body.replace(b'"objective":0.5', b'"objective":0.7', 1)


def _model(content: bytes | None, file: str) -> Callable[[Path], None]:
    """Spoil a file of a network that a study has kept."""

    def make(here: Path) -> None:
        import json

        from study.storage import checksums

        place = study(here)
        (place / "table.parquet").unlink()
        network = place / "models" / "c000-s000"
        network.mkdir(parents=True)
        (network / "model.safetensors").write_bytes(b"tensors")
        (network / "card.json").write_text(json.dumps(checksums.sealed(NETWORK, network)))
        (network / file).unlink() if content is None else (network / file).write_bytes(content)

    return make


def _checkpoint(here: Path) -> None:
    place = study(here)
    (place / "table.parquet").unlink()
    (place / "checkpoints" / "c007-s001" / "000001").mkdir(parents=True)


def _store(here: Path) -> None:
    spaces.write(data.PETS, here)
    data.folder(here)
    _file(here, "store")


def _link(here: Path) -> None:
    (here / "out").symlink_to("gone/far")
    (here / "gone").write_text("mine")


def _table(here: Path, change: Callable[[bytes], bytes]) -> None:
    (here / "out").mkdir()
    (here / "out" / "table.parquet").write_bytes(change((GOLDEN / "regimes" / "table.parquet").read_bytes()))


def _other(here: Path) -> None:
    import pandas as pd

    (here / "out").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet(here / "out" / "table.parquet")


def _case(name: str, code: int, said: str, make: Callable[[Path], object], words: str = RESUME) -> Case:
    return Case(name, words, code, said, make)


def _analysis(name: str, code: int, said: str, make: Callable[[Path], object], words: str = "out") -> Case:
    return Case(name, words, code, said, make, module="analysis")


spoilt_model, no_card = _model(b"ten", "model.safetensors"), _model(b"[]", "card.json")
CASES = [
    _case("results into a file", 2, "out: is a file; name a folder", _file, "--space {tiny} --out out"),
    _case("results below a file", 2, "out: is a file; name a folder", _file, "--space {tiny} --out out/deeper"),
    _case(
        "results behind a link to nowhere",
        2,
        "out: is a link to gone/far, which does not exist",
        _link,
        "--space {tiny} --out out",
    ),
    _case("a name that is too long", 2, "a name is too long for the", nothing, f"--space {{tiny}} --out {'x' * 300}"),
    _case(
        "results that are there already",
        2,
        "out holds a study already: add --resume to go on with it, or",
        study,
        "--space {tiny} --out out",
    ),
    _case("a study without study.json", 4, "out/study.json: is missing", _deleted("study.json")),
    _case("a study.json of 0 bytes", 4, "out/study.json: is damaged", _changed("study.json", lambda _: b"")),
    _case("a study.json cut short", 4, "out/study.json: is damaged", _changed("study.json", _half)),
    _case(
        "a study.json that was edited",
        4,
        "out/study.json: is damaged (its checksum",
        _changed("study.json", lambda body: body.replace(b'"seed": 0', b'"seed": 1')),
    ),
    _case(
        "a study.json that is no text", 4, "out/study.json: is damaged", _changed("study.json", lambda _: b"\xff\xfe\0")
    ),
    _case("a ledger whose first file is gone", 4, "out/ledger/000.jsonl: is missing", _deleted("ledger/000.jsonl")),
    _case("an empty ledger beside a table", 4, "out/ledger has lost", _deleted("ledger/001.jsonl")),
    Case(
        "a table that knows more than its ledger, to be written anew",
        "out",
        4,
        "out/ledger has lost",
        _deleted("ledger/001.jsonl"),
        "study.records",
    ),
    _case(
        "a ledger with a changed score",
        4,
        "out/ledger/001.jsonl: line 2 is damaged (its checksum",
        _changed("ledger/001.jsonl", _flipped),
    ),
    _case(
        "a ledger without its second line",
        4,
        "out/ledger/001.jsonl: line 2 has sequence number 2, expected 1",
        _changed(
            "ledger/001.jsonl",
            lambda body: b"".join(line for number, line in enumerate(body.splitlines(True)) if number != 1),
        ),
    ),
    _case(
        "a ledger that is no text",
        4,
        "out/ledger/001.jsonl: line 1 is damaged",
        _changed("ledger/001.jsonl", lambda _: b"\xff\xfe\n\0\n"),
    ),
    _case(
        "a network cut short",
        4,
        "out/models/c000-s000/model.safetensors: is not what was written",
        _model(b"ten", "model.safetensors"),
    ),
    _case(
        "a network that is gone",
        4,
        "out/models/c000-s000/model.safetensors: is missing",
        _model(None, "model.safetensors"),
    ),
    _case(
        "a card that is no card",
        4,
        "out/models/c000-s000/card.json: is not what was written",
        _model(b"[]", "card.json"),
    ),
    _case(
        "a checkpoint of a trial that the ledger lost", 4, "out/ledger has lost trial c007-s001, of which", _checkpoint
    ),
    _case(
        "a study of another space",
        4,
        "was made by another study, nothing was changed in it: space.scale was",
        _changed("ledger/000.jsonl", bytes),
    ),
    _analysis("a report of nowhere", 2, "no table.parquet in 'out'; give the folder of a study", nothing),
    _analysis("a report of an empty folder", 2, "no table.parquet in 'out'", lambda here: (here / "out").mkdir()),
    _analysis("a report of a file", 2, "no table.parquet in 'out'", _file),
    _analysis("a report of nothing", 2, "the following arguments are required: folder", nothing, ""),
    _analysis(
        "a report of one study twice",
        2,
        f"'{GOLDEN}/regimes' is given twice",
        nothing,
        "{golden}/regimes {golden}/regimes",
    ),
    _analysis(
        "an unknown option of the report", 2, "unrecognized arguments: --ot x", nothing, "{golden}/regimes --ot x"
    ),
    _analysis("a report into a file", 2, "--out out: is a file, or leads nowhere", _file, "{golden}/regimes --out out"),
    _analysis(
        "a table of 0 bytes", 4, "'out/table.parquet' cannot be read as Parquet", partial(_table, change=lambda _: b"")
    ),
    _analysis("a table cut short", 4, "'out/table.parquet' cannot be read as Parquet", partial(_table, change=_half)),
    _analysis(
        "a table that is CSV",
        4,
        "'out/table.parquet' cannot be read as Parquet",
        partial(_table, change=lambda _: b"space,cell\na,b\n"),
    ),
    _analysis("a table of other columns", 4, "'out/table.parquet' lacks the columns space, cell", _other),
    Case("a table of a study that is not there", "out", 2, "out: holds no study; give", nothing, "study.records"),
    Case("a table of a study whose ledger is gone", "out", 4, "ledger has lost 180 reports", _golden, "study.records"),
    Case("a table of an empty ledger", "out", 4, "ledger has lost 180 reports", _emptied, "study.records"),
    Case("a table of nothing", "", 2, "the following arguments are required: folder", nothing, "study.records"),
    Case(
        "a store that is a file",
        "--space mine.py --data data",
        2,
        "cannot be written, since",
        _store,
        environment={"STUDY_STORE": "{here}/store"},
    ),
    Case(
        "a store where nothing can be written",
        "--space mine.py --data data",
        5,
        "storage failed: ",
        _store,
        environment={"STUDY_STORE": "/proc/store"},
    ),
    Case(
        "results where nothing can be written",
        "--space {tiny} --out /proc/results",
        5,
        "storage failed: ",
        nothing,
    ),
]
