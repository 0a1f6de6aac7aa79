"""Modules that can be called as the function of their name.

`from study import run` may give the function or the module `study.run`, whichever was imported first. With this both
can be called.
"""

import inspect
import sys
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that stands for its function of the same name."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the function."""
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **keywords)


def make_callable(name: str) -> None:
    """Let a module be called as its function of the same name.

    Args:
        name: the module's `__name__`; nothing is done for a command's "__main__".
    """
    if name == "__main__":
        return
    module = sys.modules[name]
    function = getattr(module, name.rpartition(".")[2])
    module.__class__ = CallableModule
    module.__doc__ = function.__doc__  # what `run?` shows in a notebook
    module.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
