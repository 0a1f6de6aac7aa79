"""One line of a notebook's cell that can be replaced; outside of notebooks there is none."""

import logging
import sys
import warnings
from collections.abc import Callable


def running() -> bool:
    """Whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def quiet() -> None:
    """Leave out, in a notebook, what Ray and tqdm say of widgets once they are imported: there are none here."""
    if running():
        warnings.filterwarnings("ignore", message="IProgress not found")
        logging.getLogger("ray.widgets.util").setLevel(logging.CRITICAL)


def line() -> Callable[[str], None] | None:
    """Show an empty line in the cell that runs; gives what replaces it, or None outside of a notebook."""
    if not running():
        return None
    from IPython.display import display

    handle = display({"text/plain": ""}, raw=True, display_id=True)
    return lambda text: handle.update({"text/plain": text}, raw=True)
