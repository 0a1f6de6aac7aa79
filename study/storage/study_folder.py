"""A study's folder on disk: its lock, its immutable study.json, and the check that a resume is the same study."""

import contextlib
import functools
import getpass
import hashlib
import json
import os
import platform
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import filelock

from study.errors import Damaged, Locked, UserError
from study.storage import durable, reading, schema, study_schema
from study.storage.plain_values import plain
from study.storage.study_schema import StudyFile

NOTE_TRIES = 10
OWNER = 1000
"""Most bytes of the note that names a study's owner."""
PACKAGES = ("torch", "torchvision", "ray", "optuna", "numpy", "pandas", "timm")


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the study's lock; the system releases a dead owner's.

    Raises:
        Locked: another driver holds it.
        UserError: the folder cannot exist, or this user may not write it.
    """
    for path in (folder, *folder.parents):
        if path.is_symlink() and not path.exists():
            raise UserError(f"--out {path}: is a link to {path.readlink()}, which does not exist")
        if path.exists() and not path.is_dir():
            raise UserError(f"--out {path}: is a file; name a folder")
    owner = folder / ".owner"
    held = filelock.FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held.acquire(timeout=0)
    except PermissionError as error:
        raise UserError(f"--out {folder}: {error.filename} cannot be written by this user; name another") from error
    except filelock.Timeout:
        raise Locked(f"{folder} is in use by {_owner(owner) or 'another run'}") from None
    try:
        durable.replace(owner, who().encode())
        yield
    finally:
        with contextlib.suppress(OSError):  # the folder is gone, or this user may not write it any more
            owner.unlink()  # who comes next must not be taken for this process while it writes its own note
        held.release()


def who() -> str:
    """Name this process for messages in other processes: user, machine and process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, process {os.getpid()}"


def read_study(folder: Path) -> StudyFile:
    """Read study.json.

    Raises:
        Damaged: it is missing or not what was written.
    """
    path = folder / "study.json"
    try:
        study = reading.read_json(path)
    except FileNotFoundError:
        raise Damaged(f"{path}: is missing") from None
    if not isinstance(study, dict) or study.pop("sum", None) != _checksum(study):
        raise Damaged(f"{path}: is damaged (its checksum does not fit)")
    try:
        study_schema.check(study)
    except schema.Wrong as wrong:
        raise Damaged(f"{path}: {wrong}") from None
    return cast(StudyFile, study)


def begin(folder: Path, identity: Mapping[str, object], resume: bool) -> None:
    """Write study.json of a new study, or check that the folder holds the same study.

    Args:
        folder: the study's, locked.
        identity: what must be equal for a resume: space, cells, plan, data and code.
        resume: whether to resume an existing study.

    Raises:
        UserError: there is a study and `resume` is False, or no reader would accept this one's study.json.
        Damaged: the existing study is damaged, or another one.
    """
    if check_same(folder, identity, resume):
        return
    first = _first(folder)
    first.parent.mkdir(exist_ok=True)
    first.touch()  # before study.json: a study without a ledger is a damaged one
    origin = {"command": sys.orig_argv, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "host": _host()}
    durable.replace(folder / "study.json", _written({**identity, **plain(origin)}))


def _written(study: Mapping[str, object]) -> bytes:
    """Encode study.json so that a resume can read it.

    Raises:
        UserError: no reader would accept it: it is too large, or holds something that no file can.
    """
    try:
        content = json.dumps({**study, "sum": _checksum(study)}, indent=1, ensure_ascii=False).encode()
        if len(content) > reading.MOST:
            raise ValueError(f"it has {len(content):,} bytes; at most {reading.MOST:,} are read")
        study_schema.check(reading.parse(content))
    except ValueError as error:
        raise UserError(f"this study cannot be described in its study.json: {error}; make its space smaller") from None
    return content


