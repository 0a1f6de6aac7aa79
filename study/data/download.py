"""Downloads a task's official archives: checksummed, resumable, one process at a time, all or nothing.

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
    """Download a task's data set into a folder. Parts that are there already are not downloaded again.

    Args:
        task: a module of `study.data.tasks` with `ARCHIVES`.
        folder: created if missing.
        say: called with a line for each archive.

    Raises:
        UserError: the task has no download, the server does not answer, or a file's checksum is not the published one.
        OSError: the disk is full, read-only or broken. The partial download stays, and a later run resumes it.
    """
    archives: tuple[Archive, ...] = getattr(tasks.load(task), "ARCHIVES", ())
    if not archives:
        raise UserError(f"--download: task {task!r} has no archives to fetch; give its data with --data DIR")
    folder.mkdir(parents=True, exist_ok=True)
    with durable.written(folder), filelock.FileLock(folder / ".download.lock"):
        for archive in archives:
            if not (folder / archive.provides).exists():
                say(f"fetching {archive.url}")
                _unpack(_download(archive, folder), archive, folder)


def _download(archive: Archive, folder: Path) -> Path:
    """Download an archive, and check it; returns its file."""
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
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    if md5 != archive.md5:
        part.unlink()
        raise UserError(f"--download: {archive.url} has checksum {md5}, published is {archive.md5}; it was dropped")
    return part


def _continue(url: str, part: Path) -> None:
    """Download the missing bytes of a file; a server that cannot resume sends the whole file again."""
    size = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={size}-"} if size else {})
    try:
        response = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is missing
            return
        raise
    with response, durable.written(part.parent), part.open("ab" if response.status == 206 else "wb") as file:
        shutil.copyfileobj(response, file, CHUNK)
        if response.length:  # urllib reports no error for a body that breaks off
            raise ConnectionError(f"the connection broke off, {response.length} bytes are missing")


def _unpack(part: Path, archive: Archive, folder: Path) -> None:
    """Unpack into a folder beside the data, then rename."""
    unpacked = folder / ".unpack"
    shutil.rmtree(unpacked, ignore_errors=True)  # of a process that was killed; this one holds the lock
    try:
        _extract(part, archive.url, unpacked)
        wanted, target = unpacked / (archive.inside or archive.provides), folder / archive.provides
        if not wanted.exists():
            raise UserError(f"--download: {archive.url} has no {wanted.relative_to(unpacked)} in it")
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted.rename(target)
    except (zipfile.BadZipFile, tarfile.TarError) as error:
        part.unlink()
        raise UserError(f"--download: {archive.url} cannot be unpacked ({error}); it was dropped") from error
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    part.unlink()


def _extract(part: Path, url: str, target: Path) -> None:
    """Unpack a zip or tar file. zipfile writes every member inside the folder; tarfile refuses members outside it."""
    if url.endswith(".zip"):
        with zipfile.ZipFile(part) as opened:
            opened.extractall(target)
    else:
        with tarfile.open(part) as archive:
            archive.extractall(target, filter="data")
