"""`python -m benchmarks.report`: how long the report of a study of so many trials takes. docs/speed.md has it.

Made-up tables, a fresh process each, so that imports count; wall and CPU seconds, as other programs stretch the first.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from benchmarks import _markdown, _options
from tests.analysis import synthetic, synthetic_chains

REPLICATES = 5
LEAST = 120
"""Trials that leave something to search in each of twelve cells."""


def plain(trials: int) -> pd.DataFrame:
    """Four regimes at three label fractions."""
    cells = len(synthetic.REGIMES) * len(synthetic.FRACTIONS)
    return synthetic.study(searched=trials // cells - REPLICATES, repeated=REPLICATES)


def chain(trials: int) -> pd.DataFrame:
    """The same, each trial with the scores of a task that it learnt before."""
    return synthetic_chains.with_earlier(plain(trials))


def causes(trials: int) -> pd.DataFrame:
    """Three models, each as published, with two causes and corrected, and with alarms."""
    cells = len(synthetic.MODELS) * (len(synthetic.CAUSES) - 1)  # those that are searched
    return synthetic.models(searched=trials // cells - REPLICATES, repeated=REPLICATES, epochs=10)


KINDS: dict[str, Callable[[int], pd.DataFrame]] = {"plain": plain, "chain": chain, "causes": causes}


def measured(df: pd.DataFrame, folder: Path) -> tuple[float, float, float]:
    """Write a report in a process of its own: its wall seconds, its CPU seconds, and the page's megabytes."""
    synthetic.write(df, folder)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "analysis", str(folder)], check=True, stdout=subprocess.DEVNULL)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return wall, used, (folder / "report.html").stat().st_size / 1e6


def main(arguments: list[str] | None = None) -> None:
    """Print a line for each kind of study."""
    parser = _options.Parser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("--trials", type=_options.at_least(LEAST), default=1000, help="of each study, about")
    asked = parser.parse_args(arguments)
    rows = []
    for name, make in KINDS.items():
        df = make(asked.trials)
        with tempfile.TemporaryDirectory() as folder:
            wall, used, size = measured(df, Path(folder) / name)
        counts = [df["trial"].nunique(), df["cell"].nunique(), len(df)]
        rows.append([name, *(f"{count:,}" for count in counts), f"{wall:.1f}", f"{used:.1f}", f"{size:.1f}"])
    print(_markdown.table(["study", "trials", "cells", "rows", "s", "CPU s", "MB"], rows))
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
