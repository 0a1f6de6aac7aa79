"""Writes files and folders that survive a crash."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL, _BARRED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}, {errno.EACCES, errno.EPERM, errno.EIO}
FAULTS = _FULL | _BARRED
"""Error numbers of a disk that is full, read-only or broken; no network has them."""


def is_fault(error: BaseException) -> bool:
    """Whether an error comes from a disk of this machine."""
    return isinstance(error, OSError) and error.errno in FAULTS


def read_only(path: Path) -> bool:
    """Whether the file system of a path is mounted so that nobody can write there."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


@contextmanager
def written(folder: str | Path) -> Iterator[None]:
    """Make disk errors name the folder that is written to; errors of `write` name no file.

    Raises:
        OSError: the disk is full, read-only or broken.
    """
    try:
        yield
    except OSError as error:
        if not is_fault(error) or (error.errno in _BARRED and error.filename):  # e.g. of a file to be copied
            raise
        raise OSError(error.errno, os.strerror(error.errno or 0), str(folder)) from error


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old or the new one; replace a link of this name, never follow it."""
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)  # it may be somebody's link
    try:
        with making.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Write a folder that appears whole or not at all; it replaces an earlier one.

    Args:
        folder: its path.
        fill: writes the files into an empty folder on the same file system.
    """
    making = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        fill(making)
    except Exception as error:
        shutil.rmtree(making, ignore_errors=True)  # half a folder is useless and takes space
        if (disk_error := _disk_error(error)) is not None:
            raise disk_error from error
        raise
    for path in (*making.iterdir(), making):
        sync(path)
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    sync(folder.parent)


def _disk_error(error: Exception) -> OSError | None:
    """Find the disk's error inside another: safetensors raises no OSError, but its text has the number."""
    match = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(match[1]), os.strerror(int(match[1]))) if match else None
