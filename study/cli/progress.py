"""What a person sees while a study runs: a table on a terminal, one line in a notebook, lines in a log.

Knows the study's state and nothing of Ray or files.
"""

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from study.cli import notebook
from study.search.state import State
from study.text import clock

LOG_EVERY = 15.0  # seconds between two lines of a log, at the least
CELL_EVERY = 0.5  # seconds between two states of the line in a notebook
ROWS = 24  # cells shown live


class Progress:
    """Shows a state; use it as a context manager and call `update` often."""

    def __init__(self, state: State, console: Console) -> None:
        self._state, self._console = state, console
        self._began = self._logged = time.monotonic()
        self._ended_before = _ended(state)
        live = Live(get_renderable=self._render, console=console, refresh_per_second=2)
        self._live = live if console.is_terminal else None
        self._replace: Callable[[str], None] | None = None

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        else:
            self._replace = notebook.line()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()
        else:
            self._log()

    def update(self) -> None:
        """In a log, write a line if the last one is some time ago: the longer the study, the fewer lines.

        In a notebook the line is replaced twice a second instead.
        """
        now = time.monotonic()
        pause = CELL_EVERY if self._replace else max(LOG_EVERY, (now - self._began) / 20)
        if not self._live and now - self._logged >= pause:
            self._log()

    def line(self) -> str:
        """Sum the study up: counts, elapsed and remaining time."""
        state = self._state
        waiting = sum(trial.state == "running" and not trial.objectives for trial in state.trials.values())
        counts = [f"{state.count('running') - waiting} running", f"{waiting} starting"]
        counts += [f"{state.count(name)} {name}" for name in ("pruned", "failed")]
        elapsed = time.monotonic() - self._began
        parts = [f"{_ended(state)} of {state.total()} trials done", *counts, f"{clock(elapsed)} elapsed"]
        return " · ".join([*parts, f"about {clock(left)} left" if (left := self._left(elapsed)) is not None else "…"])

    def _left(self, elapsed: float) -> float | None:
        ended = _ended(self._state)
        fresh = ended - self._ended_before
        return None if not fresh else elapsed / fresh * (self._state.total() - ended)

    def _log(self) -> None:
        self._logged = time.monotonic()
        best = max(filter(None, map(self._best, range(len(self._state.cells)))), default=None)
        line = self.line() + (f" · best so far {best[0]:.4f} ({best[1]})" if best else "")
        if self._replace:
            self._replace(line)
        else:
            self._console.print(line, soft_wrap=True)

    def _best(self, cell: int) -> tuple[float, str] | None:
        scores = [max(trial.objectives.values()) for trial in self._state.search(cell) if trial.objectives]
        return (max(scores), self._state.cells[cell].name) if scores else None

    def _render(self) -> RenderableType:
        table = Table(box=None, pad_edge=False)
        for heading in ("cell", "trials", "pruned", "failed", "best validation score"):
            table.add_column(heading, justify="left" if heading == "cell" else "right")
        for cell in range(min(ROWS, len(self._state.cells))):
            trials = self._state.by_cell[cell]
            best = self._best(cell)
            counts = [sum(trial.state == name for trial in trials) for name in ("pruned", "failed")]
            score = f"{best[0]:.4f}" if best else "–"
            table.add_row(self._state.cells[cell].name, str(len(trials)), *map(str, counts), score)
        hidden = len(self._state.cells) - ROWS
        more = [Text(f"… and {hidden} more cells")] if hidden > 0 else []
        return Group(table, *more, Text(self.line(), style="bold"))


def _ended(state: State) -> int:
    return len(state.trials) - state.count("running")
