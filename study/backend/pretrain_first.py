"""Trains on Ray, before the search, the initial weights of a study's cells that the store does not have.

Knows their order and reports progress; knows nothing of how weights are trained (`pretraining/train.py`).
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from study.backend.session import Place, line, on_workers
from study.errors import Damaged
from study.models import weights
from study.models.weights import EpochRecord, PretrainingCard
from study.plugins import Code
from study.pretraining import train as pretraining
from study.pretraining.imported import ImportedWeights
from study.pretraining.initial_weights import InitialWeights
from study.storage.events import Event, PretrainEvent, Row, RowFields, Score

LOOK_EVERY = 30.0  # seconds
Starts = Sequence[Sequence[InitialWeights | ImportedWeights]]
"""Initial weights of each cell; a cell that needs none has none."""


def train(
    starts: Starts,
    place: Place,
    checkpoint_seconds: float,
    check: Callable[[], None],
    say: Callable[[str], None],
    code: tuple[Code, ...] = (),
) -> dict[int, str]:
    """Train the weights that the store does not have, as many at a time as trials.

    Args:
        starts: initial weights of each cell; empty for a cell that needs none.
        place: resources of one training.
        checkpoint_seconds: between two checkpoints of a training.
        check: called several times a second; what it raises ends all trainings, which a later call resumes.
        say: prints a line on each, and now and then on the progress.
        code: of the user's own.

    Returns:
        Number of a cell whose weights could not be trained → why.
    """
    failed: dict[Path, str] = {}
    for wanted in _rounds(starts):
        ready = [start for start in wanted if not (start.before and start.before.path in failed)]
        missing = [start for start in ready if not _in_store(start, say)]
        failed |= _train(missing, place, checkpoint_seconds, check, say, code)
        failed |= {start.path: failed[start.before.path] for start in wanted if start.before and start not in ready}
    return {
        cell: failed[start.path]
        for cell, cell_starts in enumerate(starts)
        for start in cell_starts
        if start.path in failed
    }


def lines(starts: Starts) -> Iterator[InitialWeights]:
    """Yield all trainings that lead to the initial weights; one may come several times."""
    weights = (start for cell_starts in starts for last in cell_starts for start in last.line)
    return (start for start in weights if isinstance(start, InitialWeights))


def _rounds(starts: Starts) -> list[list[InitialWeights]]:
    """Sort all trainings, each once, into rounds: a training that begins with another's weights is in a later round."""
    rounds: dict[int, dict[Path, InitialWeights]] = {}
    for start in lines(starts):
        rounds.setdefault(len(start.line), {})[start.path] = start
    return [list(rounds[number].values()) for number in sorted(rounds)]


def _train(
    missing: list[InitialWeights],
    place: Place,
    checkpoint_seconds: float,
    check: Callable[[], None],
    say: Callable[[str], None],
    code: tuple[Code, ...],
) -> dict[Path, str]:
    """Train some weights; returns entry → why its training failed."""
    options = pretraining.TrainOptions(
        gpu=place.gpus > 0,
        checkpoint_seconds=checkpoint_seconds,
        command=" ".join(["python", *sys.orig_argv[1:]]),
    )
    jobs, progress = [(start, max(1, int(place.cpus)), options) for start in missing], _Progress(missing, say)

    def watched() -> None:
        check()
        progress()

    failed: dict[Path, str] = {}
    for number, error in on_workers(pretraining.train, jobs, place, watched, code):
        if isinstance(error, OSError):
            raise error
        if error is not None:
            failed[missing[number].path] = f"{_name(missing[number], repr)} cannot be trained ({line(error)})"
        else:
            say(_summary(missing[number], "trained"))
    return failed


def _name(start: InitialWeights, write: Callable[[str], str] = str) -> str:
    """Name weights for people."""
    owner = "" if start.replicate is None else f" of replicate {start.replicate}"
    return f"weights {write(start.source.name)}{owner}"


class _Progress:
    """Prints the progress of trainings, every `LOOK_EVERY` seconds."""

    def __init__(self, starts: Sequence[InitialWeights], say: Callable[[str], None]) -> None:
        self._starts, self._say, self._last = starts, say, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last < LOOK_EVERY:
            return
        self._last = time.monotonic()
        for start in self._starts:
            with contextlib.suppress(OSError, ValueError):  # none has ended yet, or all have
                row = json.loads(pretraining.progress_file(start).read_text(encoding="utf-8"))
                score = f"accuracy {row['scores']['val']['accuracy']:.3f} held out, {row['seconds']:.0f} s"
                self._say(f"{_name(start)}: epoch {row['epoch']} of {start.source.epochs}, {score}")


