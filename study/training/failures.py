"""An exception as a result: its name, its text and its traceback, whatever its class does. Knows no trial."""

import traceback

from study.storage.plain_values import LONGEST, bounded

LINE = LONGEST - 1000
"""Characters of an error's text: with its name, and what is added to it, it stays within a text's."""


def failure(error: BaseException) -> dict[str, str]:
    """Describe an error as a result."""
    name, text = name_of(error), text_of(error)
    return {"failure": f"{name}: {text}" if text else name, "traceback": _traceback(error)}


def text_of(error: BaseException) -> str:
    """Give an error's text; an error whose text cannot be made says so."""
    try:
        return bounded(str.__str__(str(error)), LINE)  # a class may give a text of a class of its own
    except BaseException as other:  # it is the code of whoever wrote the class
        return f"its text cannot be made ({name_of(other)})"


def name_of(error: BaseException) -> str:
    """Give an error's class in one line, without asking the class."""
    name = type.__dict__["__name__"].__get__(type(error))
    return " ".join(bounded(name, 200).split()) or "an exception without a name"


def _traceback(error: BaseException) -> str:
    try:
        return bounded("".join(traceback.format_exception(error)))
    except BaseException as other:
        return f"its traceback cannot be made ({name_of(other)})"
