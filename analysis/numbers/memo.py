"""Caches functions of one table while a report is made of it, so that each result is computed once."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pandas as pd

Function = TypeVar("Function", bound=Callable[..., Any])
_known: dict[tuple[Any, ...], tuple[pd.DataFrame, Any]] | None = None


@contextmanager
def remembering() -> Iterator[None]:
    """Cache the results of functions marked with `once`; tables must not be changed in place meanwhile."""
    global _known
    before = _known
    _known = {} if before is None else before
    try:
        yield
    finally:
        _known = before


def once(function: Function) -> Function:
    """Mark a pure function of a table whose other arguments are hashable, so that `remembering` caches its results."""

    @functools.wraps(function)
    def cached(df: pd.DataFrame, *others: Any) -> Any:
        if _known is None:
            return function(df, *others)
        key = (function, id(df), *others)
        if key not in _known:
            _known[key] = (df, function(df, *others))  # holds the table, so that no other gets its id
        result = _known[key][1]
        return result.copy() if isinstance(result, pd.DataFrame) else result

    return cached  # type: ignore[return-value]
