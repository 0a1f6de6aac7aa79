"""Trains weights on a pretext or a source task, once, and stores them; a training that was killed can be resumed.

Knows nothing of cells or trials.
"""

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from study.models import families, weights
from study.models.weights import EpochRecord, PretrainingCard
from study.pretraining import pretexts, sources
from study.pretraining.initial_weights import InitialWeights
from study.pretraining.sources import Source
from study.storage import store
from study.storage.schema import Table, listed, whole

if TYPE_CHECKING:
    from torch import Tensor

    from study.data.device_split import Feed
    from study.data.prepare import Split, TaskData
    from study.models.net import Net
    from study.pretraining.examples import Examples
    from study.training.loop import Epoch, TrainingContext

REPORT = Table({"epoch": whole(0, 10**9), "rows": listed(weights.ROW.kind, least=1)}, {}, more=False)
"""A checkpoint's report, with all epochs so far."""
MOST = 2000
"""Largest number of held-out images that are scored after an epoch."""


class _Report(TypedDict):
    """A checkpoint's report."""

    epoch: int
    rows: list[EpochRecord]


class TrainOptions(NamedTuple):
    """How a training runs; none of this is part of the weights' address in the store."""

    gpu: bool = False
    checkpoint_seconds: float = 30.0
    """Seconds of training between two checkpoints."""
    command: str = ""
    """The command line, recorded on the card."""
    on_epoch: Callable[[EpochRecord], None] = lambda row: None
    """Called with the record of each epoch, see `_row`."""
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
    if start.before is not None:
        make(start.before, options)
    job = partial(_make, start, options, unfinished(start))
    entry = store.make_once(weights.KIND, start.key, job, verified=True, waits=options.check)
    shutil.rmtree(unfinished(start), ignore_errors=True)
    return entry


def train(start: InitialWeights, threads: int, options: TrainOptions) -> None:
    """Make weights in a process of its own; the record of the last epoch is written to `said_file`."""
    import torch

    torch.set_num_threads(threads)
    file = said_file(start)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        make(start, options._replace(on_epoch=lambda row: _write(file, row)))
    finally:
        file.unlink(missing_ok=True)


def said_file(start: InitialWeights) -> Path:
    """Give the file with the record of the last epoch, by which other processes follow the progress of `train`."""
    return start.path.with_suffix(".said")


def unfinished(start: InitialWeights) -> Path:
    """Give the folder for the checkpoints of a training that has not finished."""
    return start.path.with_suffix(".training")


def resumes(start: InitialWeights) -> str | None:
    """Say after which epoch a stopped training resumes, or that no checkpoint is intact; None without any."""
    from study.storage import checkpoints

    folder = unfinished(start)
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    checkpoint = checkpoints.latest(folder, report=REPORT)
    if checkpoint is None:
        return f"no checkpoint in {folder} is whole: begins anew"
    return f"resumes after epoch {checkpoint.report['epoch']}"


def _write(file: Path, row: EpochRecord) -> None:
    partial_file = file.with_suffix(".new")
    partial_file.write_text(json.dumps(row), encoding="utf-8")
    partial_file.replace(file)


