"""How a file of somebody else's study is changed, with checksums that fit. Knows no cases."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bad_inputs import results
from tests.support import events

LEDGER = "out/ledger/001.jsonl"
HUGE = 10**400


def place(here: Path) -> Path:
    """Write a whole study whose table is still to be made."""
    found = results.study(here)
    (found / "table.parquet").unlink()
    return found


def lines(*bodies: str | bytes) -> bytes:
    """Write lines of a ledger whose checksums fit: of a text with its number in front, or of bytes as they are."""
    from study.storage import ledger

    made = []
    for number, body in enumerate(bodies):
        whole = body if isinstance(body, bytes) else f'{{"seq":{number},{body[1:]}'.encode()
        made.append(ledger._sealed(whole) + whole[1:] + b"\n")
    return b"".join(made)


def told(*more: dict[str, Any] | str | bytes) -> Callable[[Path], None]:
    """Make a study whose ledger has a suggestion, and then these events."""

    def make(here: Path) -> None:
        first = events.suggested()
        bodies = [each if isinstance(each, str | bytes) else json.dumps(each) for each in (first, *more)]
        (place(here) / "ledger" / "001.jsonl").write_bytes(lines(*bodies))

    return make


def study_json(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Make a study whose study.json is changed, and summed again."""

    def make(here: Path) -> None:
        from study.storage import study_folder

        path = place(here) / "study.json"
        study = json.loads(path.read_text())
        change(study)
        del study["sum"]
        path.write_text(json.dumps(study | {"sum": study_folder._checksum(study)}))

    return make


def beside(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Put something else into a study's folder."""

    def made(here: Path) -> None:
        path = place(here) / name
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        make(path)

    return made


def put(*keys: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(study: Any) -> None:
        for key in keys[:-1]:
            study = study[key]
        study[keys[-1]] = copy.deepcopy(value)

    return change
