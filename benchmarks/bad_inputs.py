"""`python -m benchmarks.bad_inputs`: each bad input of the tests as a command: exit code, line, seconds.

Knows how to run a case and to write the table of docs/bad-inputs.md; what is wrong in each is in `tests.bad_inputs`.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import _markdown, _options
from tests.bad_inputs import CASES, Case

ROOT = Path(__file__).parents[1]
BOUND = 5.0
"""Seconds that a command may take to say what is wrong."""


class Answer(NamedTuple):
    """What a command did."""

    case: Case
    code: int
    seconds: float
    busy: float
    """Seconds that processors worked for it: on a machine that does other things too they say more."""
    said: str
    """The first line on stderr."""

    @property
    def right(self) -> bool:
        """Whether it ended as it should."""
        return self.code == self.case.code and bool(self.said)


def answer(case: Case) -> Answer:
    """Run a case in a folder and a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        case.make(here)
        own = {key: value.format(here=here) for key, value in case.environment.items()}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", **own}
        command = [sys.executable, "-m", case.module, *case.command]
        began, before = time.perf_counter(), _busy()
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
        seconds, busy = time.perf_counter() - began, _busy() - before
    said = done.stderr.replace(f"{here.resolve()}/", "").replace(f"{ROOT}/", "")
    return Answer(case, done.returncode, seconds, busy, (said.splitlines() or [""])[0])


def _busy() -> float:
    """Give the processor seconds of all commands that have ended."""
    used = os.times()
    return used.children_user + used.children_system


def page(answers: list[Answer]) -> str:
    """Write the table."""
    head = ["what is wrong", "command", "says", "exit code", "seconds", "CPU seconds"]
    rows = []
    for each in answers:
        words = each.case.words.format(tiny="tests/spaces/tiny.py", golden="tests/golden")
        command = f"`{each.case.module} {_short(words, 60)}`"
        rows.append(
            [
                each.case.name,
                command,
                f"`{_short(each.said, 150)}`",
                str(each.code),
                f"{each.seconds:.1f}",
                f"{each.busy:.1f}",
            ]
        )
    return _markdown.table(head, rows, texts=3)


def _short(text: str, most: int) -> str:
    text = text.replace("|", "/").replace("`", "'").strip()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def main(arguments: list[str] | None = None) -> int:
    """Print the table and what it comes to; 1 where a case did not end as it should, or took processors too long."""
    parser = _options.Parser(prog="python -m benchmarks.bad_inputs", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="cases whose names have it")
    asked = parser.parse_args(arguments)
    chosen = [case for case in CASES if asked.only in case.name]
    if not chosen:
        parser.error(f"--only {asked.only!r}: no case's name has it")
    answers = [answer(case) for case in chosen]
    print(page(answers))
    wrong = [each for each in answers if not each.right or each.busy > BOUND]
    print(f"\n{len(answers)} cases, {len(wrong)} wrong.")
    for what, name in (("seconds", "seconds"), ("CPU seconds", "busy")):
        slowest = max(answers, key=lambda each: getattr(each, name))
        late = sum(getattr(each, name) > BOUND for each in answers)
        told = f"{late} took over {BOUND:g} {what}; the slowest, {slowest.case.name}"
        print(
            f"{told}, {getattr(slowest, name):.1f}; the median, {median(getattr(each, name) for each in answers):.1f}."
        )
    for each in wrong:
        told = f"exit code {each.code}, {each.case.code} expected, {each.busy:.1f} CPU seconds"
        print(f"wrong: {each.case.name}: {told}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
