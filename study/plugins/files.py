"""Modules in `.py` files of the user's own: read, identified and executed, without a trace beside them.

On a cluster the text travels: a process that was given a file's text (`fix`) does not look at its path.
"""

import difflib
import hashlib
import linecache
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from study.errors import UserError
from study.plugins.execution import executed

ENDING = ".py"
MOST = 1_000_000
"""Bytes of a file: its text goes to each worker."""
OURS = ("study", "analysis", "search_spaces")
PREFIX = "_own_"
"""Of the names that modules have in `sys.modules`."""


class OwnFile(NamedTuple):
    """A file's text."""

    path: str
    """Absolute, on the machine that read it."""
    text: bytes

    @property
    def identity(self) -> str:
        """Hash of the text."""
        return f"sha256:{hashlib.sha256(self.text).hexdigest()}"


_fixed: dict[str, OwnFile] = {}
_modules: dict[OwnFile, ModuleType] = {}
_texts: dict[str, bytes] = {}
"""Path → its text when it was last executed."""


def is_file_name(name: str) -> bool:
    """Whether a name is a path of a Python file."""
    return name.endswith(ENDING)


def split(name: str) -> tuple[str, str]:
    """Split what stands behind a file's name off, as in `mytask.py/animal`; other names are split at the first `/`."""
    file, ending, rest = name.partition(f"{ENDING}/")
    if ending:
        return f"{file}{ENDING}", rest
    first, _, rest = ("", "", "") if is_file_name(name) else name.partition("/")
    return first or name, rest


def fixed() -> dict[str, OwnFile]:
    """Give the texts that stand for their names."""
    return dict(_fixed)


def fix(files: Mapping[str, OwnFile]) -> None:
    """Let these texts stand for their names."""
    _fixed.clear()
    _fixed.update(files)


def read(kind: str, name: str) -> OwnFile:
    """Read a file.

    Raises:
        UserError: it is none, or is too large.
    """
    if name in _fixed:
        return _fixed[name]
    path = Path(name)
    if path.is_dir():
        raise UserError(f"{kind} file {name!r} is a folder; name a {ENDING} file")
    if not path.is_file():
        raise UserError(f"{kind} file {name!r} does not exist{_nearest(path)}")
    if path.stat().st_size > MOST:
        raise UserError(f"{kind} file {name!r} has {path.stat().st_size:,} bytes; at most {MOST:,}")
    try:
        return OwnFile(str(path.absolute()), path.read_bytes())
    except OSError as error:
        raise UserError(f"{kind} file {name!r} cannot be read: {error.strerror}") from error


def module(kind: str, name: str) -> ModuleType:
    """Execute a file, once in a process; a changed one is executed anew.

    Raises:
        UserError: it cannot be read, its code fails, or it imports a file that would not travel with it.
    """
    file = read(kind, name)
    if file not in _modules:
        before = list(sys.modules.values())
        made = execute(f"{kind} file {name!r}", file, located=True)
        _refuse_neighbours(f"{kind} file {name!r}", file, before)
        _modules[file] = made
    _texts[file.path] = file.text
    return _modules[file]


def execute(what: str, file: OwnFile, located: bool = False) -> ModuleType:
    """Execute a file's text as a module; no bytecode is written.

    Args:
        what: names it, for people.
        file: to execute.
        located: whether an error names the line.

    Raises:
        UserError: the code fails; names the error.
    """
    stem = Path(file.path).stem
    made = ModuleType(f"{PREFIX}{hashlib.sha256(file.text).hexdigest()[:12]}_{stem}")
    made.__file__ = file.path
    _without_bytecode(lambda: executed(what, lambda: _run(made, file), file.path if located else None))
    return made


def text(path: str | None) -> bytes:
    """Give the text of a module's file, as it was executed."""
    return _texts[path] if path in _texts else Path(str(path)).read_bytes()


def _run(made: ModuleType, file: OwnFile) -> None:
    compiled = compile(file.text, file.path, "exec", dont_inherit=True)
    lines = file.text.decode(errors="replace").splitlines(keepends=True)
    linecache.cache[file.path] = (len(file.text), None, lines, file.path)  # for tracebacks on machines without the file
    sys.modules[made.__name__] = made  # where dataclasses and pickle look a class's module up
    try:
        exec(compiled, made.__dict__)
    except BaseException:
        del sys.modules[made.__name__]
        raise


def _without_bytecode(call: Callable[[], object]) -> None:
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing is left beside somebody's file
    try:
        call()
    finally:
        sys.dont_write_bytecode = before


def _refuse_neighbours(what: str, file: OwnFile, before: list[ModuleType]) -> None:
    """Refuse a file that has imported another one from its folder: no hash covers that one, and it does not travel."""
    folder = Path(file.path).parent
    earlier = set(map(id, before))  # a module may get a second name, as `__main__` does from multiprocessing
    for name, loaded in sorted(sys.modules.items(), key=lambda item: item[0]):
        if id(loaded) in earlier:
            continue
        path = Path(getattr(loaded, "__file__", None) or "/")
        ours = name.partition(".")[0] in OURS or name.startswith(PREFIX)
        if ours or not path.is_relative_to(folder):
            continue
        inside = path.relative_to(folder).parts
        if len(inside) <= 2 and "site-packages" not in inside:
            for other in [each for each in sys.modules if each.partition(".")[0] == name.partition(".")[0]]:
                del sys.modules[other]
            way_out = "write it into the file, or install both as a distribution with an entry point"
            raise UserError(f"{what} imports {'/'.join(inside)} beside it, which does not travel with it: {way_out}")


def _nearest(path: Path) -> str:
    """Name the files whose names are nearest."""
    try:
        beside = [each.name for each in path.parent.glob(f"*{ENDING}")]
    except OSError:
        beside = []
    near = difflib.get_close_matches(path.name, beside, 3)
    return f"; the nearest: {', '.join(str(path.parent / name) for name in near)}" if near else f" in {Path.cwd()}"
