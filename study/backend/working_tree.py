"""The working tree as it is sent to a cluster: its files without what git ignores, in a folder of their own.

Knows nothing of clusters.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from study.errors import UserError
from study.text import encodes

ROOT = Path(__file__).parents[2]
LIMIT = 500 * 2**20
"""Bytes that Ray takes of a working folder."""
SKIPPED = ("results", ".venv", "build", "dist", "__pycache__", ".git")
"""Where there is no git to ask."""


def copy(to: Path, root: Path = ROOT, limit: int = LIMIT) -> int:
    """Copy what is to be sent into a folder; gives the bytes.

    Raises:
        UserError: it is no working tree, larger than may be sent, or has a name that Ray cannot pack.
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
        told = f"{root} has {total / 2**20:.0f} MiB to send, and Ray takes {limit / 2**20:.0f}"
        raise UserError(f"{told}: move out, or let .gitignore name, the largest ({largest})")
    for name in sizes:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, to / name)
    return total


def _check_names(found: Iterable[str]) -> None:
    """Refuse names that Ray cannot write into its archive."""
    for name in found:
        if not encodes(name):
            raise UserError(
                f"{os.fsencode(name)!r}: this name is not UTF-8: rename the file, or let .gitignore name it"
            )


def names(root: Path) -> list[str]:
    """List the files that git knows or would take; without git, all but results and what is built."""
    asked = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(asked, capture_output=True, check=True).stdout
        found = [os.fsdecode(name) for name in listed.split(b"\0")]
    except (OSError, subprocess.CalledProcessError):
        paths = (path.relative_to(root) for path in root.rglob("*"))
        found = [str(path) for path in paths if not any(part in SKIPPED for part in path.parts)]
    return sorted({name for name in found if name and (root / name).is_file()})
