"""Keeps what is costly to make: an entry is a folder of files, made once, atomically, named after what it is made from.
Knows nothing of images, weights or what the files mean."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from study.errors import Damaged, UserError
from study.storage import durable, home, reading
from study.storage.schema import Kind, Table, mapping

MANIFEST = "manifest.json"
INSTEAD = "name a folder for them with STUDY_STORE=DIR"


_TABLE = Kind("a table", (dict,))
_FILES = mapping(Kind("a size and a checksum", (list,)))
_ENTRY = Table({"key": _TABLE, "meta": _TABLE, "files": _FILES}, {}, more=False)


class Entry(NamedTuple):
    """A whole entry."""

    path: Path
    meta: dict[str, Any]
    """What its maker returned."""
    files: dict[str, tuple[int, str]]
    """Size in bytes and checksum by file name."""


def root() -> Path:
    """Return the store's folder: $STUDY_STORE, else transfer-study in the user's cache folder.

    Raises:
        UserError: nothing is set, and the user has no home folder.
    """
    if (chosen := os.environ.get("STUDY_STORE")) and not chosen.startswith("~"):
        if "://" in chosen:
            raise UserError(f"STUDY_STORE={chosen}: is a URI, and files are mapped from there; name a folder")
        return Path(chosen).absolute()
    if chosen:
        home.folder(f"STUDY_STORE={chosen}", INSTEAD)
        return Path(chosen).expanduser().absolute()
    if (caches := os.environ.get("XDG_CACHE_HOME")) and Path(caches).is_absolute():  # others count for nothing
        return Path(caches) / "transfer-study"
    return home.folder("decoded images and weights", INSTEAD) / ".cache" / "transfer-study"


def check() -> None:
    """Refuse a store that this user may not write: that is no failure of a disk, as one that is read-only is.

    A user without a home folder gets one in the store.

    Raises:
        UserError: names the folder, and what to set.
    """
    place = root()
    home.stand_in(place / "home")
    if not os.access(home.folder("settings", INSTEAD), os.W_OK):
        os.environ.setdefault("MPLCONFIGDIR", str(place / "matplotlib"))  # which else says so, at length
    there = next(each for each in (place, *place.parents) if each.exists())
    if durable.read_only(there):
        return  # whoever writes there says so
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UserError(f"the store {place} cannot be written, since {there} cannot: {INSTEAD}")


def prefer(chosen: str | None) -> None:
    """Use a folder where this process has no $STUDY_STORE: of a node, what `ray start` was given counts first."""
    if chosen:
        os.environ.setdefault("STUDY_STORE", chosen)


def name(path: Path) -> str:
    """Write a path in a way that holds on machines whose store is elsewhere: `at` reads it."""
    return str(path.relative_to(root()) if path.is_relative_to(root()) else path)


def at(written: str) -> Path:
    """Give the path that `name` wrote, in the store of this machine where it is in the store."""
    return root() / written


def place(kind: str, key: dict[str, Any]) -> Path:
    """Give an entry's folder, be it there or not.

    Args:
        kind: the store's folder for such entries, say "data".
        key: what the entry is made from, JSON-able; its hash is the entry's address.
    """
    return root() / kind / checksum_of(json.dumps(key, sort_keys=True).encode())[:32]


def make_once(
    kind: str,
    key: dict[str, Any],
    make: Callable[[Path], dict[str, Any]],
    verified: bool = False,
    waits: Callable[[], None] | None = None,
) -> Entry:
    """Open an entry, making it first where it is missing or damaged; of several processes one makes it.

    Args:
        kind: the store's folder for such entries, say "data".
        key: what the entry is made from, JSON-able; its hash is the entry's address.
        make: fills the empty folder it is given with files and returns what should be remembered (JSON-able).
        verified: reads an entry that is there, and makes it anew where its content is not what was written
            (1.2 seconds a GB).
        waits: called every second while another process makes it; what it raises ends the waiting.

    Returns:
        The entry.

    Raises:
        Exception: whatever `make` raised; nothing is kept then.
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
    """Hold a lock; who waits for it may be called meanwhile."""
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


