"""Makes weights on a pretext or a source task, once, and stores them; a training that was killed can be resumed.

Imports no torch before something is trained (`epochs.py`).
"""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from study.models import weights
from study.models.weights import EpochRecord, PretrainingCard
from study.pretraining.initial_weights import InitialWeights
from study.storage import store


class TrainOptions(NamedTuple):
    """How a training runs; none of this is part of the weights' address in the store."""

    gpu: bool = False
    checkpoint_seconds: float = 30.0
    """Seconds of training between two checkpoints."""
    threads: int | None = None
    """CPU threads of torch; None leaves them as they are."""
    command: str = ""
    """The command line, recorded on the card."""
    on_epoch: Callable[[EpochRecord], None] = lambda row: None
    """Called with the record of each epoch, see `weights.EpochRecord`."""
    check: Callable[[], None] = lambda: None
    """Called at each batch, and every second while another process trains the same weights. It may raise to end the
    training, which a later call resumes."""


DEFAULTS = TrainOptions()


def make(start: InitialWeights, options: TrainOptions = DEFAULTS) -> store.Entry[PretrainingCard]:
    """Open weights. If they are missing or damaged they are trained first, by one of several processes.

    Args:
        start: the weights to be trained; the weights that they start from are made first.
        options: how the training runs.

    Returns:
        The entry; its `meta` is the card.

    Raises:
        FloatingPointError: the loss is not finite.
        UserError: there are no images to train on.
    """
    if isinstance(start.before, InitialWeights):
        make(start.before, options)
    job = partial(_make, start, options, unfinished(start))
    entry = store.make_once(weights.KIND, start.key, job, verified=True, waits=options.check)
    shutil.rmtree(unfinished(start), ignore_errors=True)
    return entry


def train(start: InitialWeights, threads: int, options: TrainOptions) -> None:
    """Make weights in a process of its own; the record of the last epoch is written to `progress_file`."""
    file = progress_file(start)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        make(start, options._replace(threads=threads, on_epoch=lambda row: _write(file, row)))
    finally:
        file.unlink(missing_ok=True)


def progress_file(start: InitialWeights) -> Path:
    """Give the file with the record of the last epoch, by which other processes follow the progress of `train`."""
    return start.path.with_suffix(".progress")


def unfinished(start: InitialWeights) -> Path:
    """Give the folder for the checkpoints of a training that has not finished."""
    return start.path.with_suffix(".training")


def resumes(start: InitialWeights) -> str | None:
    """Say after which epoch a stopped training resumes, or that no checkpoint is intact; None without any."""
    folder = unfinished(start)
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    from study.storage import checkpoints  # imports torch

    checkpoint = checkpoints.latest(folder, report=weights.REPORT)
    if checkpoint is None:
        return f"no checkpoint in {folder} is whole: begins anew"
    return f"resumes after epoch {checkpoint.report['epoch']}"


def _write(file: Path, row: EpochRecord) -> None:
    partial_file = file.with_suffix(".new")
    partial_file.write_text(json.dumps(row), encoding="utf-8")
    partial_file.replace(file)


def _make(start: InitialWeights, options: TrainOptions, checkpoint_folder: Path, folder: Path) -> PretrainingCard:
    from study.pretraining import epochs  # imports torch, which no weights need that are in the store

    return epochs.fill_entry(start, options, checkpoint_folder, folder)
