"""A trial's report as plain values, each checked, so that no faulty value reaches the ledger, the table or a selection.

Knows what a report holds; knows nothing of how it was made or is used.
"""

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, cast

from study.storage.events import Row, WorkerReport
from study.storage.ledger_schema import REPORT
from study.storage.schema import LARGEST
from study.training.metrics import check_score

if TYPE_CHECKING:
    from study.training.report import Report


def checked(report: "Report", epochs: int, after: int = -1) -> WorkerReport:
    """Give a report as plain values.

    Args:
        report: of a trial.
        epochs: number of epochs of the trial.
        after: epoch of the trial's previous report; -1 if this is the first.

    Raises:
        ValueError: a score is not a finite number or is outside its metric's range; the objective is not a validation
            score; the epoch does not follow the previous one; or a value does not belong in a report.
    """
    epoch = _epoch(report.epoch, epochs, after)
    rows = [_row(row, epoch) for row in report.rows]
    own = [row["score"] for row in rows if row["split"] == "val" and row["task"] == row["trained_on"]]
    objective = check_score("objective", report.objective)
    if objective not in own:
        raise ValueError(f"the objective is {objective!r}, which is not a validation score of the trained task")
    seconds = max(row["seconds"] for row in rows)
    plain: WorkerReport = {
        "epoch": epoch,
        "seconds": seconds,
        "objective": objective,
        "last": bool(report.last),
        "rows": rows,
    }
    if report.costs is not None:
        plain["costs"] = report.costs
    REPORT.check(plain)  # what passes is recorded; readers of the ledger accept nothing else
    return plain


def _epoch(epoch: object, epochs: int, after: int) -> int:
    if isinstance(epoch, bool) or not isinstance(epoch, Integral) or not after < int(epoch) <= epochs:
        where = f"after epoch {after}, of {epochs} epochs" if after >= 0 else f"of {epochs} epochs"
        raise ValueError(f"epoch {epoch!r} is reported {where}")
    return int(epoch)


def _row(row: Row, epoch: int) -> Row:
    """Give a row as numbers, texts and None, with its score checked; a whole number stays one if it fits a file."""
    if row["epoch"] != epoch:
        raise ValueError(f"epoch {epoch} is reported with a score of epoch {row['epoch']!r}")
    score = check_score(row["metric"], row["score"])
    plain = {name: _value(name, value) for name, value in row.items()}
    plain["score"] = row["score"] if type(row["score"]) is int and score <= LARGEST else score
    return cast(Row, plain)


def _value(name: str, value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}, which is neither a text nor a finite number")
    return value if type(value) in (bool, int, float) else value.item()  # type: ignore[attr-defined]
