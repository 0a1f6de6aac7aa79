"""What ends a command before its work is done: each error with the exit code that it means.

The codes are an interface (README, "Exit codes"). `analysis.shell.command.ending` turns an error into a line and
its code.
"""

DONE = 0
FAILED = 1
"""The work is done, but some trials failed, some cells were not run, or some images could not be read."""
USAGE = 2
"""A mistake in the command, the space, the data or the environment."""
REFUSED = 4
"""A file of a study is damaged, or belongs to another study."""
STORAGE = 5
"""The disk is full, read-only or broken."""
LOCKED = 6
"""Another process runs this study."""
INTERRUPTED = 75
"""Stopped before the end, resumable."""
FOLLOWING_ENDED = 130
"""`study.submit` stopped following a study, which runs on."""


STOPPED_EARLY = "stopped before the search began; the same command starts again"


class UserError(ValueError):
    """A mistake in the command, the space, the data or the environment: its text is the one line that people see."""

    exit_code = USAGE


class RayFailed(Exception):
    """Ray cannot start here, or broke down: the text says what it says, and the way out."""

    exit_code = USAGE
    resumable = True


class Damaged(Exception):
    """A file is not what was written: the text names the file and what is wrong with it."""

    exit_code = REFUSED


class Locked(Exception):
    """Another process runs this study: the text names it."""

    exit_code = LOCKED


class Full(OSError):
    """The disk has too little room: the text says where, how much is free and how much is needed."""

    exit_code = STORAGE


class Stopped(Exception):
    """A signal or the time budget ended the command before its search began."""

    exit_code = INTERRUPTED
