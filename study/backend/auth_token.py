"""The token that Ray's ports require: where its file is, and whether only its owner can read it. Knows no Ray."""

import os
import secrets
import stat
from pathlib import Path

from study.errors import UserError
from study.storage import home


def file() -> Path | None:
    """Return the token's path, which need not exist: $RAY_AUTH_TOKEN_PATH, else that in the home folder, if any."""
    if path := os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return Path(path)
    return folder / ".ray" / "auth_token" if (folder := home.known()) else None


def known() -> bool:
    """Whether there is a token."""
    return bool(os.environ.get("RAY_AUTH_TOKEN")) or _mode(file()) is not None


def check(make: bool = False) -> None:
    """Make sure that only its owner can read the token's file: Ray itself makes it readable by all.

    Args:
        make: whether to make a token if there is none, as Ray would, in the home folder. If that cannot be written, the
            token is for this process and its workers alone.

    Raises:
        UserError: others can read a file that $RAY_AUTH_TOKEN_PATH names, or that another user owns.
    """
    path, default = file(), "RAY_AUTH_TOKEN_PATH" not in os.environ
    if make and default and not known() and os.environ.get("RAY_AUTH_MODE", "token") == "token":
        _make(path)
    if make and path and not default and not known():
        raise UserError(f"RAY_AUTH_TOKEN_PATH={path}: there is no token; unset it, and one is made")
    if path is None or (mode := _mode(path)) is None or not mode & 0o077:
        return
    if not path.is_file():
        raise UserError(f"Ray's token {path} is no file: name another with RAY_AUTH_TOKEN_PATH=FILE")
    if default and path.stat().st_uid == os.getuid():
        path.chmod(0o600)
        return
    raise UserError(f"Ray's token {path} can be read by others (mode {mode:o}): chmod 600 {path}")


def _mode(path: Path | None) -> int | None:
    """Return the permissions of a token's file; None if there is no file, or its folder cannot be read."""
    try:
        return stat.S_IMODE(path.stat().st_mode) if path else None
    except OSError:
        return None


def _make(path: Path | None) -> None:
    """Write a token to the path, or to the environment if the path cannot be written."""
    token = secrets.token_hex(32)
    try:
        if path is None:
            raise FileNotFoundError
        _write(path, token)
    except OSError:
        os.environ["RAY_AUTH_TOKEN"] = token


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
            opened.write(token)
        os.link(making, path)  # only one of several processes succeeds
    except FileExistsError:
        pass
    finally:
        making.unlink(missing_ok=True)
