"""The append-only truth of a study: checksummed JSON lines, fsynced before anybody acts on them.

Knows nothing of what an event means; `state.py` folds them.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from study import disk

Event = dict[str, Any]
SEAL = len(b'{"sum":"0123456789abcdef",')  # bytes before an event's own keys in its line


class Damaged(Exception):
    """A file of the study is not what was written: its text names the file and what is wrong; the exit code is 4."""


def read(folder: Path) -> Iterator[Event]:
    """Yield a ledger's events in order.

    The last line of each file may be torn (the driver was killed in mid-write) and is then left out.

    Args:
        folder: holds `000.jsonl`, `001.jsonl`, …, one a driver's run.

    Raises:
        Damaged: any other line fails its checksum, or a number of the sequence is missing.
    """
    expected = 0
    for path in sorted(folder.glob("*.jsonl")):
        *whole, last = path.read_bytes().split(b"\n")
        lines = [*whole, last] if last else whole
        for number, line in enumerate(lines, start=1):
            event = _parse(line)
            if event is None and number == len(lines) and last:
                break
            if event is None:
                raise Damaged(f"{path}: line {number} is damaged (its checksum does not fit)")
            if event["seq"] != expected:
                raise Damaged(f"{path}: line {number} has sequence number {event['seq']}, expected {expected}")
            expected += 1
            yield event


class Ledger:
    """The one writer of a study's ledger; each run of the driver appends to a file of its own.

    A file of one's own means that a torn line of a killed run is never continued.
    """

    def __init__(self, folder: Path, sequence: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sequence = sequence
        self._file = (folder / f"{len(list(folder.glob('*.jsonl'))):03d}.jsonl").open("xb", buffering=0)
        disk.sync(folder)

    def append(self, event: Event) -> None:
        """Write an event and wait until it is on the disk.

        Raises:
            OSError: the storage refuses.
        """
        body = _canonical({"seq": self._sequence, **event})
        self._file.write(_sealed(body) + body[1:] + b"\n")
        os.fsync(self._file.fileno())
        self._sequence += 1

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
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8).hexdigest().encode()
