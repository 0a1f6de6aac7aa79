"""A complete study of small photographs, trained in this process without Ray: the finished folder that tests read.

Use it for tests of a study's files, such as the fixture `finished`; use `inline` for tests of commands and their
output. Its space is `tests/spaces/photographs.py`, and its report has no pictures.
"""

import contextlib
import functools
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from study import run
from study.backend import worker
from study.backend.session import Place

SPACE = Path(__file__).parents[1] / "spaces" / "photographs.py"
CLASSES = ("blue", "green", "red")


def photographs(folder: Path) -> Path:
    """Write a data set of three classes: pictures of two formats and odd sizes, wider than high."""
    draw = np.random.default_rng(0)
    for split, count in (("train", 16), ("test", 9)):
        for label, name in enumerate(CLASSES):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 120, (21 + number, 32, 3))
                pixels[..., 2 - label] += 100
                ending = "png" if number % 2 else "jpg"
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / name / f"{number:02d}.{ending}")
    return folder


def study(out: Path, images: Path, *options: str, reports: int | None = None) -> int:
    """Run the command as `python -m study.run` does, without Ray; returns its exit code.

    Args:
        out: the study's folder.
        images: written by `photographs`.
        options: further options of the command.
        reports: number of reports after which to stop, as after a signal; None runs to the end.
    """
    words = ["--space", str(SPACE), "--data", str(images), "--out", str(out), "--checkpoint-every", "0s", *options]
    place = mock.patch("study.backend.session.cluster", return_value=contextlib.nullcontext(Place(1, 0, 1)))
    search = mock.patch("study.backend.tune.run", functools.partial(one_by_one, reports=reports))
    undrawn = mock.patch("analysis.figures.draw.pictures", return_value=[])  # they take most of the time
    with place, search, undrawn, mock.patch("signal.signal"):
        return run.main(words)


def one_by_one(state, job, *, ended, reports=None, **ignored):
    """Run a state's trials, as `study.backend.tune.run` does."""
    while (trial := state.next_trial()) is not None:
        for results in worker.results([job(trial) | {"threads": 1, "gpu": False}]):
            result = results[trial.id]
            recorded = {"rows": result["rows"], "worker": "here", "time": 0.0}
            decision = state.report(trial.id, result["epoch"], result["objective"], result["last"], **recorded)
            reports = None if reports is None else reports - 1
            if reports == 0:
                return
            if decision != "continue":
                break
        ended(trial.id)
