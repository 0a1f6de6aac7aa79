"""The weights that a study's cells start from: trained on Ray before the search where the store does not have them.

Knows the order of things and what is said of it; knows nothing of how weights are trained (`pretraining/train.py`).
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from study.backend.session import Place, line, on_workers
from study.errors import Damaged
from study.models import weights
from study.pretraining import train as pretraining
from study.pretraining.initial_weights import InitialWeights
from study.storage import store
from study.storage.ledger import Event

LOOK_EVERY = 30.0  # seconds


def train(
    starts: Sequence[Sequence[InitialWeights]],
    place: Place,
    checkpoint_seconds: float,
    check: Callable[[], None],
    say: Callable[[str], None],
) -> dict[int, str]:
    """Train what the store does not have, as many at a time as trials.

    Args:
        starts: those of each cell, none where it needs none.
        place: what one training occupies.
        checkpoint_seconds: between two checkpoints of a training.
        check: called several times a second; what it raises ends all trainings, which a later call resumes.
        say: gets a line on each, and now and then how far they are.

    Returns:
        Number of a cell whose weights could not be trained → why.
    """
    failed: dict[Path, str] = {}
    for wanted in _rounds(starts):
        ready = [start for start in wanted if not (start.before and start.before.path in failed)]
        missing = [start for start in ready if not _found(start, say)]
        failed |= _train(missing, place, checkpoint_seconds, check, say)
        failed |= {start.path: failed[start.before.path] for start in wanted if start.before and start not in ready}
    return {number: failed[start.path] for number, each in enumerate(starts) for start in each if start.path in failed}


def lines(starts: Sequence[Sequence[InitialWeights]]) -> Iterator[InitialWeights]:
    """All trainings that lead to some weights; one may come several times."""
    return (start for each in starts for last in each for start in last.line)


def _rounds(starts: Sequence[Sequence[InitialWeights]]) -> list[list[InitialWeights]]:
    """Sort all trainings, each once, so that those that others go on from are in an earlier round."""
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
) -> dict[Path, str]:
    """Train some weights; gives why those failed that did."""
    manner = pretraining.TrainOptions(place.gpus > 0, checkpoint_seconds, " ".join(["python", *sys.orig_argv[1:]]))
    jobs, looks = [(start, max(1, int(place.cpus)), manner) for start in missing], _Looks(missing, say)

    def watched() -> None:
        check()
        looks()

    failed: dict[Path, str] = {}
    for number, error in on_workers(pretraining.train, jobs, place, watched):
        if isinstance(error, OSError):
            raise error
        if error is not None:
            failed[missing[number].path] = f"{_name(missing[number], repr)} cannot be trained ({line(error)})"
        else:
            say(_told(missing[number], "trained"))
    return failed


def _name(start: InitialWeights, write: Callable[[str], str] = str) -> str:
    """Name weights for people."""
    which = "" if start.replicate is None else f" of replicate {start.replicate}"
    return f"weights {write(start.source.name)}{which}"


class _Looks:
    """Says every so often how far trainings are."""

    def __init__(self, starts: Sequence[InitialWeights], say: Callable[[str], None]) -> None:
        self._starts, self._say, self._last = starts, say, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last < LOOK_EVERY:
            return
        self._last = time.monotonic()
        for start in self._starts:
            with contextlib.suppress(OSError, ValueError):  # none has ended yet, or all have
                row = json.loads(pretraining.said_file(start).read_text(encoding="utf-8"))
                told = f"accuracy {row['scores']['val']['accuracy']:.3f} held out, {row['seconds']:.0f} s"
                self._say(f"{_name(start)}: epoch {row['epoch']} of {start.source.epochs}, {told}")


def _found(start: InitialWeights, say: Callable[[str], None]) -> bool:
    odd = weights.damage(start.path)
    if odd:
        say(f"{_name(start)}: {odd}; they are made anew")
    elif start.path.exists():
        say(_told(start, "found"))
        return True
    about = f" ({start.source.task}, {start.source.config.family}, {start.source.epochs} epochs)"
    about = f"{about} on {start.prepared.source}" if start.replicate is None else ""  # told once
    before = pretraining.resumes(start)
    say(f"{_name(start)}: training{about}{f'; {before}' if before else ''}")
    return False


def _told(start: InitialWeights, how: str) -> str:
    card = store.open_entry(start.path).meta
    accuracy = card["rows"][-1]["scores"]["val"]["accuracy"]
    told = f"{how}, {start.source.task} accuracy {accuracy:.3f} held out, chance {card['chance']:.3f}"
    return f"{_name(start)}: {told}, {card['seconds']:.0f} s, on {start.prepared.source}"


def refuse_other(found: Sequence[Event], asked: Sequence[Event]) -> None:
    """Refuse weights that were trained anew since a study began, and came out otherwise.

    Args:
        found: the ledger's events.
        asked: what `events` gives now.

    Raises:
        study.errors.Damaged: names the weights.
    """
    before = {event["trial"]: event["model"] for event in found if event["kind"] == "pretrain"}
    for event in asked:
        if before.get(event["trial"], event["model"]) != event["model"]:
            told = f"weights {event['weights']!r} in the store are not those that this study began with"
            raise Damaged(
                f"{told}: they were trained anew, and came out otherwise (another processor, or other threads)"
            )


def events(starts: Sequence[Sequence[InitialWeights]], absent: Collection[int]) -> Iterator[Event]:
    """Say of each of the weights what the table shows: their settings and the scores after each epoch.

    Args:
        starts: those of each cell.
        absent: numbers of cells that are not run.
    """
    first: dict[Path, tuple[str, InitialWeights]] = {}
    for cell, each in enumerate(starts):
        for last in each if cell not in absent else ():
            for ahead, start in enumerate(reversed(last.line)):
                first.setdefault(start.path, (_trial(cell, ahead, start.replicate), start))
    for path, (trial, start) in first.items():
        card = store.open_entry(path).meta
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
    """Name a training as trials are named: w003, or w003-t1-r002, the one before the last of a replicate's chain."""
    before = f"-t{ahead}" if ahead else ""
    return f"w{cell:03d}{before}" + ("" if replicate is None else f"-r{replicate:03d}")


def _rows(start: InitialWeights, card: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One row a score, as a trial's."""
    about = {"phase": 0, "trained_on": start.source.task, "task": start.source.task, "train_images": card["images"]}
    for row in card["rows"]:
        common = {key: row[key] for key in ("epoch", "step", "seconds")} | about
        common["alarms"] = " | ".join(row["alarms"]) or None
        for split, scores in row["scores"].items():
            for metric, score in scores.items():
                yield common | {"split": split, "metric": metric, "score": score}
    last = card["rows"][-1]
    common = {key: last[key] for key in ("epoch", "step", "seconds")} | about
    yield common | {"split": "val", "metric": "chance", "score": card["chance"]}
