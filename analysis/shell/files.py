"""Files of a results folder: replaced as a whole, never written through a link, and cleared of what kills left.

Knows names of files, and nothing of what they hold. A results folder may be somebody else's.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

TREES = ("ledger", "checkpoints", "models", "figures", "tables", "tensorboard")
"""Folders of a study that are written to at any depth."""
ALONE = ("tune", ".fetched")
"""Folders that are written to and belong to others, who may have links in them."""
FILES = ("study.json", "table.parquet", "report.html", "optuna.log", ".owner", ".lock", ".watch.lock")
"""Files of a study that are written beside them."""
ENDINGS = (".html", ".parquet", ".json", ".log", ".lock", ".csv", ".png", ".svg")
"""Of files that a study may have."""
LEFT = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)")
"""A file that is being written, or was when its process was killed."""


class LinkError(ValueError):
    """A name of a results folder that leads elsewhere, or blocks who opens it."""

    exit_code = 4


def put(path: Path, content: bytes) -> Path:
    """Write a file so that a reader finds it whole, of before or of now; a link of its name is replaced.

    Args:
        path: of the file; its folder is made.
        content: of the file.

    Returns:
        The path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as making:
        making.write_bytes(content)
    return path


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; what lies there at the end takes the path's place, and nothing is left of a failure."""
    clear(path)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    making.unlink(missing_ok=True)  # a link that somebody put there
    try:
        yield making
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def clear(path: Path) -> None:
    """Take away what processes that were killed left of a file."""
    for name, old in _leftovers(path.parent):
        if name == path.name:
            with contextlib.suppress(OSError):
                old.unlink()


def sweep(folder: Path) -> None:
    """Take away all that killed processes were writing in a study's folder, which nobody else has now."""
    for place in (folder, *(folder / name for name in ("figures", "tables", "models"))):
        for _, path in _leftovers(place):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _leftovers(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give what killed processes were writing in a folder, each with the name that it was to get."""
    for path in folder.glob(".*.[0-9]*") if folder.is_dir() else ():
        match = LEFT.fullmatch(path.name)
        if match and not _lives(int(match["process"])):
            yield match["name"], path


def refuse_links(folder: Path) -> None:
    """Refuse a results folder in which something that is written to is a link, or no file or folder where it must be.

    Raises:
        LinkError: names it, and where it leads.
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
    """Refuse a folder to write into that is a link, or no folder.

    Raises:
        LinkError: names it.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise LinkError(
            f"{folder}: is a link or no folder, and a page is written there: move it away, or name an --out"
        )


def _is_file(path: Path, folder: Path) -> bool:
    """Whether a name is one that a file is written to."""
    below = path.parent.parent == folder and path.parent.name in ("figures", "tables")
    return (below and path.suffix in ENDINGS) or (path.parent == folder and path.name in FILES)


def _written(folder: Path) -> Iterator[Path]:
    """Give what a study, its report and its views write to, as far as it is there."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.name in (*TREES, *ALONE) or entry.name.startswith(".") or entry.suffix in ENDINGS:
            yield entry
        if entry.name in TREES and not entry.is_symlink():
            for place, folders, files in os.walk(entry):
                yield from (Path(place, name) for name in (*folders, *files))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
