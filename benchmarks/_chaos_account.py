"""What has to hold of a study that was killed, counted against the journal that its workers kept.

Knows what was promised, and nothing of how a study runs or is killed.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from study.storage import ledger

ENDS = {"prune": "pruned", "complete": "complete"}
TIMES = ["worker", "time"]
"""Columns in which two runs of one study may differ."""


@dataclass
class Account:
    """Sums over studies; `broken` names what is to be 0."""

    studies: int = 0
    trials: int = 0
    steps: int = 0
    """That the journal has, of which `wasted` had been done before."""
    retried: int = 0
    """Trials that went on after their worker or node was lost."""
    wasted: int = 0
    allowed: int = 0
    """Steps that may be wasted: kills × interval × trials at a time."""
    lost: int = 0
    """Trials that had ended and run again, or are not in the table as ended."""
    doubled: int = 0
    """Rows of a (trial, epoch) beyond the first."""
    missing: int = 0
    """Epochs between 0 and a trial's last that have no row."""
    wrong: int = 0
    """Scores that differ from those in the journal."""
    unequal: int = 0
    """Studies whose table differs from an uninterrupted one's."""
    dishonest: int = 0
    """Interruptions after which the ledger's count of ended trials was not the journal's."""
    unended: int = 0
    """Studies that did not come to their end."""
    failed: int = 0
    """Trials that were counted as failed."""
    overspent: int = 0
    """Studies that wasted more than is allowed."""
    seconds: list[float] = field(default_factory=list)
    """From a signal to the driver's end."""
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        """Add another account's sums."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def broken(self) -> dict[str, int]:
        """The promises that did not hold, and how often."""
        names = ("lost", "doubled", "missing", "wrong", "unequal", "dishonest", "overspent", "unended")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


Line = tuple[Any, ...]


def journal(folder: Path) -> list[Line]:
    """Read a journal: (trial, "start"), (trial, epoch, value) or (trial, "ended") a line, in the order of happening."""
    path = folder / "journal.txt"
    if not path.exists():
        return []
    return [tuple(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def honest(folder: Path, kills: int) -> bool:
    """Whether the ledger counts as ended what the journal does: a kill may fall between the two lines, never before."""
    said = {event["trial"] for event in ledger.read(folder / "ledger") if _ends(event)}
    happened = {line[0] for line in journal(folder) if line[1] == "ended"}
    return happened <= said and len(said) - len(happened) <= kills


def written(folder: Path) -> bool:
    """Whether the table has all that was reported."""
    reports = [event for event in ledger.read(folder / "ledger") if event["kind"] == "report"]
    frame = table(folder).dropna(subset=["epoch"])
    kept = set(zip(frame["trial"], frame["epoch"], strict=True))
    return kept == {(event["trial"], event["epoch"]) for event in reports}


def whole(folder: Path, kills: int, most: int, like: pd.DataFrame | None = None) -> Account:
    """Take account of a study that has come to its end.

    Args:
        folder: the study's.
        kills: that it survived.
        most: steps that each of them may cost.
        like: table of an uninterrupted run; None compares none.
    """
    lines, frame = journal(folder), table(folder)
    steps = [(trial, what) for trial, what, *_ in lines if isinstance(what, int)]
    found = Account(studies=1, trials=frame["trial"].nunique(), steps=len(steps), allowed=kills * most)
    found.wasted = len(steps) - len(set(steps))
    found.overspent = int(found.wasted > found.allowed)
    found.lost = len(_again(lines) | _unended(lines, frame))
    found.doubled = int(frame.duplicated(["trial", "epoch"]).sum())
    found.missing = sum(len(set(range(max(own) + 1)) - set(own)) for own in _epochs(frame).values())
    found.wrong = _wrong(lines, frame)
    found.failed = int((frame.groupby("trial")["state"].first() == "failed").sum())
    found.retried = sum(len(event["trials"]) for event in ledger.read(folder / "ledger") if event["kind"] == "lost")
    if like is not None:
        found.unequal = int(not frame.drop(columns=TIMES).equals(like.drop(columns=TIMES)))
    return found


def table(folder: Path) -> pd.DataFrame:
    """Read a study's table, in an order that does not depend on when its trials ran."""
    return pd.read_parquet(folder / "table.parquet").sort_values(["trial", "epoch"], ignore_index=True)


def _ends(event: ledger.Event) -> bool:
    return event["kind"] == "fail" or event.get("decision") in ENDS


def _again(lines: list[Line]) -> set[str]:
    """Trials that did something after their end."""
    ended: set[str] = set()
    again: set[str] = set()
    for trial, what, *_ in lines:
        again |= {trial} & ended
        ended |= {trial} if what == "ended" else set()
    return again


def _unended(lines: list[Line], frame: pd.DataFrame) -> set[str]:
    """Trials whose end the table does not know."""
    states = frame.groupby("trial")["state"].first()
    return {trial for trial, what, *_ in lines if what == "ended" and states.get(trial, "running") == "running"}


def _epochs(frame: pd.DataFrame) -> dict[str, list[int]]:
    scored = frame.dropna(subset=["epoch"])
    return {str(trial): [int(epoch) for epoch in own["epoch"]] for trial, own in scored.groupby("trial")}


def _wrong(lines: list[Line], frame: pd.DataFrame) -> int:
    """Count scores that are not what the journal has of that step, and steps that gave two values."""
    values: dict[tuple[str, int], set[float]] = {}
    for trial, what, *value in lines:
        if isinstance(what, int):
            values.setdefault((trial, what), set()).update(value)
    scores = frame[frame["epoch"] > 0].set_index(["trial", "epoch"])["score"]
    counts = Counter(score in values.get(key, ()) for key, score in scores.items())
    return counts[False] + sum(len(found) > 1 for found in values.values())
