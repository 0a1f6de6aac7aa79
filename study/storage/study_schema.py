"""The parts of study.json that are read, and the values that they may have."""

from typing import NotRequired, TypedDict, final

from study.storage.events import Plain
from study.storage.schema import (
    NUMBER,
    PLAIN,
    TEXT,
    TRUTH,
    Kind,
    Table,
    Wrong,
    listed,
    mapping,
    optional,
    pattern,
    short,
)


@final
class RangeEntry(TypedDict):
    """The distribution of a tuned number."""

    low: float
    high: float
    log: bool
    integer: bool


@final
class ChoiceEntry(TypedDict):
    """The distribution of a tuned choice."""

    values: list[Plain]


DistributionEntry = RangeEntry | ChoiceEntry


class CellEntry(TypedDict):
    """A cell as study.json has it."""

    name: str
    values: dict[str, Plain]
    source: str
    """Line that names the images."""
    published: float | dict[str, float] | None
    """Published score: of the trained task, or by task."""
    as_published: NotRequired[bool]
    data: NotRequired[str]
    """Fingerprint of the images."""
    start: NotRequired[list[object]]
    """Store keys of the initial weights that the study trains."""


class SpaceEntry(TypedDict):
    """A space as study.json has it, of which only these keys are read."""

    name: str
    compared: dict[str, list[Plain]]
    tuned: dict[str, DistributionEntry]
    trials: NotRequired[int]
    replicates: NotRequired[int]
    epochs: NotRequired[int]


class StudyFile(TypedDict):
    """What is read of study.json."""

    space: SpaceEntry
    cells: list[CellEntry]


NEAR = 1e-9
"""Relative amount by which rounding may move a tuned value beyond its bounds."""
NAME = pattern("a text of at most 100,000 characters, without NUL", r"[^\0]{1,100000}")
"""Name of a space or a cell; a cell's has all compared values."""
_PLAINS = listed(PLAIN)
_RANGE = Table({"low": NUMBER, "high": NUMBER, "log": TRUTH, "integer": TRUTH}, {}, more=False)
_CHOICE = Table({"values": listed(PLAIN, least=1)}, {}, more=False)
_FIGURES = mapping(NUMBER)


def _distribution(value: DistributionEntry) -> int:
    if "values" in value:
        return _CHOICE.check(value)
    texts = _RANGE.check(value)
    if not value["low"] < value["high"] or (value["log"] and value["low"] <= 0):
        raise Wrong(f"{short(value)} is no range")
    return texts


_PUBLISHED = optional(Kind("a number, or a table of numbers", (int, float, dict), lambda value: _is_figure(value)))
_CELL = Table(
    {"name": NAME, "values": mapping(PLAIN), "source": TEXT, "published": _PUBLISHED},
    {"as_published": TRUTH, "data": TEXT, "start": Kind("a list", (list,))},
)
_SPACE = Table(
    {
        "name": NAME,
        "compared": mapping(_PLAINS),
        "tuned": mapping(Kind("a range or a choice", (dict,), None, None, _distribution)),
    },
    dict.fromkeys(("trials", "replicates", "epochs"), Kind("a whole number", (int,), None, (0, 10**9))),
)
_STUDY = {"space": Kind("a table", (dict,)), "cells": listed(_CELL.kind, least=1)}


def check(study: object) -> None:
    """Refuse a value that is no study.

    Args:
        study: study.json's content; further keys of its space are not checked.

    Raises:
        Wrong: the text says what is wrong.
    """
    if type(study) is not dict:
        raise Wrong("is no table")
    for name, kind in _STUDY.items():
        if name not in study:
            raise Wrong(f"lacks {name}")
        try:
            kind.check(study[name])
        except Wrong as wrong:
            raise wrong.below(name) from None
    try:
        known = {name: value for name, value in study["space"].items() if name in _SPACE.names}
        _SPACE.check(known)
    except Wrong as wrong:
        raise wrong.below("space") from None


def contains(distribution: DistributionEntry, value: Plain) -> bool:
    """Whether a value can come from a distribution, as study.json writes it."""
    if "values" in distribution:
        return value in distribution["values"]  # 1 is 1.0, here as in `distributions.Choice`
    if type(value) is not int and (distribution["integer"] or type(value) is not float):
        return False
    low, high = distribution["low"], distribution["high"]
    return low - NEAR * abs(low) <= value <= high + NEAR * abs(high)


def _is_figure(value: object) -> bool:
    try:
        return (_FIGURES if isinstance(value, dict) else NUMBER).check(value) >= 0
    except Wrong:
        return False
