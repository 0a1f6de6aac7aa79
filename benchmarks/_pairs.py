"""Two ways of the same work, measured in turn in one process, and what one gains over the other as a table's line.

Knows nothing of what is measured.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from study.data.prepare import TaskData

HEADER = "| lever | predicted | unit | with | without | gain (min–max) |\n|---|---|---|---:|---:|---:|"
RATE = "images/s"
"""The unit of which more is better; of all others less is."""


class Setting(NamedTuple):
    """What all levers are measured on."""

    opened: "TaskData"
    links: Path
    """The same images as files, `train/<class>` for ImageFolder."""
    scratch: Path
    """A folder that is deleted in the end."""
    device: str
    repeats: int


class Row(NamedTuple):
    """A lever's figures, one a repeat."""

    lever: str
    predicted: str
    """What was expected before anything was measured, and why."""
    unit: str
    used: list[float]
    """With the lever."""
    without: list[float]


Ways = tuple[Callable[[], float], Callable[[], float]]
"""What measures once with a lever, and what measures once without it."""


def compare(lever: str, predicted: str, unit: str, ways: Ways, repeats: int) -> Row:
    """Measure in turn, so that a drift of the machine is neither's.

    Args:
        lever: its name in the table.
        predicted: the gain that was expected, and why.
        unit: of both figures.
        ways: with the lever and without.
        repeats: >= 1, of each.
    """
    used, without = ways
    pairs = [(used(), without()) for _ in range(repeats)]
    return Row(lever, predicted, unit, [pair[0] for pair in pairs], [pair[1] for pair in pairs])


def seconds(call: Callable[[], object], device: str, least: float = 0.0) -> float:
    """Time a call.

    Args:
        call: repeated until `least` has gone by.
        device: on a CPU the process's CPU seconds are counted, which a busy machine disturbs less; on a GPU real ones,
            to the end of its work.
        least: seconds.

    Returns:
        Seconds of one call, on average.
    """
    began, calls = _now(device), 0
    while calls == 0 or _now(device) - began < least:
        call()
        calls += 1
    return (_now(device) - began) / calls


def gains(row: Row) -> list[float]:
    """Give by repeat how many times better it is with the lever."""
    ratios = [plain / used for used, plain in zip(row.used, row.without, strict=True)]
    return [1 / ratio for ratio in ratios] if row.unit == RATE else ratios


def line(row: Row) -> str:
    """Write a row of the table below `HEADER`: medians, and the gain with its extremes."""
    found = gains(row)
    gain = f"{number(median(found))}× ({number(min(found))}–{number(max(found))})"
    cells = (row.lever, row.predicted, row.unit, number(median(row.used)), number(median(row.without)), gain)
    return f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """Write three digits, and no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 1e-3 else f"{value:.5f}"


def _now(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    import torch

    torch.cuda.synchronize()
    return time.perf_counter()
