"""Checksums of a saved network, stored in its card: of the card itself and of the files beside it.

Imports no torch: a resume checks many networks before anything heavy is imported.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from study.errors import Damaged
from study.storage import reading

CARD = "card.json"
KEYS = ("files", "sum")


def sealed(card: Mapping[str, object], folder: Path) -> dict[str, object]:
    """Add `files` and `sum` to a card; the network's other files must be in the folder already."""
    files = {path.name: _digest(path) for path in sorted(folder.iterdir()) if path.name != CARD}
    plain = json.loads(json.dumps({**card, "files": files}))
    return {**plain, "sum": _sum(plain)}


def check(card: Mapping[str, object], folder: Path) -> None:
    """Compare a card and the files beside it with their checksums; older cards have none.

    Raises:
        Damaged: names the file that is missing or is not what was written.
    """
    if card.get("sum", _sum(card)) != _sum(card):
        raise Damaged(f"{folder / CARD}: is not what was written (its checksum does not fit)")
    files = card.get("files", {})
    if not isinstance(files, dict) or any(Path(name).name != name for name in files):
        raise Damaged(f"{folder / CARD}: is not what was written (files must be a table of names in the same folder)")
    for name, written in files.items():
        path = folder / name
        if not path.exists():
            raise Damaged(f"{path}: is missing")
        if _digest(path) != written:
            raise Damaged(f"{path}: is not what was written (its checksum does not fit)")


def refuse_damaged(models: Path) -> None:
    """Check all saved networks of a study; a network whose whole folder was deleted is no damage.

    Raises:
        Damaged: names a file, and how to resume without that network.
    """
    for folder in sorted(models.glob("[!.]*/")):
        try:
            check(_read(folder / CARD), folder)
        except Damaged as error:
            remedy = f"all scores are in the ledger, so delete the folder {folder} to go on without this network"
            raise Damaged(f"{error}; {remedy}") from None


def _read(path: Path) -> dict[str, object]:
    try:
        card = reading.parse(reading.read_bytes(path))
    except FileNotFoundError:
        raise Damaged(f"{path}: is missing") from None
    except ValueError:
        card = None
    if not isinstance(card, dict) or "sum" not in card:
        raise Damaged(f"{path}: is not what was written")
    return card


def _digest(path: Path) -> str:
    with reading.open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum(card: Mapping[str, object]) -> str:
    plain = {name: value for name, value in card.items() if name != "sum"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
