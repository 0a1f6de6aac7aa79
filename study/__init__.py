"""A distributed hyperparameter study of transfer learning: regime, freezing depth, learning rate, labels.

Example:
    >>> from study import Space, log_uniform
    >>> space = Space("gtsrb", {"regime": ("scratch", "fine_tune")}, tuned={"lr": log_uniform(1e-4, 1e-2)},
    ...               baseline={"lr": 1e-3})
    >>> len(space.cells())
    2
"""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study.inspect import inspect as inspect
    from study.models.saved import load as load_model  # noqa: F401
    from study.predict import predict as predict
    from study.rank import rank as rank
    from study.run import StudyResult as StudyResult
    from study.run import run as run
    from study.space import Settings as Settings
    from study.space import Space as Space
    from study.space import choice as choice
    from study.space import integers as integers
    from study.space import log_uniform as log_uniform
    from study.space import uniform as uniform
    from study.space import versions as versions

_API = {
    **dict.fromkeys(("Settings", "Space", "choice", "integers", "log_uniform", "uniform", "versions"), "study.space"),
    "StudyResult": "study.run",
    "inspect": "study.inspect",
    "load_model": "study.models.saved",
    "predict": "study.predict",
    "rank": "study.rank",
    "run": "study.run",
}
"""What `from study import …` offers, and where it is: nothing of it is imported before it is used."""
__all__ = [*_API]


def _own_modules_first() -> None:
    """Look in the folder that a command runs in last: a file `analysis.py` or `random.py` there is somebody else's.

    `python -m` looks there first, and so do Ray's workers. What lies there alone, such as modules that a space's file
    imports, is still found. The project's own folder is named before it, since an editable install is in no folder.
    """
    own = os.path.realpath(os.path.join(os.path.dirname(__file__), os.pardir))
    try:
        here = os.getcwd()
    except OSError:  # the folder has been deleted
        here = ""
    others = [place for place in sys.path if place in ("", here)]
    if not others or os.path.realpath(here) == own:
        return
    rest = [place for place in sys.path if place not in others]
    sys.path[:] = [*rest, *([] if own in rest else [own]), others[0]]


_own_modules_first()

import analysis  # noqa: E402, F401 – it listens to signals from the start of a command on


def __getattr__(name: str) -> Any:
    """Import a name of the Python API when it is first used: `import study` alone imports no torch."""
    if name not in _API:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_API[name])
    return getattr(module, "load" if name == "load_model" else name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_API})
