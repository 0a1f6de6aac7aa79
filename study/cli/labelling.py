"""Labels images with a saved network, and writes what it answers. Imports torch and pandas."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import Progress

from analysis.shell import command
from study.cli import predictions
from study.cli.predictions import Labels
from study.data.decoder_warnings import few
from study.errors import FAILED, Damaged
from study.models import cards, inference, saved
from study.models.inference import Answer

MANY = 200  # images from which on there is a progress bar


class Labelling(NamedTuple):
    """Which images are labelled, and by which network."""

    model: Path
    """The model's folder."""
    earlier: str | None
    """A task that the network had learnt before, whose head is used; None is the last."""
    own_batchnorm: bool
    """Whether the BatchNorm statistics are those of when that earlier task was learnt."""
    paths: list[str]
    """Of the images."""
    top: int
    """How many of the likeliest classes are reported, where an image has one."""
    threshold: float
    """Labels from this probability on are reported, where an image has several."""


def frame(labelling: Labelling) -> pd.DataFrame:
    """Give the answers as a table; see `study.predict`."""
    threads = torch.get_num_threads()
    try:
        labels, answers = _answers(labelling, lambda note: None)
        return predictions.frame(answers, labels)
    finally:
        torch.set_num_threads(threads)  # the caller's


def write(labelling: Labelling, file: Path | None, end: command.Ending) -> list[str]:
    """Print the answers, or write them to a CSV file; gives the images that could not be read."""
    unread: list[str] = []
    notes: list[str] = []
    labels, answers = _answers(labelling, notes.append)
    with _progress(len(labelling.paths)) as bar:
        tracked = bar.track(answers, len(labelling.paths), description="images")
        predictions.show(_readable(tracked, unread, end), labels, file, bar.stop)
    for note in few(notes):
        end.note(note)
    return unread


def _answers(labelling: Labelling, note: Callable[[str], object]) -> tuple[Labels, Iterator[Answer]]:
    """Load a model; gives the names of its outputs, and the answers for files as they are predicted.

    Raises:
        Damaged: of an answer that is no number.
    """
    torch.set_num_threads(1)  # as a trial does: the probabilities are training's
    net, card = saved.load(labelling.model, labelling.earlier, labelling.own_batchnorm)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    labels = predictions.labels(card, inference.outputs(net, card), labelling.top, labelling.threshold)
    answers = inference.predict(net, card, labelling.paths, device, note)
    return labels, (_finite(answer, labelling.model / cards.MODEL) for answer in answers)


def _finite(answer: Answer, model: Path) -> Answer:
    """Refuse a network that answers with what is no number."""
    path, probabilities = answer
    if not isinstance(probabilities, str) and not np.isfinite(probabilities).all():
        raise Damaged(f"{model}: answers {path} with what is no number, so it is no trained network")
    return answer


def _progress(count: int) -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=count < MANY or not console.is_terminal)


def _readable(answers: Iterable[Answer], unread: list[str], end: command.Ending) -> Iterator[tuple[str, np.ndarray]]:
    """Pass on what could be predicted; name the other files on stderr."""
    for path, answer in answers:
        if isinstance(answer, str):
            unread.append(path)
            end.line(answer, FAILED)
        else:
            yield path, answer
