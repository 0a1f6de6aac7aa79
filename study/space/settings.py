"""What a part of a grid fixes: conditions on compared keys, and the hyperparameters that go with them.

Knows nothing of what a hyperparameter means.
"""

from collections.abc import Mapping
from typing import Any

from study.errors import UserError
from study.space.distributions import Value

Settings = Mapping[str, Mapping[str, Any]]
"""Condition (`key=value`, or several joined by commas) → hyperparameter → value."""

VERSION, PUBLISHED, CORRECTED = "version", "published", "corrected"
"""The compared key whose cells repeat a publication, with its two ends; its other values are causes."""


def conditions(text: str) -> tuple[str, ...]:
    """Split `a=1, b=x` into its `key=value`."""
    return tuple(part.strip() for part in str(text).split(","))


def settled(settings: Settings, compared: Mapping[str, Value]) -> dict[str, Value]:
    """Give what a cell fixes by its place in the grid.

    Args:
        settings: of the space.
        compared: the cell's.

    Raises:
        UserError: two settings with equally many conditions disagree.
    """
    held = {f"{key}={value}" for key, value in compared.items()}
    holding = sorted((where for where in settings if held.issuperset(conditions(where))), key=_count)
    found: dict[str, Value] = {}
    source: dict[str, str] = {}
    for where in holding:
        for name, value in settings[where].items():
            before = source.get(name, "")
            if before and _count(before) == _count(where) and found[name] != value:
                raise UserError(f"settings: {before!r} and {where!r} disagree on {name}: {found[name]!r}, {value!r}")
            found[name], source[name] = value, where
    return found


def versions(causes: Settings, recipe: Mapping[str, Any] | None = None) -> dict[str, dict[str, Value]]:
    """Make the settings of the key `version`: as published with all causes on, and each cause alone.

    Args:
        causes: cause → what it sets; `version=<cause>` is the corrected cell with this cause alone.
        recipe: what the publication did besides: no mistake, and part of `version=published` only.

    Raises:
        UserError: two causes disagree.
    """
    together = {f"{VERSION}={cause}": dict(values) for cause, values in causes.items()}
    merged = dict(recipe or {})
    for cause, values in causes.items():
        for name, value in values.items():
            if merged.setdefault(name, value) != value:
                raise UserError(f"cause {cause!r} sets {name} to {value!r}, another one to {merged[name]!r}")
    return {f"{VERSION}={PUBLISHED}": merged, **together}


def _count(where: str) -> int:
    return len(conditions(where))
