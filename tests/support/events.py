"""Makes events as a study records them, for ledgers in tests. Knows no files."""

from typing import Any

Event = dict[str, Any]


def suggested(trial: str = "c000-s000", cell: int = 0, **fields: object) -> Event:
    """The event that begins a trial."""
    event = {"kind": "suggest", "trial": trial, "cell": cell, "role": "search", "seed": 5, "tuned": {"lr": 0.01}}
    return event | fields


def row(epoch: int = 0, **fields: object) -> Event:
    """A score of a report."""
    common = {"epoch": epoch, "step": 10 * epoch, "phase": 0, "trained_on": "toy", "task": "toy", "seconds": 1.5}
    return common | {"split": "val", "metric": "accuracy", "score": 0.5} | fields


def reported(trial: str = "c000-s000", epoch: int = 0, **fields: object) -> Event:
    """A report with one score."""
    event = {"kind": "report", "trial": trial, "epoch": epoch, "objective": 0.5, "decision": "continue"}
    return event | {"rows": [row(epoch)], "worker": "here:1", "time": 1.5e9} | fields
