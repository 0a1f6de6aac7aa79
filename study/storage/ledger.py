"""A study's append-only ledger: checksummed JSON lines, fsynced before anything acts on them.

Knows nothing of what an event means; `search/state.py` folds them.
"""

import contextlib
import errno
import gc
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from study.errors import Damaged
from study.storage import durable, ledger_schema, reading
from study.storage.events import Event as Event
from study.storage.plain_values import LONGEST, plain
from study.storage.schema import Wrong
from study.storage.study_schema import StudyFile


class Unreadable(RuntimeError):
    """No reader would accept this event: a fault of the code that made it."""


_NAME = re.compile(r"[0-9]{3,}\.jsonl")
_scan = json.JSONDecoder(parse_constant=reading.constant).scan_once  # type: ignore[attr-defined]
SEAL = len(b'{"sum":"0123456789abcdef",')  # bytes before an event's own keys in its line


def read(folder: Path, study: StudyFile | None = None) -> Iterator[Event]:
    """Yield a ledger's events in order.

    The last line of each file is left out if it is torn: the driver was killed while it wrote.

    Args:
        folder: holds `000.jsonl`, `001.jsonl`, …, one for each run of the driver.
        study: study.json's content, to which cells and tuned values are compared; None skips that.

    Raises:
        Damaged: any other line fails its checksum or cannot follow the earlier ones, a sequence number or a file is
            missing, or there is a file that no driver wrote.
    """
    return Reader(folder, study).news()


def load(folder: Path, study: StudyFile | None = None) -> list[Event]:
    """Read a whole ledger; arguments and errors as in `read`.

    Garbage collection is off meanwhile: it would scan all events again and again, for 40 % of the time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        return list(read(folder, study))
    finally:
        if collected:
            gc.enable()


class Reader:
    """Reads a ledger that may still grow, each event once."""

    def __init__(self, folder: Path, study: StudyFile | None = None) -> None:
        """Begin at the ledger's start; arguments as in `read`."""
        self._folder, self._expected, self._history = folder, 0, ledger_schema.History(study)
        self._seen: dict[Path, tuple[int, int]] = {}  # bytes and lines of each file that have been read

    def news(self) -> Iterator[Event]:
        """Yield the events since the last call; a line that is still being written comes with a later call.

        Raises:
            Damaged: as `read`.
        """
        before = self._folder
        for path in _files(self._folder):
            for number, line in self._lines(path):
                body = _body(line.removesuffix(b"\n"))
                if body is None and not line.endswith(b"\n"):
                    break
                if body is None:
                    raise Damaged(f"{path}: line {number} is damaged (its checksum does not fit)")
                try:
                    event = _event(body)
                    self._refuse_gap(event["seq"], path, number, before)
                    self._history.add(event)
                except Wrong as wrong:
                    raise Damaged(f"{path}: line {number} {wrong}") from None
                self._expected += 1
                self._seen[path] = self._seen.get(path, (0, 0))[0] + len(line), number
                yield event
            before = path

    def _refuse_gap(self, sequence: int, path: Path, number: int, before: Path) -> None:
        if sequence == self._expected:
            return
        if number == 1:
            gap = f"ends before event {self._expected}, and {path.name} goes on with event {sequence}"
            raise Damaged(f"{before}: {gap}: lines are missing")
        raise Damaged(f"{path}: line {number} has sequence number {sequence}, expected {self._expected}")

    def _lines(self, path: Path) -> Iterator[tuple[int, bytes]]:
        """Yield a file's new lines with their numbers; never read more than the start of an overlong line."""
        start, number = self._seen.get(path, (0, 0))
        with reading.open_regular(path) as file:
            file.seek(start)
            if start and file.peek(1)[:1] == b"\n":  # the last line was read without its end
                self._seen[path] = start + len(file.read(1)), number
            lines = iter(partial(file.readline, reading.MOST + 1), b"")
            for count, line in enumerate(lines, start=number + 1):
                if len(line) > reading.MOST:
                    raise Damaged(f"{path}: line {count} is damaged (it has more than {reading.MOST:,} bytes)")
                yield count, line


def _files(folder: Path) -> list[Path]:
    """List a ledger's files in order; ignore hidden files, such as other programs' unfinished ones.

    Raises:
        Damaged: a file in the sequence is missing, or has a name that no driver writes, such as a conflict copy of a
            program that synchronizes folders.
    """
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise Damaged(f"{folder}: is no folder") from None
    for name in names:
        if "jsonl" in name.lower() and not _NAME.fullmatch(name):
            raise Damaged(f"{folder / name}: is no file of a ledger, whose files are 000.jsonl and so on: move it away")
    paths = sorted((folder / name for name in names if _NAME.fullmatch(name)), key=lambda path: int(path.stem))
    for number, path in enumerate(paths):
        if path.name != (name := f"{number:03d}.jsonl"):
            raise Damaged(f"{folder / name}: is missing")
        if path.is_symlink() and not path.exists():
            raise Damaged(f"{path}: is a link that leads nowhere")
    return paths


class Ledger:
    """The only writer of a study's ledger; each run of the driver appends to a new file.

    So a torn line of a killed run is never continued.
    """

    def __init__(self, folder: Path, sequence: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._sequence, self._size = sequence, 0
        self._file = (folder / f"{len(_files(folder)):03d}.jsonl").open("xb", buffering=0)
        durable.sync(folder)

    def append(self, event: Event) -> None:
        """Write an event and wait until it is on the disk.

        Raises:
            OSError: the disk fails.
            Unreadable: `read` would refuse the event; nothing is written.
        """
        body = _canonical({"seq": self._sequence, **event})
        _refuse_unreadable(body)
        line = _sealed(body) + body[1:] + b"\n"
        try:
            if self._file.write(line) != len(line):  # a disk that becomes full writes a part
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


def _refuse_unreadable(body: bytes) -> None:
    try:
        if len(body) + SEAL > reading.MOST:
            raise Wrong(f"has {len(body):,} bytes")
        _event(body)
    except Wrong as wrong:
        raise Unreadable(f"an event that nobody could read was not recorded: it {wrong}") from None


def _body(line: bytes) -> bytes | None:
    """Return the part of a line that its checksum covers, or None if the line is torn or damaged."""
    body = b"{" + line[SEAL:]
    return body if line.startswith(_sealed(body)) else None


def _event(body: bytes) -> Event:
    """Read an event.

    Raises:
        Wrong: no study writes such an event; the text says why.
    """
    event: Event
    try:
        text = body.decode()
        event, end = _scan(text, 0)
        texts = ledger_schema.check(event)
        if end == len(text) and text.count('"') == 2 * texts and "\\" not in text:
            return event  # no more quotes than its texts have: no key occurs twice
    except Wrong:
        raise
    except (RecursionError, StopIteration, ValueError):
        pass  # explained in a few words below
    try:
        event = reading.parse(body)
    except ValueError as error:
        raise Wrong(f"is damaged ({error})") from None
    ledger_schema.check(event)
    return event


def _sealed(body: bytes) -> bytes:
    """Return the start of an event's line, before its own keys."""
    return b'{"sum":"%s",' % _checksum(body)


def _canonical(event: Mapping[str, object]) -> bytes:
    """Encode an event; first replace values that JSON, UTF-8 or a reader refuses (`plain_values.py`)."""
    with contextlib.suppress(ValueError, TypeError):
        line = _dumped(event)
        if len(line) <= LONGEST and b"\\u0000" not in line:
            return line
    return _dumped(plain(event))


def _dumped(event: Mapping[str, object]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=8).hexdigest().encode()
