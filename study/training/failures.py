"""An exception as a result: its name, its text and its traceback, whatever code its class runs. Knows no trial."""

import traceback
from typing import NotRequired, TypedDict, final

from study.storage.plain_values import LONGEST, bounded


@final
class Failure(TypedDict):
    """An exception as a result."""

    failure: str
    traceback: str
    spent: NotRequired[dict[str, float]]
    """As in a report."""
    memory: NotRequired[bool]
    """Whether memory ran out."""


LINE = LONGEST - 1000
"""Characters of an error's text; with the error's name and further remarks it stays within `LONGEST`."""


def failure(error: BaseException) -> Failure:
    """Describe an error as a result."""
    name, text = name_of(error), text_of(error)
    return {"failure": f"{name}: {text}" if text else name, "traceback": _traceback(error)}


def text_of(error: BaseException) -> str:
    """Give an error's text, or a note if its class fails to make one."""
    try:
        return bounded(str.__str__(str(error)), LINE)  # `__str__` may return a subclass of str
    except BaseException as raised:  # the class may run any code
        return f"its text cannot be made ({name_of(raised)})"


def name_of(error: BaseException) -> str:
    """Give the name of an error's class in one line, without calling the class's own code."""
    name = type.__dict__["__name__"].__get__(type(error))
    return " ".join(bounded(name, 200).split()) or "an exception without a name"


def _traceback(error: BaseException) -> str:
    try:
        return bounded("".join(traceback.format_exception(error)))
    except BaseException as raised:
        return f"its traceback cannot be made ({name_of(raised)})"
