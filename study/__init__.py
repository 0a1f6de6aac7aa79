"""A distributed hyperparameter study of transfer learning: regime, freezing depth, learning rate, labels."""

import os
import sys


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
