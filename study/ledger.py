"""The append-only truth of a study: checksummed JSON lines, fsynced before anybody acts on them.

Knows nothing of what an event means; `state.py` folds them.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from study import disk
from study.errors import Damaged
from study.plain import LONGEST, plain

Event = dict[str, Any]
NAME = re.compile(r"[\w-]+")
"""A trial's."""
SEAL = len(b'{"sum":"0123456789abcdef",')  # bytes before an event's own keys in its line


def read(folder: Path) -> Iterator[Event]:
    """Yield a ledger's events in order.

    The last line of each file may be torn (the driver was killed in mid-write) and is then left out.

    Args:
        folder: holds `000.jsonl`, `001.jsonl`, …, one a driver's run.

    Raises:
        Damaged: any other line fails its checksum, a number of the sequence or a file is missing, or a trial has a name
            that none gets.
    """
    return Reader(folder).news()


class Reader:
    """Reads a ledger that may still grow, each event once."""

    def __init__(self, folder: Path) -> None:
        """Begin at the ledger's start; `folder` as of `read`."""
        self._folder, self._expected = folder, 0
        self._seen: dict[Path, tuple[int, int]] = {}  # bytes and lines of each file that have been read

    def news(self) -> Iterator[Event]:
        """Yield the events that came since the last call; a line that is still being written is one of the next call's.

        Raises:
            Damaged: as `read`.
        """
        before = self._folder
        for path in _files(self._folder):
            for number, line in self._lines(path):
                event = _parse(line.removesuffix(b"\n"))
                if event is None and not line.endswith(b"\n"):
                    break
                if event is None:
                    raise Damaged(f"{path}: line {number} is damaged (its checksum does not fit)")
                if event["seq"] != self._expected:
                    if number == 1:
                        told = f"ends before event {self._expected}, and {path.name} goes on with event {event['seq']}"
                        raise Damaged(f"{before}: {told}: lines are missing")
                    found = f"has sequence number {event['seq']}, expected {self._expected}"
                    raise Damaged(f"{path}: line {number} {found}")
                for name in (event.get("trial", "x"), *event.get("trials", ())):
                    if not NAME.fullmatch(str(name)):  # it becomes the name of a folder
                        raise Damaged(f"{path}: line {number} has {name!r} for the name of a trial")
                self._expected += 1
                self._seen[path] = self._seen.get(path, (0, 0))[0] + len(line), number
                yield event
            before = path

    def _lines(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Give the lines of a file that are new, with their numbers."""
        start, number = self._seen.get(path, (0, 0))
        with path.open("rb") as file:
            file.seek(start)
            if start and file.peek(1)[:1] == b"\n":  # the last line had come without its end
                self._seen[path] = start + len(file.read(1)), number
            yield from enumerate(file, start=number + 1)


def _files(folder: Path) -> list[Path]:
    """Give a ledger's files in order.

    Raises:
        Damaged: one between others is missing.
    """
    found = sorted(folder.glob("[0-9]*.jsonl"), key=lambda path: int(path.stem))
    for number, path in enumerate(found):
        if path.name != (name := f"{number:03d}.jsonl"):
            raise Damaged(f"{folder / name}: is missing")
    return found


class Ledger:
    """The one writer of a study's ledger; each run of the driver appends to a file of its own.

    A file of one's own means that a torn line of a killed run is never continued.
    """

    def __init__(self, folder: Path, sequence: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sequence, self._size = sequence, 0
        self._file = (folder / f"{len(list(folder.glob('*.jsonl'))):03d}.jsonl").open("xb", buffering=0)
        disk.sync(folder)

    def append(self, event: Event) -> None:
        """Write an event and wait until it is on the disk.

        Raises:
            OSError: the storage refuses.
        """
        body = _canonical({"seq": self._sequence, **event})
        line = _sealed(body) + body[1:] + b"\n"
        try:
            if self._file.write(line) != len(line):  # a disk that gets full takes a part
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)  # no later line may follow half of this one
                self._file.seek(self._size)
            raise
        self._sequence, self._size = self._sequence + 1, self._size + len(line)

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _parse(line: bytes) -> Event | None:
    """Give the line's event, or None where it is torn or damaged: the bytes behind the checksum are what was summed."""
    body = b"{" + line[SEAL:]
    return json.loads(body) if line.startswith(_sealed(body)) else None


def _sealed(body: bytes) -> bytes:
    """Give what stands before an event's own keys in its line."""
    return b'{"sum":"%s",' % _checksum(body)


def _canonical(event: Event) -> bytes:
    """Write an event; what JSON, UTF-8 or a reader cannot take is made plain first (`plain.py`)."""
    with contextlib.suppress(ValueError, TypeError):
        line = _dumped(event)
        if len(line) <= LONGEST and b"\\u0000" not in line:
            return line
    return _dumped(plain(event))


def _dumped(event: Event) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8).hexdigest().encode()
