"""Finds spaces by name in `search_spaces`, in a file or an installed distribution, and runs their code.

Knows nothing of what a space says.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from study import plugins
from study.errors import UserError
from study.plugins import files
from study.plugins.execution import executed
from study.space import Space


def known() -> dict[str, str]:
    """List the spaces of `search_spaces` and of installed distributions by name.

    Returns:
        Name → the first line of the docstring, or what is wrong; of an installed one its distribution too.
    """
    package = _listed()
    notes = plugins.notes("space", package)
    names = [*package, *(name for name in notes if name not in package)]
    return {name: f"{_line(name)} ({notes[name]})" if name in notes else _line(name) for name in names}


def load(name: str) -> Space:
    """Load the `SPACE` of a module of `search_spaces`, of a `.py` file or of an entry point.

    Raises:
        UserError: no such space, or the file fails or has no SPACE.
    """
    return _space_of(_module(name), name)


def _line(name: str) -> str:
    try:
        module = _module(name)
        _space_of(module, name)
    except UserError as error:
        return f"cannot be loaded: {error}"
    return str(module.__doc__ or "").strip().split("\n")[0]


def _listed() -> list[str]:
    import search_spaces

    modules = (module.name for module in pkgutil.iter_modules(search_spaces.__path__))
    return sorted(name for name in modules if not name.startswith("_"))


def _module(name: str) -> ModuleType:
    if name.endswith(".py"):
        return _from_file(Path(name))
    if name not in (names := _listed()):
        if plugins.known("space", name):
            return plugins.module("space", name)
        choices = ", ".join([*names, *plugins.notes("space", names)])
        raise UserError(f"unknown space {name!r}; one of {choices}, or a path to a .py file")
    return executed(f"space {name!r}", lambda: importlib.import_module(f"search_spaces.{name}"))


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"space file {str(path)!r} does not exist; name a .py file or one of {', '.join(_listed())}")
    return files.execute(f"space file {str(path)!r}", files.OwnFile(str(path.absolute()), path.read_bytes()))


def _space_of(module: ModuleType, name: str) -> Space:
    space = executed(f"space {name!r}", lambda: getattr(module, "SPACE", None))
    if not isinstance(space, Space):
        raise UserError(f"space {name!r} has no SPACE = Space(…)")
    return space
