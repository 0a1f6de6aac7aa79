"""What the command prints: the list of spaces, the size of a study, its cells. Knows nothing of how a study runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from study.catalogue import known
from study.space import Cell, Space

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 170
"""Columns that the table of cells may take: a terminal wraps what is wider than it, and nothing is cut off."""


def listing() -> str:
    """One line a space."""
    lines = known()
    return "\n".join(f"{name:{max(map(len, lines))}}  {line}" for name, line in lines.items())


def plan(cells: list[Cell], space: Space, absent: Mapping[int, str]) -> str:
    """Say how much a study is, and which of its cells cannot run."""
    if not absent and all(cell.tuned and not cell.as_published for cell in cells):
        each = f"{space.trials} trials × {space.epochs} epochs, then {space.replicates} replicates"
        return f"{_plural(len(cells), 'cell')} × {each}"
    size = f"{_plural(len(cells), 'cell')}, {_plural(_total(cells, space, absent), 'trial')} of {space.epochs} epochs"
    reasons = "; ".join(dict.fromkeys(absent.values()))
    return f"{len(absent)} of {len(cells)} cells cannot run: {reasons}\n{size}" if absent else size


def print_cells(cells: Any, console: "Console") -> None:
    """Print a table of texts, a DataFrame, without lines."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*cells.columns, box=None, header_style="bold", pad_edge=False)
    for row in cells.itertuples(index=False):
        shown.add_row(*row)
    for column in shown.columns:
        column.no_wrap = True
    wide = Console(file=console.file, width=max(console.width, WIDEST), highlight=False)
    wide.print(shown)


def _total(cells: list[Cell], space: Space, absent: Mapping[int, str]) -> int:
    """Count the trials as the study itself will."""
    from study.state import Plan, State

    counts = Plan(space.trials, space.epochs, space.replicates, 0)
    return State(cells, counts, lambda: lambda *_: False, lambda _: None, absent).total()


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
