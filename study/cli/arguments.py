"""Reads the words of command lines: seeds, durations, amounts of CPUs and GPUs, places."""

import argparse
import re
from pathlib import Path

from analysis.shell import command
from study.storage import remote

LAST_SEED = 2**63 - 1
LEAST_PART = 0.01
"""Of a CPU or a GPU, for one trial."""
LONGEST = 1e9
"""Seconds of a duration: 30 years."""
AUTO = "auto"
"""Of --gpus-per-trial: as many trials share a GPU as its memory holds."""


def seed(text: str) -> int:
    """Read a seed: torch and the table take 63 bits."""
    if not text.isdecimal() or len(text) > 4000 or int(text) > LAST_SEED:  # Python reads no longer ones
        raise argparse.ArgumentTypeError(f"{text!r} is no seed; write a whole number from 0 to {LAST_SEED}")
    return int(text)


def place(text: str) -> Path | str:
    return text if remote.is_uri(text) else command.path(text)


def share(text: str, more: str = "") -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; write 1, 2 or 0.5{more}")
    return value


def _amount(text: str, more: str = "") -> float:
    """Read how many CPUs or GPUs: Ray gives parts of one alone."""
    if (value := share(text, more)) > 1 and value % 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount: above 1 only whole numbers; write 1, 2 or 0.5{more}")
    if 0 < value < LEAST_PART:
        raise argparse.ArgumentTypeError(f"{text!r} is too small a part; write {LEAST_PART:g} or more{more}")
    return value


def gpus(text: str) -> float | str:
    return text if text == AUTO else _amount(text, ", or auto")


def above_0(text: str) -> float:
    if (value := _amount(text)) == 0:
        raise argparse.ArgumentTypeError("0 is no amount of CPUs; write 1, 2 or 0.5")
    return value


def seconds(text: str) -> float:
    """Read a duration: `90s`, `30m` or `2h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 30m or 2h")
    value = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]
    if value > LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is longer than anybody waits; write 90s, 30m or 2h")
    return value


def some_seconds(text: str) -> float:
    """Read a duration after which something ends."""
    if (value := seconds(text)) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} ends before anything is done; write 90s, 30m or 2h")
    return value
