"""Settings of a part of the grid: conditions on compared keys, and the hyperparameters that they fix.

Knows nothing of what a hyperparameter means.
"""

from collections.abc import Mapping
from typing import Any

from study.errors import UserError
from study.space.distributions import Value

Settings = Mapping[str, Mapping[str, Any]]
"""Condition (`key=value`, or several joined by commas) → hyperparameter → value."""

VERSION, PUBLISHED, CORRECTED = "version", "published", "corrected"
"""The compared key whose cells repeat a publication, and its two extreme values; its other values are causes."""


def conditions(text: str) -> tuple[str, ...]:
    """Split `a=1, b=x` into its `key=value` parts."""
    return tuple(part.strip() for part in str(text).split(","))


def settled(settings: Settings, compared: Mapping[str, Value]) -> dict[str, Value]:
    """Return the hyperparameters that a cell fixes by its position in the grid.

    Args:
        settings: of the space.
        compared: the cell's compared values.

    Raises:
        UserError: two settings with equally many conditions disagree.
    """
    true = {f"{key}={value}" for key, value in compared.items()}
    holding = sorted((where for where in settings if true.issuperset(conditions(where))), key=_count)
    values: dict[str, Value] = {}
    source: dict[str, str] = {}
    for where in holding:
        for name, value in settings[where].items():
            before = source.get(name, "")
            if before and _count(before) == _count(where) and values[name] != value:
                raise UserError(f"settings: {before!r} and {where!r} disagree on {name}: {values[name]!r}, {value!r}")
            values[name], source[name] = value, where
    return values


def versions(causes: Settings, recipe: Mapping[str, Any] | None = None) -> dict[str, dict[str, Value]]:
    """Make the settings of the key `version`: as published with all causes on, and each cause alone.

    Args:
        causes: cause → the hyperparameters that it sets; `version=<cause>` is the corrected cell with this cause alone.
        recipe: other settings of the publication, which are no mistakes; part of `version=published` only.

    Raises:
        UserError: two causes disagree.

    Example:
        >>> versions({"test_as_validation": {"validation": "test"}}, {"optimizer": "sgd"})["version=published"]
        {'optimizer': 'sgd', 'validation': 'test'}
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
