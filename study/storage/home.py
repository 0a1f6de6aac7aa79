"""The user's home folder, where there is one: a container may run under a number that has neither name nor home.

Knows what may be set in its place; nothing of what lies in it.
"""

import os
from pathlib import Path

from study.errors import UserError


def folder(what: str, instead: str) -> Path:
    """Give the home folder.

    Args:
        what: lies there.
        instead: what to do where there is no home.

    Raises:
        UserError: this user has none.
    """
    if (home := known()) is None:
        raise UserError(f"this user has no home folder for {what}: {instead}")
    return home


def stand_in(place: Path) -> None:
    """Give a user without a home folder one: Ray's parts and others ask for it where they need none."""
    if known() is None:
        os.environ["HOME"] = str(place)


def known() -> Path | None:
    """Give the home folder, or None where there is none: HOME may be empty, or no folder's name."""
    if os.environ.get("HOME") == "":
        return None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None
