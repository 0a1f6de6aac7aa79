"""The token that Ray's ports ask for: where its file is, and that nobody else can read it. Knows no Ray."""

import os
import secrets
import stat
from pathlib import Path

from study.errors import UserError


def file() -> Path:
    """Give the token's file, be it there or not: $RAY_AUTH_TOKEN_PATH, else that in the home folder."""
    return Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")


def known() -> bool:
    """Whether there is a token."""
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or file().exists()


def check(make: bool = False) -> None:
    """See to it that the token's file is its owner's alone: Ray itself makes it readable by all.

    Args:
        make: makes a token in the home folder where there is none, as Ray would.

    Raises:
        UserError: others can read a file that the user has named, or one that is not the user's.
    """
    path, default = file(), "RAY_AUTH_TOKEN_PATH" not in os.environ
    if make and default and not known() and os.environ.get("RAY_AUTH_MODE", "token") == "token":
        _make(path)
    if not path.exists() or not (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        return
    if default and path.stat().st_uid == os.getuid():
        path.chmod(0o600)
        return
    raise UserError(f"Ray's token {path} can be read by others (mode {mode:o}): chmod 600 {path}")


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(secrets.token_hex(32))
    try:
        os.link(making, path)  # of several processes one makes it
    except FileExistsError:
        pass
    finally:
        making.unlink()
