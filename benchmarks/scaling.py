"""`python -m benchmarks.scaling`: what 1,000 trials that train nothing cost the driver, as docs/speed.md has it.

They go through the real search, state, ledger and Ray; `--json FILE` writes the figures, and the exit code is 1 where
a bound is missed.
"""

import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from analysis.numbers import table
from analysis.numbers.study_table import StudyTable
from analysis.report import study_report
from benchmarks import _markdown, _options
from study.backend import tune
from study.backend.session import cluster
from study.search import pruner
from study.search import table as tables
from study.search.state import Plan, Prune, State, Trial
from study.space import Space, log_uniform
from study.storage import ledger
from study.storage import study_folder as folders

LOADING = 3.0  # seconds to load the table, at the most
FLAT = 2.0  # searching at the last trial over that at trial 100, at the most
GROWTH = 0.1  # MB that the driver may grow a trial: Ray Tune keeps its trials
AT = (10, 100)  # trials at which the cost is shown, besides the last
LEAST = 20  # trials: the figure at the first of `AT` is the mean of those around it
ABOUT = 25  # trials on either side that a figure is the mean of, at the most
PAGE = 4096  # bytes

ONE = Space(
    task="gtsrb",
    compared={"regime": ("fine_tune",), "label_fraction": (1.0,)},
    tuned={"lr": log_uniform(1e-4, 1e-1), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    epochs=10,
    replicates=0,
)
TWENTY = replace(
    ONE,
    compared={
        "regime": ("scratch", "feature_extraction", "discriminative", "fine_tune"),
        "label_fraction": (0.1, 0.25, 0.5, 0.75, 1.0),
    },
)


class Mark(NamedTuple):
    """Where the driver stood when it had found a trial: totals since the search began."""

    searching: float
    """CPU seconds in `State.next_trial` and `State.done`."""
    recording: float
    """Seconds in `State.report`, which waits for the disk."""
    cpu: float
    """CPU seconds of the whole driver."""
    wall: float
    """Seconds."""
    memory: float
    """MB resident."""


class Watched(State):
    """A state that notes what its trials cost."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.searching = self.recording = 0.0
        self.marks: list[Mark] = []

    def next_trial(self) -> Trial | None:
        began = time.thread_time()
        trial = super().next_trial()
        self.searching += time.thread_time() - began
        if trial is not None:
            now = (time.process_time(), time.perf_counter(), _resident())
            self.marks.append(Mark(self.searching, self.recording, *now))
        return trial

    def done(self) -> bool:
        began = time.thread_time()
        found = super().done()
        self.searching += time.thread_time() - began
        return found

    def report(self, *args: Any, **more: Any) -> str:
        began = time.perf_counter()
        decision = super().report(*args, **more)
        self.recording += time.perf_counter() - began
        return decision


class Untrained(tune.Worker):
    """Reports scores and trains nothing."""

    def _start(self, jobs: list[dict[str, Any]]) -> None:
        self._results = results(jobs)


def main(argv: list[str] | None = None) -> int:
    """Print the figures; returns the exit code."""
    parser = _options.Parser(prog="python -m benchmarks.scaling", description=__doc__)
    told = "in one cell; a fifth of them then in 20 cells (default: 1000)"
    parser.add_argument("--trials", type=_options.at_least(LEAST), default=1000, metavar="N", help=told)
    parser.add_argument("--json", type=_options.figures_file, metavar="FILE", help="write the figures there")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = {"one cell": run(replace(ONE, trials=args.trials), folder / "one")}
        figures["20 cells"] = run(replace(TWENTY, trials=max(1, args.trials // 100)), folder / "twenty")
        figures["folder"] = load(folder / "one")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print(page(figures))
    lacking = missed(figures["one cell"]["at"], figures["folder"])
    print(*lacking, sep="\n", end="\n" if lacking else "")
    return 1 if lacking else 0


def run(space: Space, folder: Path) -> dict[str, Any]:
    """Run a study of a space and give what its trials cost."""
    folder.mkdir()
    common = {"source": "no data: nothing is trained", "published": None, "as_published": False}
    cells = [{"name": cell.name, "values": cell.values} | common for cell in space.cells()]
    folders.begin(folder, {"space": {"name": "scaling"} | space.as_dict(), "cells": cells}, resume=False)
    book = ledger.Ledger(folder / "ledger", 0)
    plan = Plan(space.trials, space.epochs, space.replicates, seed=0)
    state = Watched(space.cells(), plan, lenient(space), book.append)

    def job(trial: Trial) -> dict[str, Any]:
        return {"trial": trial.id, "epochs": space.epochs, "values": dict(trial.tuned)}

    with cluster(gpus=0.0) as place:
        tune.run(state, job, storage=folder / "tune", place=place, trainable=Untrained)
    book.close()
    count = len(state.marks)
    shown = [number for number in AT if number < count] + [count]
    return {"at": {number: window(state.marks, number) for number in shown}} | busy(folder)


def lenient(space: Space) -> Callable[[], Prune]:
    """Make early stopping that is asked as in a study and never stops, so that all trials cost the same."""
    bracket = pruner.asha(space.epochs, space.grace_period, space.reduction_factor)

    def make() -> Prune:
        stops = bracket()
        return lambda trial, epoch, objective: stops(trial, epoch, objective) and False

    return make


def results(jobs: list[dict[str, Any]]) -> Generator[dict[str, dict[str, Any]]]:
    """Yield an epoch's result of each job at a time, as large as a real one."""
    for epoch in range(jobs[0]["epochs"] + 1):
        yield {job["trial"]: _result(job, epoch) for job in jobs}


def _result(job: dict[str, Any], epoch: int) -> dict[str, Any]:
    lr, decay = job["values"]["lr"], job["values"]["weight_decay"]
    objective = math.exp(-(math.log10(lr / 3e-3) ** 2) - 0.1 * math.log10(decay / 1e-3) ** 2) * (1 - 0.7**epoch)
    common = {"epoch": epoch, "step": 100 * epoch, "phase": 0, "trained_on": "gtsrb", "train_images": 12_800}
    common |= {"seconds": 0.1 * epoch, "task": "gtsrb", "frozen_before": "0" * 64, "frozen_after": "0" * 64}
    scores = {("train", "loss"): 1 - objective, ("val", "accuracy"): objective, ("val", "loss"): 1 - objective}
    rows = [
        common | {"alarms": None, "split": split, "metric": key, "score": score}
        for (split, key), score in scores.items()
    ]
    spent = dict.fromkeys(("setup", "data", "forward", "backward", "evaluation", "other"), 0.0)
    return {"epoch": epoch, "objective": objective, "last": epoch == job["epochs"], "rows": rows, "spent": spent}


def window(marks: list[Mark], number: int) -> dict[str, float]:
    """Average what each of the trials around one cost the driver, milliseconds; and its size then, MB."""
    reach = min(ABOUT, number // 2)
    one, two = max(0, number - reach), min(len(marks) - 1, number + reach)
    spent = [1e3 * (after - before) / (two - one) for before, after in zip(marks[one], marks[two], strict=True)]
    cost = dict(zip(("searching", "recording", "driver", "wall"), spent, strict=False))
    return cost | {
        "scheduling": cost["driver"] - cost["searching"],
        "memory": marks[min(number, len(marks)) - 1].memory,
    }


def busy(folder: Path) -> dict[str, Any]:
    """Give the trials of each worker, the busiest first."""
    events = ledger.read(folder / "ledger")
    counts = Counter({event["trial"]: event["worker"] for event in events if event["kind"] == "report"}.values())
    return {"trials": counts.total(), "workers": [count for _, count in counts.most_common()]}


def load(folder: Path) -> dict[str, float]:
    """Give the seconds from a study's ledger to its report, and the size of both, MB."""
    path, seconds = folder / "table.parquet", {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        found = call()
        seconds[name] = time.perf_counter() - began
        return found

    made = timed(
        "fold the ledger", lambda: tables.from_events(folders.read_study(folder), ledger.read(folder / "ledger"))
    )
    timed("write the table", lambda: tables.write(made, path))
    frame = timed("load the table", lambda: table.load(folder))
    timed("write the report", lambda: study_report.write(StudyTable(frame), folder))
    size = {"ledger, MB": sum(file.stat().st_size for file in (folder / "ledger").iterdir()) / 1e6}
    return seconds | size | {"table, MB": path.stat().st_size / 1e6, "rows": len(frame)}


def page(figures: dict[str, Any]) -> str:
    """Write the figures as Markdown."""
    names = ("one cell", "20 cells")
    head = ("", "at trial", "searching, ms", "scheduling, ms", "wall, ms", "of it recording, ms", "driver, MB")
    digits = {"searching": 1, "scheduling": 1, "wall": 0, "recording": 1, "memory": 0}
    costs = [
        [name, str(number), *(f"{cost[what]:.{count}f}" for what, count in digits.items())]
        for name in names
        for number, cost in figures[name]["at"].items()
    ]
    parts = [_markdown.table(head, costs)]
    parts += [f"{name}: {figures[name]['trials']} trials; by worker {figures[name]['workers']}" for name in names]
    loading = [[name, f"{value:,.2f}"] for name, value in figures["folder"].items()]
    return "\n\n".join([*parts, _markdown.table(("folder of one cell", ""), loading)])


def missed(at: dict[int, dict[str, float]], folder: dict[str, float]) -> list[str]:
    """Name the bounds that do not hold; without further trials than the last of `AT` nothing can grow."""
    before, last = max(AT), max(at)
    told = [(folder["load the table"], LOADING, "s to load the table")]
    if last > before:
        searching, growth = at[last]["searching"] / at[before]["searching"], at[last]["memory"] - at[before]["memory"]
        told.append((searching, FLAT, f"times the searching of trial {before} at trial {last}"))
        told.append((growth / (last - before), GROWTH, f"MB a trial that the driver grows from trial {before} on"))
    return [f"missed: {found:.2f} {what}, at most {most:g}" for found, most, what in told if found > most]


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * PAGE / 1e6


if __name__ == "__main__":
    sys.exit(main())
