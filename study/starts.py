"""The weights that a study's cells start from: trained on Ray before the search where the store does not have them.

Knows the order of things and what is said of it; knows nothing of how weights are trained (`pretraining.py`).
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study import pretraining, store, weights
from study.cluster import Place, line, on_workers
from study.ledger import Damaged, Event

if TYPE_CHECKING:
    from study.data import Prepared
    from study.sources import Source


LOOK_EVERY = 30.0  # seconds


class Start(NamedTuple):
    """Weights that some cells start from."""

    source: "Source"
    prepared: "Prepared"
    """The images they are trained on."""
    seed: int

    @property
    def key(self) -> dict[str, Any]:
        """All that they depend on."""
        return weights.key(self.source, self.prepared, self.seed)

    @property
    def path(self) -> Path:
        """Their entry in the store, be it there or not."""
        return store.place(weights.KIND, self.key)


def train(
    starts: Sequence[Start | None],
    place: Place,
    checkpoint_seconds: float,
    check: Callable[[], None],
    say: Callable[[str], None],
) -> dict[int, str]:
    """Train what the store does not have, as many at a time as trials.

    Args:
        starts: one a cell.
        place: what one training occupies.
        checkpoint_seconds: between two checkpoints of a training.
        check: called several times a second; what it raises ends all trainings, which a later call resumes.
        say: gets a line on each, and now and then how far they are.

    Returns:
        Number of a cell whose weights could not be trained → why.
    """
    wanted = {start.path: start for start in starts if start is not None}
    missing = [start for start in wanted.values() if not _found(start, say)]
    manner = pretraining.Manner(place.gpus > 0, checkpoint_seconds, " ".join(["python", *sys.orig_argv[1:]]))
    jobs = [(*start, max(1, int(place.cpus)), manner) for start in missing]
    looks = _Looks(missing, say)

    def watched() -> None:
        check()
        looks()

    failed: dict[Path, str] = {}
    for number, error in on_workers(pretraining.train, jobs, place, watched):
        if isinstance(error, OSError):
            raise error
        if error is not None:
            failed[missing[number].path] = f"weights {missing[number].source.name!r} cannot be trained ({line(error)})"
        else:
            say(_told(missing[number], "trained"))
    return {number: failed[start.path] for number, start in enumerate(starts) if start and start.path in failed}


class _Looks:
    """Says every so often how far trainings are."""

    def __init__(self, starts: Sequence[Start], say: Callable[[str], None]) -> None:
        self._starts, self._say, self._last = starts, say, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last < LOOK_EVERY:
            return
        self._last = time.monotonic()
        for start in self._starts:
            with contextlib.suppress(OSError, ValueError):  # none has ended yet, or all have
                row = json.loads(pretraining.said_file(*start).read_text())
                told = f"accuracy {row['scores']['val']['accuracy']:.3f} held out, {row['seconds']:.0f} s"
                self._say(f"weights {start.source.name}: epoch {row['epoch']} of {start.source.epochs}, {told}")


def _found(start: Start, say: Callable[[str], None]) -> bool:
    odd = weights.damage(start.path)
    if odd:
        say(f"weights {start.source.name}: {odd}; they are made anew")
    elif start.path.exists():
        say(_told(start, "found"))
        return True
    about = f"{start.source.task}, {start.source.config.family}, {start.source.epochs} epochs"
    before = pretraining.resumes(*start)
    say(f"weights {start.source.name}: training ({about}) on {start.prepared.source}{f'; {before}' if before else ''}")
    return False


def _told(start: Start, how: str) -> str:
    card = store.open_entry(start.path).meta
    accuracy = card["rows"][-1]["scores"]["val"]["accuracy"]
    told = f"{how}, {start.source.task} accuracy {accuracy:.3f} held out, chance {card['chance']:.3f}"
    return f"weights {start.source.name}: {told}, {card['seconds']:.0f} s, on {start.prepared.source}"


def refuse_other(found: Sequence[Event], asked: Sequence[Event]) -> None:
    """Refuse weights that were trained anew since a study began, and came out otherwise.

    Args:
        found: the ledger's events.
        asked: what `events` gives now.

    Raises:
        study.ledger.Damaged: names the weights.
    """
    before = {event["trial"]: event["model"] for event in found if event["kind"] == "pretrain"}
    for event in asked:
        if before.get(event["trial"], event["model"]) != event["model"]:
            told = f"weights {event['weights']!r} in the store are not those that this study began with"
            raise Damaged(
                f"{told}: they were trained anew, and came out otherwise (another processor, or other threads)"
            )


def events(starts: Sequence[Start | None], absent: dict[int, str]) -> Iterator[Event]:
    """Say of each of the weights what the table shows: their settings and the scores after each epoch."""
    first: dict[Path, int] = {}
    for number, start in enumerate(starts):
        if start is not None and number not in absent:
            first.setdefault(start.path, number)
    for path, cell in first.items():
        start = starts[cell]
        assert start is not None
        card = store.open_entry(path).meta
        values = asdict(start.source.config) | {"weights": start.source.name, "regime": None}
        yield {
            "kind": "pretrain",
            "trial": f"w{cell:03d}",
            "weights": start.source.name,
            "values": values,
            "seed": start.seed,
            "data": start.prepared.source,
            "model": weights.checksum(path),
            "rows": list(_rows(start, card)),
        }


def _rows(start: Start, card: dict[str, Any]) -> Iterator[dict[str, Any]]:
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
