"""A trial's report as plain values, each checked, so that none spoils the ledger, the table or a choice.

Knows what a report holds; knows nothing of how it came about, or of what is made of it.
"""

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from study.storage.ledger_schema import REPORT
from study.storage.schema import LARGEST
from study.training.metrics import check_score

if TYPE_CHECKING:
    from study.training.report import Report


def checked(report: "Report", epochs: int, after: int = -1) -> dict[str, Any]:
    """Give a report as plain values.

    Args:
        report: of a trial.
        epochs: that the trial has.
        after: epoch of its report before; -1 where there is none.

    Raises:
        ValueError: a score is no finite number or beyond its metric's range, the objective is no validation score, the
            epoch is not one that follows, or something is no part of a report.
    """
    epoch = _epoch(report.epoch, epochs, after)
    rows = [_row(row, epoch) for row in report.rows]
    own = [row["score"] for row in rows if row["split"] == "val" and row["task"] == row["trained_on"]]
    objective = check_score("objective", report.objective)
    if objective not in own:
        raise ValueError(f"the objective is {objective!r}, which no validation score of the trained task is")
    seconds = max(row["seconds"] for row in rows)
    said = {"epoch": epoch, "seconds": seconds, "objective": objective, "last": bool(report.last), "rows": rows}
    REPORT.check(said)  # what passes here is recorded, and who reads the ledger takes nothing else
    return said


def _epoch(epoch: object, epochs: int, after: int) -> int:
    if isinstance(epoch, bool) or not isinstance(epoch, Integral) or not after < int(epoch) <= epochs:
        where = f"after epoch {after}, of {epochs} epochs" if after >= 0 else f"of {epochs} epochs"
        raise ValueError(f"epoch {epoch!r} is reported {where}")
    return int(epoch)


def _row(row: dict[str, Any], epoch: int) -> dict[str, Any]:
    """Give a row, checked: its score as the number that it is, and nothing but numbers, texts and None."""
    if row["epoch"] != epoch:
        raise ValueError(f"epoch {epoch} is reported with a score of epoch {row['epoch']!r}")
    score = check_score(row["metric"], row["score"])
    plain = {name: _value(name, value) for name, value in row.items()}
    return plain | {"score": row["score"] if type(row["score"]) is int and score <= LARGEST else score}


def _value(name: str, value: object) -> Any:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}, which is no text and no finite number")
    return value if type(value) in (bool, int, float) else value.item()  # type: ignore[attr-defined]
