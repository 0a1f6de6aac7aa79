"""One line of a notebook's cell that can be replaced; outside of notebooks there is none."""

import sys
from collections.abc import Callable


def line() -> Callable[[str], None] | None:
    """Show an empty line in the cell that runs; gives what replaces it, or None outside of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)
    return lambda text: handle.update({"text/plain": text}, raw=True)
