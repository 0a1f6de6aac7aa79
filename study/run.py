"""One call from a question to an answer: `python -m study.run --space gtsrb`, and `study.run("gtsrb")` from Python.

Imports neither torch nor Ray before the options are checked.
"""

import sys
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import analysis
from analysis.shell import command
from analysis.shell.callable_module import make_callable
from study import phases
from study.cli import messages, notebook, options, signals
from study.cli.question import resolve
from study.space import Space

if TYPE_CHECKING:
    from analysis.numbers.study_table import StudyTable
    from study.cli.console import Console

LOG_WIDTH = 120  # columns where the output is no terminal
RESUME = "all reports are on the disk, and the same command with --resume resumes it"


@dataclass(frozen=True)
class StudyResult:
    """What `study.run` has made.

    Attributes:
        folder: of the study, absolute.
        exit_code: of the command: 0 done, 1 done with failed trials or cells that were not run, 75 stopped by the time
            budget and resumable.
    """

    folder: Path
    exit_code: int

    @cached_property
    def table(self) -> "StudyTable":
        """The study's table (`analysis.load`): `table.frame` has a row for each score, `table.cells` one for each cell.

        Raises:
            analysis.numbers.columns.TableError: there is no table, or it is damaged.
        """
        return analysis.load(self.folder)

    @property
    def report(self) -> Path:
        """The report's file."""
        return self.folder / "report.html"

    @cached_property
    def best(self) -> Path:
        """The folder of the model that is best on validation, for `study.load_model` and `study.predict`.

        Raises:
            UserError: no model was saved, or all were validated on the test split.
        """
        from study.cli import best_model

        return best_model.choose(self.folder).folder


def run(space: "str | Path | Space", **keywords: Any) -> StudyResult:
    """Run a study, or resume it, as `python -m study.run` does; errors are raised.

    In the main thread Ctrl-C, or an interrupted cell of a notebook, stops it in order: the table and the report are
    written before KeyboardInterrupt is raised.

    Args:
        space: a name of `search_spaces/`, a path to a .py file, or a `Space`.
        keywords: the options of the command, `python -m study.run --help`, with underscores: `data`, `out`, `scale`,
            `resume`, `trials`, `time_budget="30m"`, `only={"label_fraction": 0.1}`, `set={"image_size": 64}` and so on.
            A `Space` may have a `name`.

    Raises:
        UserError: a mistake in an argument, the space, the data or the environment; names it.
        study.errors.Damaged: the folder holds another study, or is damaged.
        study.errors.Locked: another run works in the folder.
        study.errors.Stopped: the time budget was spent, or Ctrl-C came, before the search began.
        OSError: the storage fails.
        KeyboardInterrupt: Ctrl-C came; the study can be resumed with `resume=True`.

    Example:
        >>> import study
        >>> study.run("gtsrb", trials=0)
        Traceback (most recent call last):
        ...
        study.errors.UserError: trials is 0; it must be at least 1
    """
    chosen = options.from_keywords(space, **keywords)
    question = resolve(chosen)
    notebook.quiet()
    stop = signals.Interrupt(chosen.time_budget)
    with stop.listening():
        code = phases.carry_out(chosen, question, phases.Caller(stop, _console(), "study.run(…, resume=True)"))
    if stop.interrupted:
        raise KeyboardInterrupt(f"stopped; resume=True resumes the study in {question.folder}")
    return StudyResult(question.folder, code)


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    with command.ending("study.run") as end:
        chosen = options.parse(argv)
        if chosen.list:
            print(messages.listing())
            return end.code
        question = resolve(chosen)  # runs a space's code, which a signal ends at once
        begun = partial(setattr, end, "resume", RESUME)
        caller = phases.Caller(signals.Stop(chosen.time_budget), _console(), messages.again(), begun)
        end.code = phases.carry_out(chosen, question, caller)
    return end.code


def _console() -> "Console":
    from study.cli.console import Console

    return Console(width=None if sys.stdout.isatty() else LOG_WIDTH)


run.__signature__ = options.signature()  # type: ignore[attr-defined]
make_callable(__name__)

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
