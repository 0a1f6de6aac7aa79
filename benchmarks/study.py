"""`python -m benchmarks.study`: the same small studies three ways, as docs/speed.md quotes them.

Ours is the real command; the peers are the Ray Tune tutorial's pattern and a plain Optuna study. Exit code 1 where a
bound is missed, scores disagree, cannot be compared, or a run failed; 2 where the options make no sense.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _data, _figures, _options, _outcome, _tables, _timeline, _ways, _workloads
from benchmarks._workloads import Workload
from study.errors import UserError

ORDER = ("ray", "optuna", "ours")


def main(argv: list[str] | None = None) -> int:
    """Run what the figures' file does not have yet, print the tables; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    own = words.index("--") if "--" in words else len(words)
    args, extra = _arguments(words[:own]), tuple(words[own + 1 :])
    try:
        _workloads.check(args.family, args.size)
        workloads = [_workloads.quick(each) if args.quick else each for each in _workloads.select(args.only)]
        figures = _figures.begin(args.json, workloads, args.family, args.size, extra)
    except UserError as error:
        print(f"benchmarks.study: {error}", file=sys.stderr)
        return _options.USAGE
    missing = [turn for turn in _turns(workloads, args.repeats) if not _figures.has(figures, *turn)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        setting = _ways.Setting(args.family, args.size, extra, Path(folder) / "run")
        failed = _measure(missing, setting, figures, args.json, Path(folder))
    print(_tables.text(figures))
    if args.timeline:
        last = {run["workload"]: run for run in figures["runs"] if run["way"] == "ours"}
        _timeline.draw(list(last.values()), args.timeline)
    problems = [*failed, *_outcome.verdicts(figures)]
    print("", *problems, sep="\n", file=sys.stderr)
    return 1 if problems else 0


def _arguments(words: list[str]) -> argparse.Namespace:
    more = "Options after -- are handed to study.run, e.g. -- --gpus-per-trial 0.5"
    parser = _options.Parser(prog="python -m benchmarks.study", description=__doc__, epilog=more)
    add = parser.add_argument
    told = "write all figures there; runs that it has are not run again, unless other code made them"
    add("--json", type=_options.figures_file, metavar="FILE", help=told)
    add("--only", nargs="+", default=[], metavar="WORKLOAD", help="default: all")
    add("--repeats", type=_options.at_least(1), default=3, metavar="N", help="default: 3")
    add("--family", default="efficientnet_lite0", help="default: efficientnet_lite0")
    add("--size", type=int, default=32, metavar="PX", help="side of the images (default: 32)")
    told = "draw what each worker did in the last runs of ours"
    add("--timeline", type=_options.picture_file, metavar="FILE.png", help=told)
    add("--quick", action="store_true", help=argparse.SUPPRESS)  # seconds of work, to try the benchmark itself
    return parser.parse_args(words)


def _turns(workloads: list[Workload], repeats: int) -> Iterator[tuple[Workload, int, str]]:
    """Interleave the runs; each repeat begins with another way, so that a drift of the machine favours none."""
    for repeat in range(1, repeats + 1):
        turn = (repeat - 1) % len(ORDER)
        for workload in workloads:
            yield from ((workload, repeat, way) for way in ORDER[turn:] + ORDER[:turn])


def _measure(
    turns: list[tuple[Workload, int, str]],
    setting: _ways.Setting,
    figures: _figures.Figures,
    file: Path | None,
    folder: Path,
) -> list[str]:
    """Make these runs, saving the figures after each; gives a line on each that failed."""
    os.environ["STUDY_STORE"] = str(folder / "store")  # for the splits; each run has a store of its own
    failed = []
    if turns:  # libraries, like images, are read from the disk before anything is timed
        subprocess.run([sys.executable, "-c", "import timm, optuna, ray.tune, torchvision"], check=True)
    for workload, repeat, way in turns:
        images, links, counts = _data.prepared(folder, workload, setting.size, repeat)
        figures["workloads"][workload.name]["images"] = counts
        _data.warm(images)
        print(f"repeat {repeat}, {workload.name}, {_outcome.WAYS[way]}: ", end="", file=sys.stderr, flush=True)
        try:
            run = _ways.measure(way, workload, setting, images, links, repeat)
        except _ways.Failed as error:
            failed.append(f"{workload.name}, {way}, repeat {repeat} failed")
            print(f"failed, {error}", file=sys.stderr, flush=True)
            continue
        about = {"workload": workload.name, "repeat": repeat, "way": way, "code": _figures.code(way)}
        figures["runs"].append(about | run)
        _figures.save(figures, file)
        print(f"{run['trial_epochs']} trial-epochs in {run['wall']:.1f} s", file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the run is ended too
    sys.exit(main())
