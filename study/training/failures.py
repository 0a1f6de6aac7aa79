"""An exception as a result: its name, its text and its traceback, whatever code its class runs. Knows no trial."""

import traceback
from typing import NotRequired, TypedDict, final

from study.storage.error_texts import name_of, text_of
from study.storage.plain_values import bounded


@final
class Failure(TypedDict):
    """An exception as a result."""

    failure: str
    traceback: str
    spent: NotRequired[dict[str, float]]
    """As in a report."""
    memory: NotRequired[bool]
    """Whether memory ran out."""


def failure(error: BaseException) -> Failure:
    """Describe an error as a result."""
    name, text = name_of(error), text_of(error)
    return {"failure": f"{name}: {text}" if text else name, "traceback": _traceback(error)}


def _traceback(error: BaseException) -> str:
    try:
        return bounded("".join(traceback.format_exception(error)))
    except BaseException as raised:
        return f"its traceback cannot be made ({name_of(raised)})"
