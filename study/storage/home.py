"""The user's home folder, if any: a container may run under a user number that has neither name nor home."""

import os
from pathlib import Path

from study.errors import UserError


def folder(what: str, instead: str) -> Path:
    """Return the home folder.

    Args:
        what: its content, for the error.
        instead: what a user without a home folder should do.

    Raises:
        UserError: this user has none.
    """
    if (home := known()) is None:
        raise UserError(f"this user has no home folder for {what}: {instead}")
    return home


def stand_in(place: Path) -> None:
    """Set $HOME for a user without a home folder: Ray and other packages look it up even if they do not need it."""
    if known() is None:
        os.environ["HOME"] = str(place)


def known() -> Path | None:
    """Return the home folder, or None: $HOME may be empty or no absolute path."""
    if os.environ.get("HOME") == "":
        return None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None
