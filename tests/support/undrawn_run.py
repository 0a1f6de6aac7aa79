"""`python -m tests.support.undrawn_run …`: the command, with numbers in the place of ink, which takes most of the time.

For tests of what is around a report, and of its words.
"""

import sys

import pandas as pd

from analysis.figures import draw as figures
from study import run


def draw(kind: figures.Kind, data: pd.DataFrame, panels: list[str], source: str) -> tuple[bytes, bytes]:
    """Give the numbers that a picture would show, in the place of both its forms."""
    shown = data[data["panel"].isin(panels)].to_csv().encode()
    return shown, shown


if __name__ == "__main__":
    figures._draw = draw
    sys.exit(run.main())
