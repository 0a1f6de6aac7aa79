"""Files of a results folder: replaced atomically, never written through a link, and cleared of unfinished files.

Knows the names of files, not their content. A results folder may come from an untrusted source.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

TREES = ("ledger", "checkpoints", "models", "figures", "tables", "tensorboard")
"""Folders of a study in which files are written at any depth."""
ALONE = ("tune", ".fetched")
"""Folders of a study whose content belongs to other programs, which may put links there."""
FILES = ("study.json", "table.parquet", "report.html", "optuna.log", ".owner", ".lock", ".watch.lock")
"""Files of a study beside these folders."""
ENDINGS = (".html", ".parquet", ".json", ".log", ".lock", ".csv", ".png", ".svg")
"""Endings of a study's file names."""
LEFT = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)")
"""The name of a file that is being written, or was being written when its process was killed."""


class LinkError(ValueError):
    """A name in a results folder that leads elsewhere, or would block when opened."""

    exit_code = 4


def put(path: Path, content: bytes) -> Path:
    """Write a file atomically, so that a reader sees the old or the new content; a link of its name is replaced.

    Args:
        path: the file; its folder is created.
        content: the file's new bytes.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which replaces `path` at the end and is deleted after a failure."""
    clear(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)  # a link that somebody put there
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def clear(path: Path) -> None:
    """Delete unfinished versions of a file, left by killed processes."""
    for name, leftover in _leftovers(path.parent):
        if name == path.name:
            with contextlib.suppress(OSError):
                leftover.unlink()


def sweep(folder: Path) -> None:
    """Delete all unfinished files of killed processes in a study's folder, which no other process uses now."""
    for parent in (folder, *(folder / name for name in ("figures", "tables", "models"))):
        for _, path in _leftovers(parent):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _leftovers(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the unfinished files of killed processes in a folder, each with its intended name."""
    for path in folder.glob(".*.[0-9]*") if folder.is_dir() else ():
        match = LEFT.fullmatch(path.name)
        if match and not _lives(int(match["process"])):
            yield match["name"], path


def refuse_links(folder: Path) -> None:
    """Refuse a results folder in which a path that is written to is a link, or not the kind of file it must be.

    Raises:
        LinkError: names the path and the link's target.
    """
    for path in _written(folder):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            reason = f"is a link to {os.readlink(path)}, and results are never written through links"
            raise LinkError(f"{path}: {reason}: put what it names in its place, or delete it")
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise LinkError(f"{path}: is neither a file nor a folder: delete it")
        if stat.S_ISDIR(mode) and _is_file(path, folder):
            raise LinkError(f"{path}: is no regular file: move it away")
        if stat.S_ISREG(mode) and path.parent == folder and path.name in (*TREES, *ALONE):
            raise LinkError(f"{path}: is no folder: move it away")


def refuse_link(folder: Path) -> None:
    """Refuse an output folder that is a link, or not a folder.

    Raises:
        LinkError: names the path.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LinkError(
            f"{folder}: is a link or no folder, and a page is written there: move it away, or name an --out"
        )


def _is_file(path: Path, folder: Path) -> bool:
    """Whether a path in a results folder must be a file."""
    below = path.parent.parent == folder and path.parent.name in ("figures", "tables")
    return (below and path.suffix in ENDINGS) or (path.parent == folder and path.name in FILES)


def _written(folder: Path) -> Iterator[Path]:
    """Yield the existing paths that a study, its report and its views write to."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.name in (*TREES, *ALONE) or entry.name.startswith(".") or entry.suffix in ENDINGS:
            yield entry
        if entry.name in TREES and not entry.is_symlink():
            for parent, folders, files in os.walk(entry):
                yield from (Path(parent, name) for name in (*folders, *files))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
