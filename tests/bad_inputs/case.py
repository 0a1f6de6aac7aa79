"""What a case of the tables is: a command, what lies in the folder that it runs in, and what it is to answer.

Knows nothing of who runs it: tests do within their own process, `benchmarks.bad_inputs` in one of its own.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

TINY = Path(__file__).parents[1] / "spaces" / "tiny.py"
GOLDEN = Path(__file__).parents[1] / "golden"


def nothing(here: Path) -> None:
    """Leave the folder empty."""


class Case(NamedTuple):
    """A command that is to fail."""

    name: str
    """What is wrong."""
    words: str
    """Behind the module, as in a shell; {tiny} is a space of seconds, {golden} the folder of small real studies."""
    code: int
    """To exit with."""
    said: str
    """What the line on stderr must have in it."""
    make: Callable[[Path], object] = nothing
    """Fills the folder in which the command runs."""
    module: str = "study.run"
    environment: Mapping[str, str] = MappingProxyType({})
    """Variables to set; {here} is the folder."""

    @property
    def command(self) -> list[str]:
        """What stands behind the module."""
        import shlex

        return shlex.split(self.words.format(tiny=TINY, golden=GOLDEN))


def tree(folder: Path) -> dict[str, bytes | str | None]:
    """What lies in a folder, to be compared: files with their content, links with their target."""
    found: dict[str, bytes | str | None] = {}
    for path in sorted(folder.rglob("*")):
        kept = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = kept
    return found
