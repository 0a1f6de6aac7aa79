"""The command in this process without Ray, one trial after another: real files of a real study in seconds."""

import contextlib
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
    """Write three classes of pictures, wider than high, of two formats and of odd sizes."""
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
    """Run the command as `python -m study.run` does, but for Ray; gives its exit code.

    Args:
        out: the study's folder.
        images: of `photographs`.
        options: more of them.
        reports: stops after so many, as a signal would.
    """
    words = ["--space", str(SPACE), "--data", str(images), "--out", str(out), "--checkpoint-every", "0s", *options]
    place = mock.patch("study.backend.session.cluster", return_value=contextlib.nullcontext(Place(1, 0, 1)))
    search = mock.patch("study.backend.tune.run", lambda *given, **_: one_by_one(*given, reports=reports))
    undrawn = mock.patch("analysis.figures.draw.pictures", return_value=[])  # they take most of the time
    with place, search, undrawn, mock.patch("signal.signal"):
        return run.main(words)


def one_by_one(state, asked, tune, place, ended, stop, reports=None):
    """Run a state's trials, as `study.backend.tune.run` does."""
    while (trial := state.next_trial()) is not None:
        for found in worker.results([asked(trial) | {"threads": 1, "gpu": False}]):
            said = found[trial.id]
            told = {"rows": said["rows"], "worker": "here", "time": 0.0}
            decision = state.report(trial.id, said["epoch"], said["objective"], said["last"], **told)
            reports = None if reports is None else reports - 1
            if reports == 0:
                return
            if decision != "continue":
                break
        ended(trial.id)