def _in_store(start: InitialWeights, say: Callable[[str], None]) -> bool:
    """Whether the store has some weights, undamaged; prints a line on them, or on the training to come."""
    damage = weights.damage(start.path)
    if damage:
        say(f"{_name(start)}: {damage}; they are made anew")
    elif start.path.exists():
        say(_summary(start, "found"))
        return True
    training = f" ({start.source.task}, {start.source.config.family}, {start.source.epochs} epochs)"
    training = f"{training} on {start.prepared.source}" if start.replicate is None else ""  # not for each replicate
    before = pretraining.resumes(start)
    say(f"{_name(start)}: training{training}{f'; {before}' if before else ''}")
    return False


def _summary(start: InitialWeights, origin: str) -> str:
    card = weights.card(start.path)
    accuracy = card["rows"][-1]["scores"]["val"]["accuracy"]
    scores = f"{start.source.task} accuracy {accuracy:.3f} held out, chance {card['chance']:.3f}"
    return f"{_name(start)}: {origin}, {scores}, {card['seconds']:.0f} s, on {start.prepared.source}"


def refuse_other(recorded: Sequence[Event], current: Sequence[PretrainEvent]) -> None:
    """Refuse weights that differ from those that a study began with, because they were trained anew.

    Args:
        recorded: the ledger's events.
        current: `events` of the weights in the store.

    Raises:
        study.errors.Damaged: names the weights.
    """
    before = {event["trial"]: event["model"] for event in recorded if event["kind"] == "pretrain"}
    for event in current:
        if before.get(event["trial"], event["model"]) != event["model"]:
            problem = f"weights {event['weights']!r} in the store are not those that this study began with"
            raise Damaged(
                f"{problem}: they were trained anew, and came out otherwise (another processor, or other threads)"
            )


def events(starts: Starts, absent: Collection[int]) -> Iterator[PretrainEvent]:
    """Yield an event for each of the weights, from which the table has its settings and its scores after each epoch.

    Args:
        starts: initial weights of each cell.
        absent: numbers of cells that are not run.
    """
    first: dict[Path, tuple[str, InitialWeights]] = {}
    for cell, cell_starts in enumerate(starts):
        for last in cell_starts if cell not in absent else ():
            for ahead, start in enumerate(reversed([*lines([[last]])])):
                first.setdefault(start.path, (_trial(cell, ahead, start.replicate), start))
    for path, (trial, start) in first.items():
        card = weights.card(path)
        values = asdict(start.source.config) | {"weights": start.source.name, "regime": None}
        yield {
            "kind": "pretrain",
            "trial": trial,
            "weights": start.source.name,
            "values": values,
            "seed": start.drawn,
            "data": start.prepared.source,
            "model": weights.checksum(path),
            "rows": list(_rows(start, card)),
        }


def _trial(cell: int, ahead: int, replicate: int | None) -> str:
    """Return a training's id: w003, or w003-t1-r002 for the training before the last in a replicate's chain."""
    before = f"-t{ahead}" if ahead else ""
    return f"w{cell:03d}{before}" + ("" if replicate is None else f"-r{replicate:03d}")


def _rows(start: InitialWeights, card: PretrainingCard) -> Iterator[Row]:
    """Yield one row a score, like a trial's."""
    for record in card["rows"]:
        common = _common(start, card, record) | {"alarms": " | ".join(record["alarms"]) or None}
        for split, scores in record["scores"].items():
            for metric, score in scores.items():
                score_fields: Score = {"split": split, "metric": metric, "score": score}
                yield {**common, **score_fields}
    common = _common(start, card, card["rows"][-1])
    chance: Score = {"split": "val", "metric": "chance", "score": card["chance"]}
    yield {**common, **chance}


def _common(start: InitialWeights, card: PretrainingCard, record: EpochRecord) -> RowFields:
    return {
        "epoch": record["epoch"],
        "step": record["step"],
        "seconds": record["seconds"],
        "phase": 0,
        "trained_on": start.source.task,
        "task": start.source.task,
        "train_images": card["images"],
    }
