"""The console that the command prints on: names appear as they are, whatever rich or a terminal would make of them.

Knows nothing of what is printed.
"""

from typing import IO, Any

from rich import console
from rich.text import Text

from analysis.shell.text import printable
from study.cli import notebook


class Console(console.Console):
    """Prints texts without markup, emoji and highlighting; what a terminal would act on, but newlines, is escaped."""

    def __init__(self, width: int | None = None, file: IO[str] | None = None) -> None:
        """Give a console.

        Args:
            width: columns; None is the terminal's.
            file: to print to; None is stdout.
        """
        terminal = False if notebook.running() else None  # a kernel has a terminal's variables
        super().__init__(
            width=width,
            file=file,
            markup=False,
            emoji=False,
            highlight=False,
            force_jupyter=False,
            force_terminal=terminal,
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string: of all that is printed, cells of tables too."""
        return super().render_str(printable(text, allowed="\n"), **options)
