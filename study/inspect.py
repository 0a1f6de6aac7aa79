"""What is in your own images, and what would make results wrong: `python -m study.inspect my_images/`.

`--html` writes the findings as a page, `--mend` a list of what can be used. `study.inspect` from Python gives an
`Inspection`. Nothing in the folder of the images is changed.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shell import command
from analysis.shell.callable_module import make_callable
from study.cli import inspect_options
from study.cli.inspect_options import InspectOptions
from study.errors import DONE

if TYPE_CHECKING:
    from study.data.inspection import Inspection


def inspect(
    data: str | Path,
    *,
    set: Sequence[str] = (),
    html: str | Path | None = None,
    mend: str | Path | None = None,
    force: bool = False,
) -> "Inspection":
    """Inspect images of your own, as `python -m study.inspect` does.

    Args:
        data: a folder of images, or a .csv file that lists them.
        set: hyperparameters that are about data, each as KEY=VALUE.
        html: file for the findings as one page.
        mend: .csv file for what can be used; a second file beside it has each change with its reason.
        force: overwrites these files where they exist.

    Returns:
        The findings: `problems` would make results wrong, `remarks` may make them worse, `near` are near copies;
        `refuse()` raises an error where a study would.

    Raises:
        UserError: a mistake in an argument, no data set, or something that mending cannot mend.
    """
    options = InspectOptions(
        data=Path(data).expanduser(),
        set=set,
        html=None if html is None else Path(html).expanduser(),
        mend=None if mend is None else Path(mend).expanduser(),
        force=force,
    )
    cells = inspect_options.cells(options)
    from study.cli import inspecting
    from study.cli.console import Console

    findings = inspecting.carry_out(options, cells, Console(file=io.StringIO()))
    if findings.left:
        inspecting.refuse(findings, options)
    return findings.seen


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 a study would take the images, 2 it would not, or a mistake in the command; 5 the storage
        fails, 75 interrupted.
    """
    with command.ending("study.inspect") as end:
        end.interrupted = "interrupted; what was looked at is in the store, and the same command goes on"
        options = inspect_options.parse(argv)
        cells = inspect_options.cells(options)
        from study.cli import inspecting
        from study.cli.console import Console

        findings = inspecting.carry_out(options, cells, Console())
        inspecting.refuse(findings, options)
        end.code = DONE
    return end.code


make_callable(__name__)

if __name__ == "__main__":
    command.in_utf8()
    command.leave(main())
