"""Checks of this process's surroundings that Ray ends or hangs in silently: limits, odd settings, a deleted folder.

Does not import Ray: an odd setting of Ray's own ends the process that does.
"""

import os
import re
import resource
import subprocess
import sys

from study.errors import UserError

FILES = 128
"""Open files of a process, at least: with 60 no worker ever starts, and Ray reports nothing."""
MANY_FILES = 65_536
"""Open files to which the limit is raised if it may be."""
MEMORY = 16_000_000_000
"""Bytes of address space, at least: with 8 GB Ray waits for ever for its own processes that have ended."""
FILE = 100_000_000
"""Bytes of a file, at least."""
_SETTING = re.compile(r"RAY_(?!worker_niceness$)[a-z]")  # which `study.backend.session` sets


def check() -> None:
    """Refuse surroundings in which Ray hangs or is ended by the system, and raise the limit of open files.

    Raises:
        UserError: names the limit or the setting, its value and the way out.
    """
    check_here()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY_FILES if most == resource.RLIM_INFINITY else min(most, MANY_FILES)
    if wanted < FILES:
        raise UserError(f"{most} files may be open, and Ray needs {FILES}; raise the limit with ulimit -n")
    if _soft(resource.RLIMIT_NOFILE) < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if (memory := _soft(resource.RLIMIT_AS)) < MEMORY:
        sizes = f"{memory / 1e9:.1f} GB of addresses are allowed, and Ray needs {MEMORY / 1e9:.0f} GB"
        raise UserError(f"{sizes}; raise the limit with ulimit -v unlimited")
    if (size := _soft(resource.RLIMIT_FSIZE)) < FILE:
        sizes = f"files of {size / 1e6:.1f} MB are allowed, and {FILE / 1e6:.0f} MB are needed"
        raise UserError(f"{sizes}; raise the limit with ulimit -f unlimited")


def check_here() -> None:
    """Refuse to work in a deleted folder.

    Raises:
        UserError: the current folder has been deleted.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        raise UserError("the folder that this command runs in has been deleted; change to another one") from None


def check_settings() -> None:
    """Refuse settings of Ray's own that it cannot read: Ray silently ends the process that imports it.

    Raises:
        UserError: names the settings.
    """
    settings = [f"{name}={value}" for name, value in os.environ.items() if _SETTING.match(name)]
    if settings and subprocess.run([sys.executable, "-c", "import ray"], capture_output=True, check=False).returncode:
        raise UserError(f"Ray cannot be loaded with {', '.join(sorted(settings))}; correct them, or unset them")


def _soft(limit: int) -> float:
    value, _ = resource.getrlimit(limit)
    return float("inf") if value == resource.RLIM_INFINITY else value
