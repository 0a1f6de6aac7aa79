"""The command `python -m analysis results/gtsrb`: a study's table in, its report out.

Knows arguments, messages and exit codes; knows nothing of what a report says.
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from analysis import table

USAGE, REFUSED, STORAGE = 2, 4, 5


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line in the place of argparse's two."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(argv: list[str] | None = None) -> int:
    """Write the report of the study in a folder.

    Returns:
        The exit code: 0 done, 2 not a study's folder, 4 its table is damaged or of another kind, 5 the storage fails.
    """
    parser = _Parser(prog="python -m analysis", description="Write a study's report, figures and tables.")
    parser.add_argument("folder", type=Path, help="a study's folder, e.g. results/gtsrb")
    folder = parser.parse_args(argv).folder
    try:
        df = table.load(folder)
    except table.NoTableError as error:
        return _say(error, USAGE)
    except table.TableError as error:
        return _say(error, REFUSED)
    except OSError as error:
        return _say(f"cannot read '{folder}': {error}", STORAGE)
    from analysis import (
        pretraining,
        report,
        style,
        summary,
    )  # the drawing libraries take seconds; a wrong folder is told before

    try:
        paths = report.write(df, folder)
    except OSError as error:
        return _say(f"cannot write into '{folder}': {error}", STORAGE)
    trials, beside = (
        style.plural(summary.ran(pretraining.apart(df)[0])["trial"].nunique(), "trial"),
        f"{len(paths) - 1} figures and tables",
    )
    print(f"report: {paths[0]} ({trials}; {beside} beside it)")
    return 0


def _say(error: object, code: int) -> int:
    print(error, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
