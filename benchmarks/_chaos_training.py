"""A real small network's training, killed at steps, at epochs' ends and around its checkpoints, and gone on with.

Knows what a training leaves behind; a training that was killed is to leave the same, to the bit.
"""

import itertools
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import _chaos_points, _chaos_process
from benchmarks._chaos_account import Account, journal
from benchmarks._chaos_kills import EACH, Chaos, Tally
from benchmarks._chaos_points import Crash
from benchmarks._chaos_study import note
from study.backend import worker
from study.data import prepare
from study.training import optim

EPOCHS = 4
POINTS = ("at a step", "at an epoch's end", "before a checkpoint's rename", "after a checkpoint's rename")
TRIAL = "c000-r000"
SCORE = ("epoch", "split", "metric", "truth", "answer")
"""What makes a score this one."""


class Left(NamedTuple):
    """What a training left behind."""

    weights: bytes
    scores: dict[str, float]


def train(folder: str, prepared: dict[str, Any], crash: Crash) -> None:
    """Train, or go on from the newest checkpoint, up to a named point."""
    bomb, notes = _chaos_points.arm_worker(crash), Path(folder) / "journal.txt"
    step = optim.Optimizer.step

    def stepped(*args: Any, **more: Any) -> Any:
        bomb.at("at a step")
        note(notes, TRIAL, "step")
        return step(*args, **more)

    optim.Optimizer.step = stepped  # type: ignore[method-assign]
    for found in worker.results([job(Path(folder), prepared)]):
        result = found[TRIAL]
        for row in result["rows"]:
            note(notes, "/".join(str(row.get(key)) for key in SCORE), row["score"])
        bomb.at("at an epoch's end")


def job(folder: Path, prepared: dict[str, Any]) -> dict[str, Any]:
    """Give a worker's job: a small network on a tenth of the drawn signs, with dropout and augmentation."""
    config = {"task": "gtsrb", "family": "small_cnn", "regime": "scratch", "label_fraction": 0.1, "image_size": 16}
    about = {"trial": TRIAL, "role": "replicate", "seed": 3, "epochs": EPOCHS, "split_seed": 0, "draw_seed": 1}
    config |= {"lr": 5e-3, "dropout": 0.2, "batch_size": 32}
    about |= {"threads": 1, "gpu": False, "cache": {"budget": 0, "half": False, "code": ""}, "checkpoint_seconds": 0.0}
    kept = {"checkpoints": str(folder / "checkpoints"), "model": str(folder / "model")}
    return about | kept | {"config": config, "prepared": prepared}


def killed(folder: Path, prepared: dict[str, Any], crashes: Iterator[Crash]) -> tuple[Left, Counter[str]]:
    """Train to the end through some kills; gives what is left, and where the kills fell.

    Raises:
        RuntimeError: the training failed.
    """
    where: Counter[str] = Counter()
    folder.mkdir(parents=True)
    for crash in itertools.chain(crashes, itertools.repeat(Crash())):
        process = _chaos_process.CONTEXT.Process(target=train, args=(str(folder), prepared, crash))
        process.start()
        process.join()
        if process.exitcode == 0:
            break
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"{folder}: exit code {process.exitcode}, killed {crash.point}")
        where[crash.point] += 1
    return left(folder), where


def left(folder: Path) -> Left:
    """Read what a training left: its weights, and each score as it was said last."""
    scores = {line[0]: line[1] for line in journal(folder) if line[0] != TRIAL}
    return Left((folder / "model" / "model.safetensors").read_bytes(), scores)


def kills(chaos: Chaos, count: int) -> Tally:
    """Kill trainings until there were so many kills, and compare each with one that was not killed."""
    prepared = asdict(prepare.prepare("gtsrb", None, 16, None))
    whole, _ = killed(chaos.folder / "whole", prepared, iter(()))
    useful = steps(chaos.folder / "whole")
    total, where = Account(), Counter[str]()
    while chaos.more(count, where):
        folder, most = chaos.folder / f"{total.studies:03d}", min(EACH, count - where.total())
        points = itertools.islice(itertools.cycle(POINTS), total.studies, total.studies + most)
        crashes = (Crash(point, chaos.draw.randint(1, 12 if point == POINTS[0] else 2)) for point in points)
        found, fell = killed(folder, prepared, crashes)
        done = steps(folder)
        each = Account(studies=1, trials=1, steps=done, wasted=done - useful, wrong=int(found.scores != whole.scores))
        each.unequal = int(found.weights != whole.weights)
        each.allowed = fell.total() * useful // EPOCHS
        each.overspent = int(each.wasted > each.allowed)
        where += fell
        total.add(each)
        chaos.tell("training killed", total, where)
    return total, where


def steps(folder: Path) -> int:
    """Count the optimizer's steps."""
    return sum(line[1:] == ("step",) for line in journal(folder))
