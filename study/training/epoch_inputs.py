"""What an epoch of training shows the network: images, augmented anew or in fixed views, or frozen stages' outputs.

Knows nothing of optimizers, phases or regimes.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from study.data import augment
from study.data.device_split import Feed
from study.models.net import Activations, Net
from study.seeds import stream
from study.space.config import Config
from study.training.feature_cache import FeatureCache, Outputs


class BatchSource(Protocol):
    """Gives the batches of one epoch."""

    @property
    def start(self) -> int:
        """The first stage to run on a batch."""

    def batch(self, order: Tensor) -> tuple[Activations, Tensor]:
        """Give some of the split's images as stage `start` takes them, and their targets."""


class Inputs(NamedTuple):
    """A split's images as one epoch shows them."""

    feed: Feed
    draws: Tensor
    """(passes × images, 7): random numbers that augment each image, pass after pass; see `study.data.augment`."""
    ranges: Mapping[str, float]
    strength: float
    outputs: Outputs | None = None
    """Outputs of the frozen first stages for these images; None runs all stages."""

    @property
    def start(self) -> int:
        """The first stage to run on a batch."""
        return 0 if self.outputs is None else self.outputs.start

    def batch(self, order: Tensor) -> tuple[Activations, Tensor]:
        """Give some of the split's images as stage `start` takes them, and their labels.

        Args:
            order: (batch,) int64, positions in the split; each further pass adds the split's length once more.
        """
        rows = order % len(self.feed.rows)
        if self.outputs is not None:
            return self.outputs.batch(rows), self.feed.targets[rows]
        pixels = augment.augment(self.feed.pixels(rows), self.draws[order], self.ranges, self.strength)
        return self.feed.normalized(pixels), self.feed.targets[rows]

    def pixels(self, which: slice) -> Tensor:
        """Give some of the split's images, augmented as in the first pass, (batch, 3, size, size) float in [0, 1]."""
        first = self.draws[: len(self.feed.rows)]
        return augment.augment(self.feed.pixels(which), first[which], self.ranges, self.strength)


def view(config: Config, epoch: int) -> int | None:
    """Give the number of the fixed view that an epoch shows; None where it augments anew."""
    if config.augment == 0:
        return 0
    return None if config.views is None else (epoch - 1) % config.views


def inputs(
    net: Net,
    feed: Feed,
    config: Config,
    *,
    ranges: Mapping[str, float],
    generator: torch.Generator,
    epoch: int,
    cache: FeatureCache | None = None,
    samples: int | None = None,
) -> Inputs:
    """Prepare an epoch.

    A fixed view is drawn for each image of the data set from a stream of its own. All trials see the same view, so that
    the outputs of frozen first stages are computed only once.

    Args:
        net: frozen as in the phase.
        feed: the split.
        config: augment and views.
        ranges: of the augmentation at strength 1.
        generator: the epoch's own stream.
        epoch: from 1.
        cache: of frozen stages' outputs; None runs all stages on the images.
        samples: number of images that the epoch shows, in several passes if the split has fewer. None: each image once.
    """
    number, device = view(config, epoch), feed.rows.device
    samples = samples or len(feed.rows)
    if number is None:
        return Inputs(feed, augment.draw(samples, generator).to(device), ranges, config.augment)
    draws = augment.draw(len(feed.images), torch.Generator().manual_seed(stream(0, "view", number)))
    passes = -(-samples // len(feed.rows))
    images = Inputs(feed, draws.to(device)[feed.rows].repeat(passes, 1), ranges, config.augment)
    if cache is None:
        return images
    description = [number, config.augment, dict(ranges)] if config.augment else None
    return images._replace(outputs=cache.outputs(net, feed, "train", description, images.pixels))
