"""Stores what is costly to make: an entry is a folder of files, made once and atomically, addressed by its inputs.

Knows nothing of images, weights or what the files mean.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from filelock import FileLock, Timeout

from study.errors import Damaged, UserError
from study.storage import durable, home, reading
from study.storage.schema import Kind, Table, mapping

MANIFEST = "manifest.json"
INSTEAD = "name a folder for them with STUDY_STORE=DIR"


_TABLE = Kind("a table", (dict,))
_FILES = mapping(Kind("a size and a checksum", (list,)))
_ENTRY = Table({"key": _TABLE, "meta": _TABLE, "files": _FILES}, {}, more=False)


Meta = TypeVar("Meta", bound=Mapping[str, object])
"""What an entry says of itself, as JSON types."""


class Entry(NamedTuple, Generic[Meta]):
    """An intact entry."""

    path: Path
    meta: Meta
    """What the function that made it returned."""
    files: dict[str, tuple[int, str]]
    """Size in bytes and checksum by file name."""


def root() -> Path:
    """Return the store's folder: $STUDY_STORE, or else transfer-study in the user's cache folder.

    Raises:
        UserError: no variable is set, and the user has no home folder.
    """
    if (chosen := os.environ.get("STUDY_STORE")) and not chosen.startswith("~"):
        if "://" in chosen:
            raise UserError(f"STUDY_STORE={chosen}: is a URI, and files are mapped from there; name a folder")
        return Path(chosen).absolute()
    if chosen:
        home.folder(f"STUDY_STORE={chosen}", INSTEAD)
        return Path(chosen).expanduser().absolute()
    if (caches := os.environ.get("XDG_CACHE_HOME")) and Path(caches).is_absolute():  # relative paths are invalid
        return Path(caches) / "transfer-study"
    return home.folder("decoded images and weights", INSTEAD) / ".cache" / "transfer-study"


def check() -> None:
    """Refuse a store that this user may not write; a read-only disk passes, since it is a disk failure.

    A user without a home folder gets one in the store.

    Raises:
        UserError: names the folder, and the variable to set.
    """
    place = root()
    home.stand_in(place / "home")
    if not os.access(home.folder("settings", INSTEAD), os.W_OK):
        os.environ.setdefault("MPLCONFIGDIR", str(place / "matplotlib"))  # else it prints long warnings
    existing = next(path for path in (place, *place.parents) if path.exists())
    if durable.read_only(existing):
        return  # the first write raises the error
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"the store {place} cannot be written, since {existing} cannot: {INSTEAD}")


def prefer(chosen: str | None) -> None:
    """Use a folder unless this process has $STUDY_STORE: on a node, the environment of `ray start` takes precedence."""
    if chosen:
        os.environ.setdefault("STUDY_STORE", chosen)


def name(path: Path) -> str:
    """Write a path so that it is valid on machines whose store is elsewhere; `at` reads it."""
    return str(path.relative_to(root()) if path.is_relative_to(root()) else path)


def at(written: str) -> Path:
    """Return the path that `name` wrote; a path inside the store is one inside this machine's store."""
    return root() / written


def place(kind: str, key: Mapping[str, object]) -> Path:
    """Return an entry's folder, whether or not it exists.

    Args:
        kind: the store's folder for such entries, e.g. "data".
        key: what the entry is made from, as JSON types; its hash is the entry's address.
    """
    return root() / kind / checksum_of(json.dumps(key, sort_keys=True).encode())[:32]


def make_once(
    kind: str,
    key: Mapping[str, object],
    make: Callable[[Path], Meta],
    verified: bool = False,
    waits: Callable[[], None] | None = None,
) -> Entry[Meta]:
    """Open an entry; first make it if it is missing or damaged. If several processes want it, one makes it.

    Args:
        kind: the store's folder for such entries, e.g. "data".
        key: what the entry is made from, as JSON types; its hash is the entry's address.
        make: writes files into an empty folder and returns the entry's `meta`, as JSON types.
        verified: reads an existing entry, and makes it again if its content does not fit its checksums (1.2 seconds
            per GB).
        waits: called every second while another process makes the entry; an exception ends the wait.

    Returns:
        The entry.

    Raises:
        Exception: whatever `make` raised; nothing is stored then.
    """
    path = place(kind, key)
    if (entry := whole(path, verified)) is not None:
        return entry
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock"), waits):
        if (entry := whole(path, verified)) is None:
            _make(path, key, make)
            entry = open_entry(path)
    return entry


@contextlib.contextmanager
def _locked(file: Path, waits: Callable[[], None] | None) -> Iterator[None]:
    """Hold a lock; call `waits` every second until it is free."""
    lock = FileLock(file)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=-1 if waits is None else 1.0)
        except Timeout:
            assert waits is not None
            waits()
    try:
        yield
    finally:
        lock.release()


