"""Fetches a task's official archives: checksummed, resumed after a break, one process at a time, all or nothing.

Knows nothing of what the archives hold; a task lists them in `ARCHIVES`.
"""

import hashlib
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

import filelock

from study.data import tasks
from study.data.types import Archive
from study.errors import UserError
from study.storage import durable

CHUNK = 1 << 20
TRIES = 3


def fetch(task: str, folder: Path, say: Callable[[str], None]) -> None:
    """Bring a task's data set into a folder; what is there already is not fetched again.

    Args:
        task: a module of `study.data.tasks` with `ARCHIVES`.
        folder: made if need be.
        say: gets a line for each archive.

    Raises:
        UserError: the task has no download, the server does not answer, or a file is not what was published.
        OSError: the disk is full, read-only or broken; what was fetched stays, and a later run continues it.
    """
    archives: tuple[Archive, ...] = getattr(tasks.load(task), "ARCHIVES", ())
    if not archives:
        raise UserError(f"--download: task {task!r} has no archives to fetch; give its data with --data DIR")
    folder.mkdir(parents=True, exist_ok=True)
    with durable.written(folder), filelock.FileLock(folder / ".download.lock"):
        for archive in archives:
            if not (folder / archive.provides).exists():
                say(f"fetching {archive.url}")
                _unpack(_fetched(archive, folder), archive, folder)


def _fetched(archive: Archive, folder: Path) -> Path:
    part = folder / (archive.url.rsplit("/", 1)[-1] + ".part")
    for attempt in range(1, TRIES + 1):
        try:
            _continue(archive.url, part)
            break
        except OSError as error:  # URLError and timeouts are OSErrors
            if durable.is_fault(error):
                raise
            if attempt == TRIES:
                raise UserError(f"--download: {archive.url} does not answer ({error}); run again to go on") from error
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != archive.md5:
        part.unlink()
        raise UserError(f"--download: {archive.url} has checksum {found}, published is {archive.md5}; it was dropped")
    return part


def _continue(url: str, part: Path) -> None:
    """Fetch what is missing of a file; a server that cannot continue sends it all again."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise
    with answer, durable.written(part.parent), part.open("ab" if answer.status == 206 else "wb") as file:
        shutil.copyfileobj(answer, file, CHUNK)
        if answer.length:  # urllib reads a broken-off body without an error
            raise ConnectionError(f"the connection broke off, {answer.length} bytes are missing")


def _unpack(part: Path, archive: Archive, folder: Path) -> None:
    """Unpack beside the data and rename."""
    making = folder / ".unpack"
    shutil.rmtree(making, ignore_errors=True)  # left by who was killed: the lock says that it is gone
    try:
        _extract(part, archive.url, making)
        wanted, target = making / (archive.inside or archive.provides), folder / archive.provides
        if not wanted.exists():
            raise UserError(f"--download: {archive.url} has no {wanted.relative_to(making)} in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted.rename(target)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        part.unlink()
        raise UserError(f"--download: {archive.url} cannot be unpacked ({error}); it was dropped") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    part.unlink()


def _extract(part: Path, url: str, making: Path) -> None:
    """Unpack a zip file, or a tar file; zipfile keeps members inside the folder, tarfile refuses those outside it."""
    if url.endswith(".zip"):
        with zipfile.ZipFile(part) as opened:
            opened.extractall(making)
    else:
        with tarfile.open(part) as archive:
            archive.extractall(making, filter="data")
