"""Probabilities as people and spreadsheets read them: labels, a table for the terminal, a CSV file.

Knows nothing of images or networks.
"""

import contextlib
import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.report.pages import defused
from analysis.shell import files
from analysis.shell.text import printable
from study.errors import UserError
from study.models.cards import TaskCard
from study.models.inference import Answer

LOG_WIDTH = 10_000  # columns where the output is no terminal: names must not be folded there


class Labels(NamedTuple):
    """The names of a network's outputs, and which of them are reported."""

    names: tuple[str, ...]
    """Of all outputs; those that stand for no class, of a head with too many, are called by their number."""
    several: bool
    """Whether an image may have any number of them."""
    top: int
    """How many of the likeliest are reported, where an image has one label."""
    threshold: float
    """Labels from this probability on are reported, where an image has several."""

    def reported(self, probabilities: np.ndarray) -> list[tuple[str, float]]:
        """Give the labels to report with their probabilities, the likeliest first; of several maybe none."""
        order = np.argsort(-probabilities, kind="stable")
        likely = [at for at in order if probabilities[at] >= self.threshold] if self.several else order[: self.top]
        return [(self.names[at], float(probabilities[at])) for at in likely]


def show(answers: Iterable[tuple[str, np.ndarray]], named: Labels, file: Path | None, done: Callable[[], None]) -> None:
    """Print a table, or write a CSV file.

    Args:
        answers: paths and probabilities.
        named: the labels.
        file: to be written; None prints the table.
        done: called after the last answer, before anything is printed.

    Raises:
        UserError: there is no answer; no file is written then.
    """
    if file is None:
        made = table(answers, named)
        done()
        _refuse_none(len(made.rows))
        Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH).print(made)
        return
    with sheet(file, named) as add:
        count = sum(add(*answer) is None for answer in answers)
        done()
        _refuse_none(count)
    print(f"wrote {printable(str(file))}: {count:,} image{'s' * (count != 1)}")


def frame(answers: Iterable[Answer], named: Labels) -> pd.DataFrame:
    """Give answers as a table; see `study.predict`.

    Args:
        answers: paths, and (outputs,) probabilities or what is wrong with the file.
        named: the labels.
    """
    heads = ("labels",) if named.several else ("label", "probability")
    columns = [f"p({name})" for name in named.names]
    rows: list[dict[str, Any]] = []
    for path, answer in answers:
        if isinstance(answer, str):
            rows.append({"image": path, "error": answer})
            continue
        best = named.reported(answer)
        first = (tuple(name for name, _ in best),) if named.several else best[0]
        rows.append({"image": path, **dict(zip(heads, first, strict=True)), **dict(zip(columns, answer, strict=True))})
    return pd.DataFrame(rows, columns=["image", *heads, "error", *columns])


def _refuse_none(count: int) -> None:
    if not count:
        raise UserError("none of the images could be read")


def labels(card: TaskCard, outputs: int, top: int, threshold: float) -> Labels:
    """Name the outputs of a card's network."""
    names = *card["classes"], *(f"output {number}" for number in range(len(card["classes"]), outputs))
    return Labels(names, card["labels_per_image"] == "several", top, threshold)


def table(answers: Iterable[tuple[str, np.ndarray]], named: Labels) -> Table:
    """Make a table for the terminal: a row a file."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("image", "labels") if named.several else ("image", "label", "probability", "then"):
        made.add_column(head, overflow="fold", justify="right" if head == "probability" else "left")
    for path, probabilities in answers:
        made.add_row(*(Text(printable(text)) for text in (path, *_texts(named, probabilities))))
    return made


def _texts(named: Labels, probabilities: np.ndarray) -> list[str]:
    texts = [(name, f"{value:.3f}") for name, value in named.reported(probabilities)]
    if named.several:
        return [", ".join(f"{name} {value}" for name, value in texts) or "–"]
    (first, value), *others = texts
    return [first, value, ", ".join(f"{name} {value}" for name, value in others)]


@contextlib.contextmanager
def sheet(path: Path, named: Labels) -> Iterator[Callable[[str, np.ndarray], None]]:
    """Open a CSV file that appears when it is whole; gives what adds a file's row.

    Its columns are `path`, `label` and `probability` (or `labels`, where an image may have several), then the
    probability of each output. Text that a spreadsheet would run as a formula is defused.
    """
    with files.replacing(path) as making, making.open("x", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        heads = ("labels",) if named.several else ("label", "probability")
        writer.writerow(map(_cell, ("path", *heads, *named.names)))

        def add(file: str, probabilities: np.ndarray) -> None:
            best = named.reported(probabilities)
            texts = ["; ".join(name for name, _ in best)] if named.several else [best[0][0]]
            first = [] if named.several else [best[0][1]]
            writer.writerow([*map(_cell, (file, *texts)), *map(_digits, (*first, *probabilities))])

        yield add


def _cell(text: str) -> str:
    return defused(printable(text, allowed="\n\t"))


def _digits(value: float) -> str:
    return f"{value:.7g}"