def check_same(folder: Path, identity: Mapping[str, object], resume: bool) -> bool:
    """Whether the folder holds the same study already; False if it holds none.

    Raises:
        UserError, Damaged: as in `begin`.
    """
    check_free(folder, resume)
    if not _holds_study(folder):
        if "cells" in identity:
            _written(identity)
        return False
    if not _first(folder).exists():
        raise Damaged(f"{_first(folder)}: is missing, and {folder / 'study.json'} is there")
    refuse_change(read_study(folder), json.loads(json.dumps(identity)), folder)
    return True


def _first(folder: Path) -> Path:
    return folder / "ledger" / "000.jsonl"


def check_free(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds a study, unless it is to be resumed and its study.json is intact.

    Raises:
        UserError: there is one and `resume` is False.
        Damaged: its study.json is damaged or missing.
    """
    if _holds_study(folder) and not resume:
        raise UserError(f"{folder} holds a study already: add --resume to go on with it, or name another --out")
    if _holds_study(folder):
        read_study(folder)


def missing(folder: Path) -> list[Path]:
    """List the folders that a study must create: its own and those above it, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def leave_empty(folder: Path, new: Iterable[Path] = ()) -> None:
    """Delete the lock's files if no study was begun in the folder.

    Args:
        folder: the study's, locked.
        new: the folders that were created for it; they are deleted as well.
    """
    if not _holds_study(folder):
        for name in (".owner", ".lock"):
            (folder / name).unlink(missing_ok=True)
        for path in new:
            with contextlib.suppress(OSError):  # it is not empty
                path.rmdir()


def refuse_change(study: Mapping[str, Any], identity: Mapping[str, Any], folder: Path) -> None:
    """Refuse to mix two studies.

    Raises:
        Damaged: the study's identity has changed; the text lists each difference.
    """
    changes = list(_differences(study, _described_alike(study, identity), ""))
    if changes:
        raise Damaged(f"{folder} was made by another study, nothing was changed in it: " + "; ".join(changes))


def _described_alike(study: Mapping[str, Any], identity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Copy the study's names of data sources with equal pixels: the images' folder may have been renamed."""
    before, now = study.get("cells", []), identity.get("cells", [])
    if len(before) != len(now):
        return identity
    alike = [
        one | {"source": old["source"]} if "source" in old and one.get("data") == old.get("data") else one
        for old, one in zip(before, now, strict=True)
    ]
    return {**identity, "cells": alike}


@functools.cache
def code_fingerprint() -> str:
    """Hash this package's sources, so that results of different code are not mixed."""
    root = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def _holds_study(folder: Path) -> bool:
    written = any(path.is_file() and path.stat().st_size for path in (folder / "ledger").glob("*.jsonl"))
    return (folder / "study.json").exists() or written


def _differences(old: object, new: object, where: str) -> Iterator[str]:
    if isinstance(new, dict) and isinstance(old, dict):
        for key in dict.fromkeys([*new, *(old if where else ())]):  # study.json itself has keys beyond the identity
            yield from _differences(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    elif isinstance(new, list) and isinstance(old, list) and len(old) == len(new):
        for index, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, two, f"{where}[{index}]")
    elif old != new:
        yield f"{where} was {_short(old)}, is {_short(new)}"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _checksum(study: Mapping[str, object]) -> str:
    plain = json.loads(json.dumps(study))
    return hashlib.blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()


def versions() -> dict[str, str]:
    """Installed versions of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}


def _host() -> dict[str, str | int | None]:
    return {"name": socket.gethostname(), "cpus": os.cpu_count()} | versions()


def _owner(note: Path) -> str:
    """Read the note that names a study's owner; empty if that fails.

    Whoever takes the lock writes the note a moment later: until then it may name a process that has ended.
    """
    text = ""
    for _ in range(NOTE_TRIES):
        with contextlib.suppress(OSError, Damaged):
            text = reading.read_bytes(note, OWNER).decode(errors="replace")
        if text and not _has_ended(text):
            break
        time.sleep(0.1)
    return text


def _has_ended(owner: str) -> bool:
    """Whether a note names a process of this machine that is no more."""
    name, _, number = owner.partition(", process ")
    if not name.endswith(f"@{socket.gethostname()}") or not number.isdecimal() or len(number) > 9:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:  # another user's
        return False
    return False
