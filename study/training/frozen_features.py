"""Frozen features of a task's training and validation images, through the entries of the store that trials read.

A trial of `feature_extraction` without augmentation asks the store for the same entries, so that a study afterwards
computes nothing anew. The test's images are never opened.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from study.data.device_split import Feed
from study.models import families, network_costs
from study.models.net import LEAST, Net
from study.space.config import Config
from study.training import setup
from study.training.feature_cache import MemoryCache
from study.training.trial import CacheSettings, cache_of

if TYPE_CHECKING:
    from study.data.prepare import TaskData


RANDOM = "random"
"""In place of a licence, for random weights."""


class FrozenFeatures(NamedTuple):
    """What a frozen backbone makes of images, and what that costs."""

    values: np.ndarray
    """(images, features) float32; the training images, then those of validation."""
    parameters: int
    """Of the backbone."""
    macs: int | None
    """Multiply-accumulate operations, for one image; None if they cannot be counted."""
    licence: str
    """Of the weights; `RANDOM` where there are none."""
    seconds: float
    computed: int
    """Images that were computed; the others were in the store."""
    images_per_second: float
    """As measured while they were computed; else on a batch of `LEAST` images."""


def extract(
    config: Config,
    data: "TaskData",
    seed: int,
    *,
    device: str,
    cache: CacheSettings,
    source: Path | None = None,
    progress: Callable[[int], None] = lambda images: None,
) -> FrozenFeatures:
    """Compute a network's features of the training and validation images, or read them from the store.

    Args:
        config: of a trial that extracts features.
        data: of its task; the test may be sealed.
        seed: of random parts of the backbone.
        device: of torch.
        cache: as of `trial.run`.
        source: as of `trial.run`.
        progress: called with the number of further images that have been computed.

    Raises:
        UserError: the configuration contradicts itself, its family or the data.
    """
    net, feeds, _ = setup.assemble(config, data, seed, device, source)
    net.freeze(range(len(net.stages)))
    net.eval()
    memory, seen, begin = MemoryCache(cache_of(config, data, cache)), 0, time.perf_counter()
    parts = []
    for name, images in (("train", "train"), ("val", data.val_file)):
        feed = feeds[name]

        def pixels(which: slice, feed: Feed = feed) -> torch.Tensor:
            nonlocal seen
            batch = feed.pixels(which)
            seen += len(batch)
            progress(len(batch))
            return batch

        (outputs,) = memory.outputs(net, feed, images, None, pixels).arrays
        parts.append(outputs.float().cpu().numpy())
    seconds, values = time.perf_counter() - begin, np.concatenate(parts)
    side = config.upsample or data.train.images.shape[1]
    counts = network_costs.counts(config.family, side, families.options_from(config.family, vars(config)))
    speed = seen / seconds if seen > LEAST else _speed(net, feeds["train"])
    return FrozenFeatures(
        values=values,
        parameters=sum(parameter.numel() for parameter in net.stages.parameters()),
        macs=counts.macs if counts else None,
        licence=network_costs.licence(config, config.weights, source) or RANDOM,
        seconds=seconds,
        computed=min(seen, len(values)),  # the store looks at a first batch twice
        images_per_second=speed,
    )


def _speed(net: Net, feed: Feed) -> float:
    """Measure images a second on one batch, the second time that it is run."""
    for _ in range(2):
        start = time.perf_counter()
        batch = feed.normalized(feed.pixels(slice(0, LEAST)))
        with torch.no_grad():
            net.begin(batch, len(net.stages))
        if batch.is_cuda:
            torch.cuda.synchronize()
    return max(LEAST, len(batch)) / (time.perf_counter() - start)
