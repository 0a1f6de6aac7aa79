"""Runs somebody else's code: whatever it raises, or that it exits, becomes one line."""

import traceback
from collections.abc import Callable
from typing import TypeVar

from study.errors import UserError
from study.storage.error_texts import name_of, text_of

T = TypeVar("T")


def executed(what: str, execute: Callable[[], T], file: str | None = None) -> T:
    """Run code.

    Args:
        what: names the code, for people.
        execute: runs it.
        file: path of the code; an error names the line of this file.

    Raises:
        UserError: names the error.
    """
    try:
        return execute()
    except UserError as error:
        raise UserError(f"{what}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it is somebody else's code
        text = " ".join(text_of(error).split())
        raise UserError(f"{what} fails{_where(error, file)}: {name_of(error)}: {text}") from error


def _where(error: BaseException, file: str | None) -> str:
    """Name the last line of a file that an error passed."""
    if file is None:
        return ""
    if isinstance(error, SyntaxError) and error.filename == file:
        return f" in line {error.lineno}"
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f" in line {lines[-1]}" if lines else ""
