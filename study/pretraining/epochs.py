"""Trains weights epoch by epoch, with checkpoints, and fills their entry of the store. Imports torch.

Knows nothing of cells or trials.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from study.data import augment, prepare, splits
from study.data.device_split import BATCH, Feed, feed, precision
from study.data.prepare import Split, TaskData
from study.models import families, heads, input_contract, tuning, weights
from study.models.net import Net, copied, set_batchnorm
from study.models.weights import EpochRecord, PretrainingCard, TrainingReport
from study.pretraining import pretexts, sources
from study.pretraining.examples import Examples, JoinedViews
from study.pretraining.initial_weights import InitialWeights
from study.pretraining.sources import Source
from study.seeds import stream
from study.storage import checkpoints
from study.training import metrics, regimes, setup
from study.training.loop import Epoch, TrainingContext, fit
from study.training.trial import plan

if TYPE_CHECKING:
    from study.pretraining.train import TrainOptions

MOST = 2000
"""Largest number of held-out images that are scored after an epoch."""


def fill_entry(
    start: InitialWeights, options: "TrainOptions", checkpoint_folder: Path, folder: Path
) -> PretrainingCard:
    """Train, with checkpoints beside the entry, and fill the entry's folder; returns the card."""
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    source, checkpoint = start.source, checkpoints.latest(checkpoint_folder, report=weights.REPORT)
    rows: list[EpochRecord] = list(checkpoint.report["rows"]) if checkpoint else []
    context, score = _context(start, options)
    began, saved = time.monotonic() - (rows[-1]["seconds"] if rows else 0.0), time.monotonic()
    for epoch in _epochs(context, source, len(rows), checkpoint.state if checkpoint else {}):
        rows.append(_row(epoch, score(), time.monotonic() - began))
        options.on_epoch(rows[-1])
        if time.monotonic() - saved >= options.checkpoint_seconds:
            checkpoints.save(checkpoint_folder, checkpoints.Checkpoint(epoch.state(), _report(rows)))
            saved = time.monotonic()
    save_file(copied(tuning.merged(context.net.stages)), folder / weights.MODEL)
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


def _report(rows: list[EpochRecord]) -> TrainingReport:
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


def _epochs(context: TrainingContext, source: Source, done: int, tensors: dict[str, Tensor]) -> Iterator[Epoch]:
    """Train, from the checkpoint's tensors after `done` epochs on."""
    return fit(context, plan(source.config, source.epochs), done, tensors)


def _context(start: InitialWeights, options: "TrainOptions") -> tuple[TrainingContext, Callable[[], dict[str, float]]]:
    """Put network and images on the device.

    Returns:
        The context for `fit`, and a function that scores the network on held-out images.
    """
    source, prepared, seed, device = start.source, start.prepared, start.drawn, "cuda" if options.gpu else "cpu"
    config, pretext = source.config, pretexts.load(source.pretext)
    data = prepare.open_data(prepared, splits.cut(config), start.seed, start.seed, sealed=True)
    net = _net(start)
    net.lay_out(device, families.of(config).contiguous)
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


def _net(start: InitialWeights) -> Net:
    """Build the network that a training starts with."""
    config, pretext = start.source.config, pretexts.load(start.source.pretext)
    torch.manual_seed(stream(start.drawn, "pretrain", "init"))
    options = families.options_from(config.family, vars(config))
    net = families.build(config.family, "none" if start.before else config.weights, 2, config.dropout, **options)
    if start.before:
        weights.fill(net, start.before.path)
    setup.add_low_rank(net, config, regimes.regime(config, len(net.stages)), start.drawn)
    features = pretext.VIEWS * families.of(config).features
    set_batchnorm(net, config.batchnorm_momentum, config.batchnorm_epsilon)
    head = heads.make(config.head, features, _answers(start), config.dropout)
    net.head = nn.Sequential(JoinedViews(pretext.VIEWS), head)
    return net


def _subsets(data: TaskData, source: Source, seed: int) -> tuple[Split, Split]:
    """Draw the images to train on and the held-out images to score on."""

    def subset(name: str, split: Split, count: int | None) -> Split:
        order = np.random.default_rng(stream(seed, "pretrain", name)).permutation(len(split.index))
        rows = np.sort(order[:count])
        return split._replace(targets=split.targets[rows], groups=split.groups[rows], index=split.index[rows])

    return subset("train", data.train, source.images), subset("val", data.val, MOST)


def _examples(
    source: Source, epoch: int, *, feed: Feed, ranges: Mapping[str, float], seed: int, check: Callable[[], None]
) -> Examples:
    """Give the examples of an epoch. Epoch 0 has the scored ones, which `_scores` draws the same each time."""
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


def _scores(context: TrainingContext, examples: Examples) -> dict[str, float]:
    """Score the network on held-out images, each time on the same examples."""
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
