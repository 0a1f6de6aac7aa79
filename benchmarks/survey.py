"""`python -m benchmarks.survey`: cuts every network of timm and torchvision, and prints how many are cut into stages.

Networks are built without their numbers. Results are kept in a file, line by line, and a second run goes on with it.
Exit code 1 where a network that is no known exception cannot be described, or cannot be cut.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict

from benchmarks import _options
from study.models.families import LIBRARIES, _networks, _plans
from tests.models.staging.exceptions import UNCUT

WANTED = 0.99
"""Share of all networks that are to be cut into two stages or more."""


class Result(TypedDict):
    """What became of one network."""

    name: str
    stages: int
    """0 where it could not be described."""
    why: str | None
    """Why it is not cut."""
    seconds: float


def main(argv: Sequence[str] | None = None) -> int:
    """Survey all networks; returns the exit code."""
    options = _arguments(argv)
    known = {result["name"]: result for result in _read(options.results)}
    names = _all_names()[:: options.every]
    with options.results.open("a", encoding="utf-8") as file:
        for name in names:
            if name not in known:
                known[name] = _look(name)
                file.write(f"{json.dumps(known[name])}\n")
                file.flush()
    return _report([known[name] for name in names])


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _options.Parser(prog="python -m benchmarks.survey", description="Cut all networks of the libraries.")
    parser.add_argument("--results", type=Path, default=Path("survey.jsonl"), metavar="FILE", help="kept line by line")
    parser.add_argument(
        "--every", type=_options.at_least(1), default=1, metavar="N", help="each N-th name (default: 1)"
    )
    return parser.parse_args(argv)


def _all_names() -> list[str]:
    return [name for library in LIBRARIES for name in _names(library)]


def _names(library: str) -> list[str]:
    """List a library's networks without the names of weights."""
    return [f"{library}/{name}" for name in _networks.module_of(library).names() if "." not in name]


def _read(file: Path) -> Iterator[Result]:
    if file.exists():
        yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def _look(name: str) -> Result:
    library, _, network = name.partition("/")
    began = time.monotonic()
    try:
        facts = _plans.describe(_networks.module_of(library), network, None)
        stages, why = len(facts.stages), facts.whole
    except Exception as error:  # whatever a library's code raises
        stages, why = 0, f"{type(error).__name__}: {error}".partition("\n")[0][:200]
    return {"name": name, "stages": stages, "why": why, "seconds": round(time.monotonic() - began, 2)}


def _report(results: list[Result]) -> int:
    print("| library | networks | cut | stages: networks | one stage | not described |")
    print("|---|---:|---:|---|---:|---:|")
    for library in LIBRARIES:
        own = [each for each in results if each["name"].startswith(f"{library}/")]
        cut = sum(each["stages"] > 1 for each in own)
        counts = ", ".join(f"{stages}: {count}" for stages, count in sorted(Counter(x["stages"] for x in own).items()))
        row = [library, str(len(own)), f"{cut} ({cut / max(len(own), 1):.1%})", counts]
        print(f"| {' | '.join(row)} | {sum(x['stages'] == 1 for x in own)} | {sum(not x['stages'] for x in own)} |")
    uncut = {each["name"]: each["why"] for each in results if each["stages"] < 2}
    known = {f"timm/{name}" for name in UNCUT}
    for name, why in uncut.items():
        print(f"- {name}: {why}{'' if name in known else ' (NEW)'}")
    return 0 if uncut.keys() <= known and len(known) <= (1 - WANTED) * len(_all_names()) else 1


if __name__ == "__main__":
    sys.exit(main())
