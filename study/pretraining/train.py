"""Trains weights on a pretext or a source task: once, resumable after a kill, kept in the store.

Knows nothing of cells, trials, Ray or the command line.
"""

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study.models import families, weights
from study.pretraining import pretexts, sources
from study.pretraining.initial_weights import InitialWeights
from study.pretraining.sources import Source
from study.storage import store
from study.storage.schema import Table, listed, whole

if TYPE_CHECKING:
    from study.data.prepare import TaskData
    from study.models.net import Net
    from study.training.loop import Epoch, TrainingContext

Row = dict[str, Any]
REPORT = Table({"epoch": whole(0, 10**9), "rows": listed(weights.ROW.kind, least=1)}, {}, more=False)
"""Of a checkpoint: all epochs so far."""
MOST = 2000
"""Held-out images that are scored after an epoch, at most."""


class TrainOptions(NamedTuple):
    """How a training goes on, whatever becomes of it."""

    gpu: bool = False
    checkpoint_seconds: float = 30.0
    """Of training between two checkpoints."""
    command: str = ""
    """What was asked for, for the card."""
    said: Callable[[Row], None] = lambda row: None
    """Called with what each epoch came to, see `_row`."""
    check: Callable[[], None] = lambda: None
    """Called at each batch, and every second while another process trains the same weights; what it raises ends the
    training, which a later call resumes."""


PLAIN = TrainOptions()


def make(start: InitialWeights, manner: TrainOptions = PLAIN) -> store.Entry:
    """Open weights, training them first where they are missing or damaged; of several processes one trains them.

    Args:
        start: what they are trained on and how; those that it goes on from are made before it.
        manner: how the training goes on.

    Returns:
        The entry; its `meta` is the card.

    Raises:
        FloatingPointError: the loss is not finite.
        UserError: no images to be trained on.
    """
    if start.before is not None:
        make(start.before, manner)
    job = partial(_make, start, manner, unfinished(start))
    entry = store.make_once(weights.KIND, start.key, job, verified=True, waits=manner.check)
    shutil.rmtree(unfinished(start), ignore_errors=True)
    return entry


def train(start: InitialWeights, threads: int, manner: TrainOptions) -> None:
    """Make weights in a process of its own; what each epoch came to is left in `said_file`."""
    import torch

    torch.set_num_threads(threads)
    file = said_file(start)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        make(start, manner._replace(said=lambda row: _write(file, row)))
    finally:
        file.unlink(missing_ok=True)


def said_file(start: InitialWeights) -> Path:
    """Give the file that `train` leaves its last epoch in, for who looks on."""
    return start.path.with_suffix(".said")


def unfinished(start: InitialWeights) -> Path:
    """Give the folder of the checkpoints of a training that has not come to its end."""
    return start.path.with_suffix(".training")


def resumes(start: InitialWeights) -> str | None:
    """Say where a training that was stopped goes on, or which checkpoints are damaged; None where there are none."""
    from study.storage import checkpoints

    folder = unfinished(start)
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    found = checkpoints.latest(folder, report=REPORT)
    return (
        f"goes on after epoch {found.report['epoch']}" if found else f"no checkpoint in {folder} is whole: begins anew"
    )


def _write(file: Path, row: Row) -> None:
    partial_file = file.with_suffix(".new")
    partial_file.write_text(json.dumps(row), encoding="utf-8")
    partial_file.replace(file)


