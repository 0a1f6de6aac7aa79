"""`python -m tests.support.undrawn_run …`: the command with the numbers of figures instead of drawn pictures.

Drawing takes most of a report's time. Use it for tests of a report's files and words.
"""

import sys

import pandas as pd

from analysis.figures import draw as figures
from study import run


def draw(kind: figures.Kind, data: pd.DataFrame, panels: list[str], source: str) -> tuple[bytes, bytes]:
    """Return the numbers that a picture would show, in place of both its formats."""
    numbers = data[data["panel"].isin(panels)].to_csv().encode()
    return numbers, numbers


if __name__ == "__main__":
    figures._draw = draw
    sys.exit(run.main())