def open_entry(path: Path, names: Iterable[str] | None = None) -> Entry[Any]:
    """Open an entry after a cheap check of its files' sizes.

    Args:
        path: the entry's folder.
        names: the files to check; None checks all.

    Returns:
        The entry.

    Raises:
        Damaged: the entry or one of the files is missing or has another size.
    """
    try:
        entry = _read(path)
    except (OSError, ValueError, Damaged) as error:
        raise Damaged(f"no whole store entry in {path} ({error}); start the study again to make it anew") from error
    for name in entry.files if names is None else names:
        _check_size(path / name, entry.files[name][0])
    return entry


def verify(entry: Entry[Any]) -> list[str]:
    """Read every file of an entry; return the names of those whose checksum does not fit."""
    return [name for name, (_, written) in entry.files.items() if not _is(entry.path / name, written)]


def touch(entry: Entry[Any]) -> None:
    """Mark an entry as used now."""
    with contextlib.suppress(OSError):  # it was evicted meanwhile; open files stay readable
        os.utime(entry.path / MANIFEST)


def evict(kind: str, budget: int) -> None:
    """Delete the least recently used entries of a kind until the rest has at most `budget` bytes.

    Processes that have a deleted entry open can still read it; its space becomes free when the last one closes it.
    """
    entries = []
    for manifest in (root() / kind).glob(f"*/{MANIFEST}"):
        with contextlib.suppress(OSError, ValueError, Damaged):
            size = sum(size for size, _ in _read(manifest.parent).files.values())
            entries.append((manifest.stat().st_mtime, manifest.parent, size))
    used = sum(size for *_, size in entries)
    for _, path, size in sorted(entries):
        if used <= budget:
            return
        gone = path.with_name(f"{path.name}.gone-{os.getpid()}")
        with contextlib.suppress(OSError):  # another process was faster
            path.rename(gone)  # atomic: no process sees half an entry
            shutil.rmtree(gone, ignore_errors=True)
        used -= size


def checksum_of(data: bytes | memoryview) -> str:
    """Return the BLAKE2b-256 of some bytes, in hexadecimal."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def whole(path: Path, verified: bool = False) -> Entry[Any] | None:
    """Open an entry's folder; None if it is missing or damaged."""
    try:
        entry = open_entry(path)
    except Damaged:
        return None
    return None if verified and verify(entry) else entry


def _read(path: Path) -> Entry[Any]:
    """Read the manifest.

    Raises:
        ValueError: its checksum does not fit.
        OSError: it cannot be read.
    """
    manifest = reading.parse(reading.read_bytes(path / MANIFEST))
    if not isinstance(manifest, dict) or manifest.pop("sum", None) != _sum(manifest):
        raise ValueError(f"{MANIFEST} is damaged")
    _ENTRY.check(manifest)
    for pair in manifest["files"].values():
        if [type(part) for part in pair] != [int, str]:
            raise ValueError(f"{MANIFEST} is damaged")
    return Entry(path, manifest["meta"], {name: tuple(pair) for name, pair in manifest["files"].items()})


def _sum(manifest: Mapping[str, object]) -> str:
    return checksum_of(json.dumps(manifest, sort_keys=True).encode())


def _make(path: Path, key: Mapping[str, object], make: Callable[[Path], Mapping[str, object]]) -> None:
    """Fill a temporary folder, flush it to the disk, and then rename it; the caller holds the lock."""
    unfinished = path.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a killed process: nobody else has the lock
    unfinished.mkdir()
    try:
        with durable.written(path.parent):
            publish(unfinished, path, key, make(unfinished))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def publish(unfinished: Path, path: Path, key: Mapping[str, object], meta: Mapping[str, object]) -> None:
    """Write a folder's manifest, flush its files to the disk, and rename it to the entry."""
    files = {file.name: (file.stat().st_size, _checksum(file)) for file in sorted(unfinished.iterdir())}
    manifest = json.loads(json.dumps({"key": key, "meta": meta, "files": files}))  # as it will be read
    (unfinished / MANIFEST).write_text(json.dumps(manifest | {"sum": _sum(manifest)}, indent=1), encoding="utf-8")
    for made in (*unfinished.iterdir(), unfinished):
        durable.sync(made)
    shutil.rmtree(path, ignore_errors=True)  # a damaged entry; processes that mapped it can still read it
    unfinished.rename(path)
    durable.sync(path.parent)


def _check_size(file: Path, size: int) -> None:
    try:
        actual = file.stat().st_size
    except OSError as error:
        raise Damaged(f"{file} cannot be read ({error.strerror}); start the study again to make it anew") from error
    if actual != size:
        raise Damaged(f"{file} has {actual} bytes instead of {size}; start the study again to make it anew")


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def _is(file: Path, written: str) -> bool:
    try:
        return _checksum(file) == written
    except OSError:  # e.g. a bad block
        return False
