"""Checks of single values: their type, their size, and the texts that have a grammar."""

import re
import reprlib
import sys
from collections.abc import Sequence
from typing import Any

from study.errors import UserError
from study.text import encodes

LONGEST = 1000
"""Most characters of a text in a space: a regular expression may need some; other values name cells."""
LARGEST = 2**63 - 1
"""Largest integer in a space: tables and torch have 64 bits."""
FARTHEST = 1e100
"""Largest number in a space: `analysis.numbers.table` refuses tables with larger ones, whose sums overflow."""
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxtuple = 3, 12, 12, 12
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100
_WORDS = {str: "a str", int: "an int", float: "a finite float or int", type(None): "None"}


def check_type(what: str, value: object, *kinds: type) -> None:
    """Refuse a value of another type, numpy's numbers too: their names and JSON differ from Python's.

    Args:
        what: the value's name, for the error.
        value: the value to check.
        kinds: the allowed types: str, int (no bool), float (finite, or an int), type(None).

    Raises:
        UserError: it has none of these types, or is too long, too large or not writable.
    """
    if not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        raise UserError(f"{what} {show(value)} ({type(value).__name__}) must be {wanted}")
    if isinstance(value, str) and len(value) > LONGEST:
        raise UserError(f"{what} {show(value)} has {len(value):,} characters; {LONGEST:,} at most")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise UserError(f"{what} {show(value)} is beyond {LARGEST:,}, the largest whole number")
    if isinstance(value, float) and abs(value) > FARTHEST:
        raise UserError(f"{what} {show(value)} is beyond {FARTHEST:g}, the largest number of a study")
    if isinstance(value, str) and ("\0" in value or not encodes(value)):
        raise UserError(f"{what} {show(value)} has a character that no file of a study can hold")


def check_crop(crop: str | None, task: str, crops: Sequence[str]) -> None:
    """Refuse a crop that the task does not have; None is its first."""
    if crop is not None and crop not in crops:
        raise UserError(f"unknown crop {crop!r} of task {task}; one of {', '.join(crops)}")


def check_pattern(pattern: str) -> None:
    """Refuse a text that is no regular expression, or one without a group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise UserError(f"group_pattern {pattern!r} is no regular expression: {error}") from error
    if groups == 0:
        raise UserError(f"group_pattern {pattern!r} has no group: put ( ) around what names an image's group")


def show(value: object) -> str:
    """Write any value for an error, in one line of at most 100 characters."""
    try:
        text = " ".join(_SHORT.repr(value).split())
    except Exception:  # an integer with too many digits, or a foreign class whose repr fails
        text = f"a value of type {type(value).__name__} that cannot be written"
    return text if len(text) <= 100 else f"{text[:99]}…"


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    return type(value) is kind
