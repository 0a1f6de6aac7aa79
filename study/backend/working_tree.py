"""Copies the working tree, without what git ignores, into a folder that is sent to a cluster.

Knows nothing of clusters.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from study.errors import UserError
from study.plugins import Code
from study.text import encodes

ROOT = Path(__file__).parents[2]
LIMIT = 500 * 2**20
"""Bytes of a working folder, at most; Ray refuses more."""
SKIPPED = ("results", ".venv", "build", "dist", "__pycache__", ".git")
"""Folders that are left out if there is no git."""


def copy(to: Path, root: Path = ROOT, limit: int = LIMIT) -> int:
    """Copy the files to send into a folder; returns their bytes.

    Raises:
        UserError: the root is no working tree, it is too large to send, or Ray cannot pack the name of a file.
    """
    if not (root / "pyproject.toml").exists():
        raise UserError(f"{root} is no working tree of this project: run study.submit in a clone, which it sends")
    sizes = {name: (root / name).stat().st_size for name in names(root)}
    _check_names(sizes)
    if (total := sum(sizes.values())) > limit:
        folders = Counter[str]()
        for name, size in sizes.items():
            folders[Path(name).parts[0]] += size
        largest = ", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in folders.most_common(3))
        problem = f"{root} has {total / 2**20:.0f} MiB to send, and Ray takes {limit / 2**20:.0f}"
        raise UserError(f"{problem}: move out, or let .gitignore name, the largest ({largest})")
    for name in sizes:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, to / name)
    return total


def add(to: Path, codes: Iterable[Code]) -> int:
    """Write files of the user's own where a study in the folder looks for them; returns their bytes.

    Raises:
        UserError: the name leads out of the folder, or to another file of the working tree.
    """
    size = 0
    for code in codes:
        if code.text is None:
            continue
        path = Path(code.name)
        if path.is_absolute() or ".." in path.parts:
            raise UserError(f"{code.label}: name it from the current folder, without .., as it is sent below that name")
        if (to / path).exists() and (to / path).read_bytes() != code.text:
            raise UserError(f"{code.label}: the working tree that is sent has another file of this name; rename it")
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        (to / path).write_bytes(code.text)
        size += len(code.text)
    return size


def _check_names(paths: Iterable[str]) -> None:
    """Refuse names that Ray cannot write into its archive."""
    for name in paths:
        if not encodes(name):
            raise UserError(
                f"{os.fsencode(name)!r}: this name is not UTF-8: rename the file, or let .gitignore name it"
            )


def names(root: Path) -> list[str]:
    """List the files that git tracks or would add; without git, all but results and build folders."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout
        paths = [os.fsdecode(name) for name in listing.split(b"\0")]
    except (OSError, subprocess.CalledProcessError):
        relative = (path.relative_to(root) for path in root.rglob("*"))
        paths = [str(path) for path in relative if not any(part in SKIPPED for part in path.parts)]
    return sorted({path for path in paths if path and (root / path).is_file()})
