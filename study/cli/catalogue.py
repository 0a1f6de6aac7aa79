"""Finds spaces by name in `search_spaces`, or in a file, and runs their code. Knows nothing of what a space says."""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from study.errors import UserError
from study.space import Space
from study.training.failures import name_of, text_of


def known() -> dict[str, str]:
    """List the spaces of the package `search_spaces` with the first line of their docstrings, or what is wrong."""
    return {name: _line(name) for name in _listed()}


def load(name: str) -> Space:
    """Load the `SPACE` of a module of `search_spaces`, or of a `.py` file.

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
        raise UserError(f"unknown space {name!r}; one of {', '.join(names)}, or a path to a .py file")
    return _executed(f"space {name!r}", lambda: importlib.import_module(f"search_spaces.{name}"))


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UserError(f"space file {str(path)!r} does not exist; name a .py file or one of {', '.join(_listed())}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    execute = spec.loader.exec_module
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing is left beside somebody's file
    try:
        _executed(f"space file {str(path)!r}", lambda: execute(module))
    finally:
        sys.dont_write_bytecode = before
    return module


def _executed(what: str, execute: Callable[[], Any]) -> Any:
    """Run the code of a space; whatever it raises, or that it exits, becomes one line."""
    try:
        return execute()
    except UserError as error:
        raise UserError(f"{what}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it is somebody else's code
        text = " ".join(text_of(error).split())
        raise UserError(f"{what} fails: {name_of(error)}: {text}") from error


def _space_of(module: ModuleType, name: str) -> Space:
    space = _executed(f"space {name!r}", lambda: getattr(module, "SPACE", None))
    if not isinstance(space, Space):
        raise UserError(f"space {name!r} has no SPACE = Space(…)")
    return space
