"""What an epoch of training shows the network: images, augmented anew or in fixed views, or frozen stages' outputs.

Knows nothing of optimizers, phases or regimes.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from study.data import augment
from study.data.device_split import Feed
from study.models.net import Net, Passed
from study.seeds import stream
from study.space.config import Config
from study.training.feature_cache import FeatureCache, Outputs


class BatchSource(Protocol):
    """What an epoch shows."""

    @property
    def start(self) -> int:
        """The first stage to be run."""

    def batch(self, order: Tensor) -> tuple[Passed, Tensor]:
        """Give some of the split's images as stage `start` takes them, and the right answers."""


class Inputs(NamedTuple):
    """The training images as an epoch shows them."""

    feed: Feed
    draws: Tensor
    """(n, 7): what is done to each of the split's images, see `study.data.augment`; further passes follow the first."""
    ranges: Mapping[str, float]
    strength: float
    outputs: Outputs | None = None
    """What the frozen first stages made of just these images."""

    @property
    def start(self) -> int:
        """The first stage to be run."""
        return 0 if self.outputs is None else self.outputs.start

    def batch(self, order: Tensor) -> tuple[Passed, Tensor]:
        """Give some of the split's images as stage `start` takes them, and their labels.

        Args:
            order: int64, places in the split; of the second pass, those plus the split's length, and so on.
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
    """Number the fixed view that an epoch shows; None where it augments anew."""
    if config.augment == 0:
        return 0
    return None if config.views is None else (epoch - 1) % config.views


def inputs(
    net: Net,
    feed: Feed,
    config: Config,
    ranges: Mapping[str, float],
    fresh: torch.Generator,
    epoch: int,
    cache: FeatureCache | None,
    shown: int | None = None,
) -> Inputs:
    """Prepare an epoch.

    A fixed view is drawn for each image of the data set from a stream of its own, so that all trials see the same; then
    what frozen first stages make of it need be computed only once.

    Args:
        net: frozen as in the phase.
        feed: the training split.
        config: augment and views.
        ranges: of the augmentation at strength 1.
        fresh: the epoch's own stream.
        epoch: from 1.
        cache: None runs all stages on the images.
        shown: images that the epoch shows; more than there are come in several passes. None: each once.
    """
    number, device = view(config, epoch), feed.rows.device
    if number is None:
        return Inputs(feed, augment.draw(shown or len(feed.rows), fresh).to(device), ranges, config.augment)
    drawn = augment.draw(len(feed.images), torch.Generator().manual_seed(stream(0, "view", number)))
    passes = -(-(shown or len(feed.rows)) // len(feed.rows))
    given = Inputs(feed, drawn.to(device)[feed.rows].repeat(passes, 1), ranges, config.augment)
    if cache is None:
        return given
    about = [number, config.augment, dict(ranges)] if config.augment else None
    return given._replace(outputs=cache.outputs(net, feed, "train", about, given.pixels))
