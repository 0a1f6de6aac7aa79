"""Makes what was written outlast a crash. Knows nothing of what the files hold."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL, _BARRED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}, {errno.EACCES, errno.EPERM, errno.EIO}
FAULTS = _FULL | _BARRED
"""What a disk answers that is full, read-only or broken; no network answers so."""


def is_fault(error: BaseException) -> bool:
    """Whether an error is of a disk of this machine."""
    return isinstance(error, OSError) and error.errno in FAULTS


def read_only(path: Path) -> bool:
    """Whether the file system of a path is mounted so that nobody can write there."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


@contextmanager
def written(folder: str | Path) -> Iterator[None]:
    """Have errors of the disk name the folder that is written to: those of `write` name nothing.

    Raises:
        OSError: the disk is full, read-only or broken.
    """
    try:
        yield
    except OSError as error:
        if not is_fault(error) or (error.errno in _BARRED and error.filename):  # say of a file that was to be copied
            raise
        raise OSError(error.errno, os.strerror(error.errno or 0), str(folder)) from error


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one; a link of its name is replaced, not followed."""
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)  # a link that somebody put there
    try:
        with making.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Write a folder that appears whole or not at all, and replaces an earlier one.

    Args:
        folder: where it is to be.
        fill: puts files into the empty folder that it is given, on the same file system.
    """
    making = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        fill(making)
    except Exception as error:
        shutil.rmtree(making, ignore_errors=True)  # half of it is of no use, and takes room
        if (told := _storage(error)) is not None:
            raise told from error
        raise
    for path in (*making.iterdir(), making):
        sync(path)
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    sync(folder.parent)


def _storage(error: Exception) -> OSError | None:
    """Give what the storage said to a library that hides it: safetensors' errors are no OSErrors."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else None
