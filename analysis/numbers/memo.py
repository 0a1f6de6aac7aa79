"""Computes what is asked of one table again and again only once, while a report is made of it.

Knows nothing of what is computed.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pandas as pd

Function = TypeVar("Function", bound=Callable[..., Any])
_known: dict[tuple[Any, ...], tuple[pd.DataFrame, Any]] | None = None


@contextmanager
def remembering() -> Iterator[None]:
    """Remember inside what functions marked with `once` give; tables must not be changed in place meanwhile."""
    global _known
    before = _known
    _known = {} if before is None else before
    try:
        yield
    finally:
        _known = before


def once(function: Function) -> Function:
    """Mark a pure function whose first argument is a table, and whose others can be keys."""

    @functools.wraps(function)
    def asked(df: pd.DataFrame, *others: Any) -> Any:
        if _known is None:
            return function(df, *others)
        key = (function, id(df), *others)
        if key not in _known:
            _known[key] = (df, function(df, *others))  # holds the table, so that no other gets its id
        found = _known[key][1]
        return found.copy() if isinstance(found, pd.DataFrame) else found

    return asked  # type: ignore[return-value]
