"""The command `python -m analysis results/gtsrb`: a study's table in, its report out.

Knows arguments, messages and exit codes; knows nothing of what a report says.
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from analysis import table

USAGE, STORAGE = 2, 5


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line in the place of argparse's two."""
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(argv: list[str] | None = None) -> int:
    """Write the report of the study in a folder; 0 done, 2 nothing to read or refused, 5 cannot write."""
    parser = _Parser(prog="python -m analysis", description="Write a study's report, figures and tables.")
    parser.add_argument("folder", type=Path, help="a study's folder, e.g. results/gtsrb")
    folder = parser.parse_args(argv).folder
    try:
        df = table.load(folder)
        from analysis import report  # the drawing libraries take seconds; a wrong folder is told before

        paths = report.write(df, folder)
    except table.TableError as error:
        print(error, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"cannot write into '{folder}': {error}", file=sys.stderr)
        return STORAGE
    print(
        f"report: {paths[0]} ({len(df.drop_duplicates('trial'))} trials; {len(paths) - 1} figures and tables beside it)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