def open_entry(path: Path, names: Iterable[str] | None = None) -> Entry:
    """Open an entry after a cheap check: a file's size.

    Args:
        path: the entry's folder.
        names: the files to check; None checks all. The others are not touched.

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


def verify(entry: Entry) -> list[str]:
    """Read every file of an entry and return the names of those whose content is not what was written."""
    return [name for name, (_, written) in entry.files.items() if not _is(entry.path / name, written)]


def touch(entry: Entry) -> None:
    """Note that an entry was used now."""
    with contextlib.suppress(OSError):  # evicted meanwhile: who has it open keeps it
        os.utime(entry.path / MANIFEST)


def evict(kind: str, budget: int) -> None:
    """Remove the entries of a kind that were not used for longest, until the rest has at most `budget` bytes.

    Who has a removed entry open keeps it: the system frees its space when the last one lets go.
    """
    found = []
    for manifest in (root() / kind).glob(f"*/{MANIFEST}"):
        with contextlib.suppress(OSError, ValueError, Damaged):
            size = sum(size for size, _ in _read(manifest.parent).files.values())
            found.append((manifest.stat().st_mtime, manifest.parent, size))
    used = sum(size for *_, size in found)
    for _, path, size in sorted(found):
        if used <= budget:
            return
        gone = path.with_name(f"{path.name}.gone-{os.getpid()}")
        with contextlib.suppress(OSError):  # another process was faster
            path.rename(gone)  # at once: no one finds half of it
            shutil.rmtree(gone, ignore_errors=True)
        used -= size


def checksum_of(data: bytes) -> str:
    """Return the hexadecimal BLAKE2b-256 of some bytes."""
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def whole(path: Path, verified: bool = False) -> Entry | None:
    """Open an entry's folder; None where it is missing or damaged."""
    try:
        entry = open_entry(path)
    except Damaged:
        return None
    return None if verified and verify(entry) else entry


def _read(path: Path) -> Entry:
    """Read the manifest.

    Raises:
        ValueError: it is not what was written.
        OSError: it cannot be read.
    """
    manifest = reading.parse(reading.read_bytes(path / MANIFEST))
    if not isinstance(manifest, dict) or manifest.pop("sum", None) != _sum(manifest):
        raise ValueError(f"{MANIFEST} is damaged")
    _ENTRY.check(manifest)
    for pair in manifest["files"].values():
        if [type(each) for each in pair] != [int, str]:
            raise ValueError(f"{MANIFEST} is damaged")
    return Entry(path, manifest["meta"], {name: tuple(pair) for name, pair in manifest["files"].items()})


def _sum(manifest: dict[str, Any]) -> str:
    return checksum_of(json.dumps(manifest, sort_keys=True).encode())


def _make(path: Path, key: dict[str, Any], make: Callable[[Path], dict[str, Any]]) -> None:
    """Fill a temporary neighbour, flush it to the disk, and only then give it its name; the caller holds the lock."""
    unfinished = path.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)  # left by a maker that was killed: the lock says it is gone
    unfinished.mkdir()
    try:
        with durable.written(path.parent):
            publish(unfinished, path, key, make(unfinished))
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def publish(unfinished: Path, path: Path, key: dict[str, Any], meta: dict[str, Any]) -> None:
    """Describe a folder's files, flush them to the disk, and give the folder its name."""
    files = {file.name: (file.stat().st_size, _checksum(file)) for file in sorted(unfinished.iterdir())}
    manifest = json.loads(json.dumps({"key": key, "meta": meta, "files": files}))  # as it will be read
    (unfinished / MANIFEST).write_text(json.dumps(manifest | {"sum": _sum(manifest)}, indent=1), encoding="utf-8")
    for each in (*unfinished.iterdir(), unfinished):
        durable.sync(each)
    shutil.rmtree(path, ignore_errors=True)  # a damaged entry; who has it mapped keeps what it mapped
    unfinished.rename(path)
    durable.sync(path.parent)


def _check_size(file: Path, size: int) -> None:
    try:
        found = file.stat().st_size
    except OSError as error:
        raise Damaged(f"{file} cannot be read ({error.strerror}); start the study again to make it anew") from error
    if found != size:
        raise Damaged(f"{file} has {found} bytes instead of {size}; start the study again to make it anew")


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def _is(file: Path, written: str) -> bool:
    try:
        return _checksum(file) == written
    except OSError:  # a bad block, say
        return False