def _make(start: InitialWeights, manner: TrainOptions, checkpoints_in: Path, folder: Path) -> dict[str, Any]:
    """Train, with checkpoints beside the entry, and fill its folder; gives the card."""
    from safetensors.torch import save_file

    from study.models.net import copied
    from study.storage import checkpoints

    source, found = start.source, checkpoints.latest(checkpoints_in, report=REPORT)
    rows: list[Row] = list(found.report["rows"]) if found else []
    lesson, scored = _lesson(start, manner)
    began, saved = time.monotonic() - (rows[-1]["seconds"] if rows else 0.0), time.monotonic()
    for epoch in _epochs(lesson, source, len(rows), found.state if found else {}):
        rows.append(_row(epoch, scored(), time.monotonic() - began))
        manner.said(rows[-1])
        if time.monotonic() - saved >= manner.checkpoint_seconds:
            checkpoints.save(checkpoints_in, checkpoints.Checkpoint(epoch.state(), _report(rows)))
            saved = time.monotonic()
    save_file(copied(lesson.net.stages.state_dict()), folder / weights.MODEL)
    save_file(copied(lesson.net.head[1].state_dict()), folder / weights.HEAD)  # type: ignore[index]
    card: dict[str, Any] = {"name": source.name, "pretext": source.pretext, "options": source.options}
    card |= {"task": source.config.task, "config": asdict(source.config), "seed": start.seed}
    card |= {"replicate": start.replicate, "data": start.prepared.source, "classes": list(start.prepared.classes)}
    card |= {"images": len(lesson.feed.rows), "chance": 1 / _answers(start), "command": manner.command}
    card |= {"seconds": rows[-1]["seconds"], "rows": rows}
    (folder / weights.CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
    return card


def _report(rows: list[Row]) -> dict[str, Any]:
    return {"epoch": rows[-1]["epoch"], "rows": rows}


def _row(epoch: "Epoch", val: dict[str, float], seconds: float) -> Row:
    """Say what an epoch came to: its number and step, the seconds so far, and the scores by split."""
    return {
        "epoch": epoch.number,
        "step": epoch.step,
        "seconds": seconds,
        "scores": {"train": epoch.scores, "val": val},
        "alarms": list(epoch.alarms),
    }


def _answers(start: InitialWeights) -> int:
    return pretexts.load(start.source.pretext).answers(len(start.prepared.classes), start.source.options)


def _epochs(lesson: "TrainingContext", source: Source, done: int, tensors: dict[str, Any]) -> "Iterator[Epoch]":
    from study.training.loop import fit
    from study.training.trial import plan

    return fit(lesson, plan(source.config, source.epochs), done, tensors)


def _lesson(start: InitialWeights, manner: TrainOptions) -> "tuple[TrainingContext, Callable[[], dict[str, float]]]":
    """Put network and images on the device; gives what `fit` takes, and what scores the network as it is."""
    import torch

    from study.data import prepare, splits
    from study.data.device_split import feed
    from study.models import input_contract
    from study.seeds import stream
    from study.training.loop import TrainingContext

    source, prepared, seed, device = start.source, start.prepared, start.drawn, "cuda" if manner.gpu else "cpu"
    asked, pretext = source.config, pretexts.load(source.pretext)
    opened = prepare.open_data(prepared, splits.cut(asked), start.seed, start.seed, sealed=True)
    net = _net(start)
    net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean, std = input_contract.channels(asked, families.of(asked), opened)
    parts = _some(opened, source, seed)
    train, val = (
        feed(part, f"{opened.key}/train", device, mean, std, asked.upsample, asked.colour == "grey") for part in parts
    )
    if pretext.VIEWS > 1:  # parts of images have sizes of their own
        train, val = train._replace(upsample=None), val._replace(upsample=None)
    shows = partial(_shows, source, train, opened.augment, seed, manner.check)
    lesson = TrainingContext(net, train, asked, opened.augment, stream(seed, "pretrain"), shows=shows)
    return lesson, partial(_scores, lesson, _shows(source, val, {}, seed, manner.check, 0))


def _net(start: InitialWeights) -> "Net":
    """Give the network that a training begins with."""
    import torch
    from torch import nn

    from study.models import heads
    from study.models.net import set_batchnorm
    from study.pretraining.examples import Together
    from study.seeds import stream

    asked, pretext = start.source.config, pretexts.load(start.source.pretext)
    torch.manual_seed(stream(start.drawn, "pretrain", "init"))
    options = families.asked(asked.family, vars(asked))
    net = families.build(asked.family, "none" if start.before else asked.weights, 2, asked.dropout, **options)
    if start.before:
        weights.fill(net, start.before.path)
    features = pretext.VIEWS * families.of(asked).features
    set_batchnorm(net, asked.batchnorm_momentum, asked.batchnorm_epsilon)
    net.head = nn.Sequential(Together(pretext.VIEWS), heads.make(asked.head, features, _answers(start), asked.dropout))
    return net


def _some(opened: "TaskData", source: Source, seed: int) -> tuple[Any, Any]:
    """Give the images to be trained on and to be scored on; the latter are never trained on."""
    import numpy as np

    from study.seeds import stream

    wanted = {"train": source.images, "val": MOST}
    parts = []
    for name, split in (("train", opened.train), ("val", opened.val)):
        order = np.random.default_rng(stream(seed, "pretrain", name)).permutation(len(split.index))
        which = np.sort(order[: wanted[name]])
        parts.append(split._replace(targets=split.targets[which], groups=split.groups[which], index=split.index[which]))
    return parts[0], parts[1]


def _shows(source: Source, feed: Any, ranges: Any, seed: int, check: Callable[[], None], epoch: int) -> Any:
    """Give what an epoch shows; epoch 0 is what is scored, the same each time it is asked for anew."""
    import torch

    from study.data import augment
    from study.pretraining.examples import Examples
    from study.seeds import stream

    drawn = torch.Generator().manual_seed(stream(seed, "pretrain", "augment", epoch))
    draws = augment.draw(len(feed.rows), drawn).to(feed.rows.device)
    fresh = torch.Generator().manual_seed(stream(seed, "pretrain", "examples", epoch))
    about = pretexts.load(source.pretext), source.options, sources.least(source)
    return Examples(*about, feed, draws, ranges, source.config.augment if ranges else 0.0, fresh, check)


def _scores(lesson: "TrainingContext", shown: Any) -> dict[str, float]:
    """Score the network on held-out images, always on the same examples of them."""
    import torch

    from study.data.device_split import BATCH, precision
    from study.training import metrics

    shown.generator.manual_seed(shown.generator.initial_seed())
    rows, kind = torch.arange(len(shown.feed.rows), device=shown.feed.rows.device), shown.feed.images.device.type
    lesson.net.eval()
    logits, truth = [], []
    with torch.inference_mode(), precision(shown.feed):
        for part in rows.split(BATCH[kind]):
            passed, answers = shown.batch(part)
            logits.append(lesson.net(passed).float())
            truth.append(answers)
    said, right = torch.cat(logits).cpu().numpy(), torch.cat(truth).cpu().numpy()
    scores = {name: metrics.metric(name)(said, right) for name in ("accuracy", "loss")}
    if not math.isfinite(scores["loss"]):
        raise FloatingPointError(f"the loss on held-out images is {scores['loss']}")
    return scores
