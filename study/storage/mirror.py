"""A study's results at a URI: copied there while it runs, fetched from there when another machine resumes it.

The study works in a local folder, because object storage can neither append nor lock. Knows no trial's content.
"""

import contextlib
import json
import shutil
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NotRequired, TypedDict

from study.errors import Damaged, Locked, UserError
from study.storage import ledger, reading, remote, store
from study.storage.schema import TEXT, Table, number, optional
from study.storage.study_folder import who

OWNER = ".owner"
BEAT = 60.0
"""Seconds between two of the owner's notes that it is alive."""
SILENCE = 5 * BEAT
"""Seconds without a note after which another machine may take the study over."""
OWN = ("tune", "checkpoints")
"""Folders that are not copied: `tune` is never read, and workers copy `checkpoints` themselves."""
_NOTE = Table({}, {"who": TEXT, "host": optional(TEXT), "at": number(0, 2.5e11)})
"""An owner's note; keys that it lacks have the values of nobody's."""
FIRST = ("study.json", "ledger")
"""Copied first: a table must not hold more than the ledger beside it."""


class _OwnerNote(TypedDict):
    """What an owner writes about itself."""

    who: str
    host: str | None
    at: float
    run: NotRequired[str]
    """Identifies the process's run; older notes have none."""


class Mirror:
    """Keeps the files at a URI equal to a study's folder."""

    def __init__(self, uri: str, folder: Path) -> None:
        """Store both; nothing is read yet."""
        self.uri, self._folder, self._remote = uri, folder, remote.opened(uri)
        self._known: dict[str, tuple[int, int]] = {}
        self._beat, self._run = (float("-inf"), float("-inf")), uuid.uuid4().hex

    def begin(self, resume: bool) -> None:
        """Take the study over, and fetch the files that the local folder lacks.

        Raises:
            OSError: the storage fails.
            UserError: there is a study at the URI, and `resume` is False.
            Locked: another machine runs it.
            Damaged: the local study and the one at the URI have diverged.
        """
        exists = self._remote.read("study.json") is not None
        if not exists and not resume and (self._folder / "study.json").exists():
            leftover = f"a study of {self.uri} is left here, in {self._folder}"
            raise UserError(f"{leftover}: add --resume to go on with it, delete that folder, or name another --out")
        if exists and not resume:
            raise UserError(f"{self.uri} holds a study already: add --resume to go on with it, or name another --out")
        self._refuse_owned()
        self._own()
        if exists:
            self._fetch()

    def beat(self) -> None:
        """Write a note, once a minute, that this process owns the study; if one fails, the next makes up for it.

        This does not protect against two owners that begin in the same second: object storage has no locks.

        Raises:
            Locked: another machine has taken the study over, because this process was silent for too long.
        """
        now = time.monotonic(), time.time()  # the first clock may stop while the machine sleeps
        if any(abs(late - early) >= BEAT for early, late in zip(self._beat, now, strict=True)):
            self._beat = now
            with contextlib.suppress(OSError):
                self._refuse_taken()
                self._own()

    def push(self) -> None:
        """Copy the files that have changed.

        Raises:
            OSError: the storage fails.
            Locked: as in `beat`.
        """
        for name in self._files():
            status = (self._folder / name).stat()
            stamp = (status.st_size, status.st_mtime_ns)
            if self._known.get(name) != stamp:
                self._refuse_taken()
                self._remote.put(self._folder / name, name)
                self._known[name] = stamp

    def drop(self, name: str) -> None:
        """Delete a file or folder at the URI; if that fails, it stays.

        Raises:
            Locked: as in `beat`.
        """
        with contextlib.suppress(OSError):
            self._refuse_taken()
            self._remote.drop(name)

    def end(self, copied: bool = True) -> None:
        """Copy the rest, unless the study was refused, and release the study."""
        if copied and (self._folder / "study.json").exists():
            self.push()
        self.drop(OWNER)

    def _own(self) -> None:
        note: _OwnerNote = {"who": who(), "host": socket.gethostname(), "at": time.time(), "run": self._run}
        self._remote.write(OWNER, json.dumps(note).encode())

    def _files(self) -> list[str]:
        files = [path.relative_to(self._folder) for path in self._folder.rglob("*") if path.is_file()]
        copied = [path for path in files if path.parts[0] not in OWN and not any(part[0] == "." for part in path.parts)]
        return [str(path) for path in sorted(copied, key=lambda path: (path.parts[0] not in FIRST, path))]

    def _refuse_owned(self) -> None:
        owner = _note(self._remote.read(OWNER, most=reading.MOST))
        silent = time.time() - owner["at"]
        elsewhere = owner["host"] not in (None, socket.gethostname())  # on this machine the folder's lock is enough
        if elsewhere and silent < SILENCE:
            use = f"{self.uri} is in use by {owner['who']}, heard of {silent:.0f} s ago"
            raise Locked(f"{use}; if that has ended, wait {SILENCE - silent:.0f} s or delete {self.uri}/{OWNER}")

    def _refuse_taken(self) -> None:
        owner = _note(self._remote.read(OWNER))
        if owner["host"] is not None and owner.get("run") != self._run:
            left = f"this run ends, and what it had not copied yet is left in {self._folder}"
            raise Locked(f"{self.uri} was taken over by {owner['who']} while this run was silent: {left}")

    def _fetch(self) -> None:
        """Fetch the study if the local one is behind."""
        fetched = self._folder / ".fetched"
        shutil.rmtree(fetched, ignore_errors=True)
        for name in self._remote.names("ledger"):
            self._remote.fetch(name, fetched / name)
        try:
            theirs = ledger.load(fetched / "ledger")
        except Damaged as error:
            raise Damaged(str(error).replace(str(fetched), self.uri)) from None
        ours = ledger.load(self._folder / "ledger")
        common = min(len(theirs), len(ours))
        if theirs[:common] != ours[:common]:
            raise Damaged(f"{self.uri} and {self._folder} went on apart from each other: delete the one that is wrong")
        if len(theirs) > len(ours) or not (self._folder / "study.json").exists():
            shutil.rmtree(self._folder / "ledger", ignore_errors=True)
            known = {event["trial"] for event in theirs}
            for name in self._remote.names():
                first, second = [*name.split("/"), ""][:2]
                if first == "models" and second not in known:  # a node copied it there; the end of the ledger was lost
                    self.drop(name)
                elif first != "checkpoints" and not name.startswith("."):
                    self._remote.fetch(name, self._folder / name)
        shutil.rmtree(fetched, ignore_errors=True)


@contextlib.contextmanager
def mirrored(folder: Path, out: object, resume: bool) -> Iterator[Mirror | None]:
    """Yield the mirror of a study whose results go to a URI; None if they stay in its folder.

    Raises:
        UserError, Locked, Damaged: as in `Mirror.begin`.
    """
    if not isinstance(out, str):
        yield None
        return
    mirror = Mirror(out, folder)
    mirror.begin(resume)
    copied = True
    try:
        yield mirror
    except (UserError, Damaged, Locked):
        copied = False
        raise
    finally:
        mirror.end(copied)


def _note(content: bytes | None) -> _OwnerNote:
    """Read an owner's note; a missing or damaged one is nobody's."""
    nobody: _OwnerNote = {"who": "nobody", "host": None, "at": 0.0}
    try:
        note = reading.parse(content or b"{}")
        _NOTE.check(note)
    except ValueError:
        return nobody
    return {**nobody, **note}


def workplace(uri: str) -> Path:
    """Return the local folder of a study whose results go to a URI."""
    return store.root() / "results" / store.checksum_of(uri.rstrip("/").encode())[:16]
