"""Gives an exception's name and text, whatever code its class runs."""

from study.storage.plain_values import LONGEST, bounded

LINE = LONGEST - 1000
"""Characters of an error's text; with the error's name and further remarks it stays within `LONGEST`."""


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