def _make(start: InitialWeights, options: TrainOptions, checkpoint_folder: Path, folder: Path) -> PretrainingCard:
    """Train, with checkpoints beside the entry, and fill the entry's folder; returns the card."""
    from safetensors.torch import save_file

    from study.models.net import copied
    from study.storage import checkpoints

    source, checkpoint = start.source, checkpoints.latest(checkpoint_folder, report=REPORT)
    rows: list[EpochRecord] = list(checkpoint.report["rows"]) if checkpoint else []
    context, score = _context(start, options)
    began, saved = time.monotonic() - (rows[-1]["seconds"] if rows else 0.0), time.monotonic()
    for epoch in _epochs(context, source, len(rows), checkpoint.state if checkpoint else {}):
        rows.append(_row(epoch, score(), time.monotonic() - began))
        options.on_epoch(rows[-1])
        if time.monotonic() - saved >= options.checkpoint_seconds:
            checkpoints.save(checkpoint_folder, checkpoints.Checkpoint(epoch.state(), _report(rows)))
            saved = time.monotonic()
    save_file(copied(context.net.stages.state_dict()), folder / weights.MODEL)
    save_file(copied(context.net.head[1].state_dict()), folder / weights.HEAD)  # type: ignore[index]
    card: PretrainingCard = {
        "name": source.name,
        "pretext": source.pretext,
        "options": source.options,
        "task": source.config.task,
        "config": asdict(source.config),
        "seed": start.seed,
        "replicate": start.replicate,
        "data": start.prepared.source,
        "classes": list(start.prepared.classes),
        "images": len(context.feed.rows),
        "chance": 1 / _answers(start),
        "command": options.command,
        "seconds": rows[-1]["seconds"],
        "rows": rows,
    }
    (folder / weights.CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
    return card


def _report(rows: list[EpochRecord]) -> _Report:
    return {"epoch": rows[-1]["epoch"], "rows": rows}


def _row(epoch: "Epoch", val: dict[str, float], seconds: float) -> EpochRecord:
    """Make the record of an epoch: its number and step, the seconds so far, the scores by split, and the alarms."""
    return {
        "epoch": epoch.number,
        "step": epoch.step,
        "seconds": seconds,
        "scores": {"train": epoch.scores, "val": val},
        "alarms": list(epoch.alarms),
    }


def _answers(start: InitialWeights) -> int:
    """Give the number of possible answers to the pretext."""
    return pretexts.load(start.source.pretext).answers(len(start.prepared.classes), start.source.options)


def _epochs(context: "TrainingContext", source: Source, done: int, tensors: "dict[str, Tensor]") -> "Iterator[Epoch]":
    """Train, from the checkpoint's tensors after `done` epochs on."""
    from study.training.loop import fit
    from study.training.trial import plan

    return fit(context, plan(source.config, source.epochs), done, tensors)


def _context(start: InitialWeights, options: TrainOptions) -> "tuple[TrainingContext, Callable[[], dict[str, float]]]":
    """Put network and images on the device.

    Returns:
        The context for `fit`, and a function that scores the network on held-out images.
    """
    import torch

    from study.data import prepare, splits
    from study.data.device_split import feed
    from study.models import input_contract
    from study.seeds import stream
    from study.training.loop import TrainingContext

    source, prepared, seed, device = start.source, start.prepared, start.drawn, "cuda" if options.gpu else "cpu"
    config, pretext = source.config, pretexts.load(source.pretext)
    data = prepare.open_data(prepared, splits.cut(config), start.seed, start.seed, sealed=True)
    net = _net(start)
    net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean, std = input_contract.channels(config, families.of(config), data)
    train, val = (
        feed(split, f"{data.key}/train", device, mean, std, config.upsample, config.colour == "grey")
        for split in _subsets(data, source, seed)
    )
    if pretext.VIEWS > 1:  # parts of images have sizes of their own
        train, val = train._replace(upsample=None), val._replace(upsample=None)
    examples = partial(_examples, source, seed=seed, check=options.check)
    epoch_examples = partial(examples, feed=train, ranges=data.augment)
    context = TrainingContext(net, train, config, data.augment, stream(seed, "pretrain"), shows=epoch_examples)
    return context, partial(_scores, context, examples(0, feed=val, ranges={}))


def _net(start: InitialWeights) -> "Net":
    """Build the network that a training starts with."""
    import torch
    from torch import nn

    from study.models import heads
    from study.models.net import set_batchnorm
    from study.pretraining.examples import JoinedViews
    from study.seeds import stream

    config, pretext = start.source.config, pretexts.load(start.source.pretext)
    torch.manual_seed(stream(start.drawn, "pretrain", "init"))
    options = families.asked(config.family, vars(config))
    net = families.build(config.family, "none" if start.before else config.weights, 2, config.dropout, **options)
    if start.before:
        weights.fill(net, start.before.path)
    features = pretext.VIEWS * families.of(config).features
    set_batchnorm(net, config.batchnorm_momentum, config.batchnorm_epsilon)
    head = heads.make(config.head, features, _answers(start), config.dropout)
    net.head = nn.Sequential(JoinedViews(pretext.VIEWS), head)
    return net


def _subsets(data: "TaskData", source: Source, seed: int) -> "tuple[Split, Split]":
    """Draw the images to train on and the held-out images to score on."""
    import numpy as np

    from study.seeds import stream

    def subset(name: str, split: "Split", count: int | None) -> "Split":
        order = np.random.default_rng(stream(seed, "pretrain", name)).permutation(len(split.index))
        rows = np.sort(order[:count])
        return split._replace(targets=split.targets[rows], groups=split.groups[rows], index=split.index[rows])

    return subset("train", data.train, source.images), subset("val", data.val, MOST)


def _examples(
    source: Source, epoch: int, *, feed: "Feed", ranges: Mapping[str, float], seed: int, check: Callable[[], None]
) -> "Examples":
    """Give the examples of an epoch. Epoch 0 has the scored ones, which `_scores` draws the same each time."""
    import torch

    from study.data import augment
    from study.pretraining.examples import Examples
    from study.seeds import stream

    augmentation = torch.Generator().manual_seed(stream(seed, "pretrain", "augment", epoch))
    draws = augment.draw(len(feed.rows), augmentation).to(feed.rows.device)
    return Examples(
        pretext=pretexts.load(source.pretext),
        options=source.options,
        least=sources.least(source),
        feed=feed,
        draws=draws,
        ranges=ranges,
        strength=source.config.augment if ranges else 0.0,
        generator=torch.Generator().manual_seed(stream(seed, "pretrain", "examples", epoch)),
        check=check,
    )


def _scores(context: "TrainingContext", examples: "Examples") -> dict[str, float]:
    """Score the network on held-out images, each time on the same examples."""
    import torch

    from study.data.device_split import BATCH, precision
    from study.training import metrics

    examples.generator.manual_seed(examples.generator.initial_seed())
    feed = examples.feed
    order = torch.arange(len(feed.rows), device=feed.rows.device)
    context.net.eval()
    logits, answers = [], []
    with torch.inference_mode(), precision(feed):
        for batch in order.split(BATCH[feed.images.device.type]):
            images, right = examples.batch(batch)
            logits.append(context.net(images).float())
            answers.append(right)
    predictions, targets = torch.cat(logits).cpu().numpy(), torch.cat(answers).cpu().numpy()
    scores = {name: metrics.metric(name)(predictions, targets) for name in ("accuracy", "loss")}
    if not math.isfinite(scores["loss"]):
        raise FloatingPointError(f"the loss on held-out images is {scores['loss']}")
    return scores
