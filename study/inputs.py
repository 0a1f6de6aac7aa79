"""What an epoch of training shows the network: images, augmented anew or in fixed views, or frozen stages' outputs.

Knows nothing of optimizers, phases or regimes.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from study import augment
from study.config import Config
from study.features import Keeper, Outputs
from study.feed import Feed
from study.net import Net, Passed
from study.seeds import stream


class Inputs(NamedTuple):
    """The training images as an epoch shows them."""

    feed: Feed
    draws: Tensor
    """(n, 7): what is done to each of the split's images, see `study.augment`."""
    ranges: Mapping[str, float]
    strength: float
    outputs: Outputs | None = None
    """What the frozen first stages made of just these images."""

    @property
    def start(self) -> int:
        """The first stage to be run."""
        return 0 if self.outputs is None else self.outputs.start

    def batch(self, rows: Tensor) -> Passed:
        """Give some of the split's images as stage `start` takes them."""
        return self.feed.normalized(self.pixels(rows)) if self.outputs is None else self.outputs.batch(rows)

    def pixels(self, which: Tensor | slice) -> Tensor:
        """Give some of the split's images, augmented, (batch, 3, size, size) float in [0, 1]."""
        return augment.augment(self.feed.pixels(which), self.draws[which], self.ranges, self.strength)


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
    cache: Keeper | None,
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
    """
    number, device = view(config, epoch), feed.rows.device
    if number is None:
        return Inputs(feed, augment.draw(len(feed.rows), fresh).to(device), ranges, config.augment)
    drawn = augment.draw(len(feed.images), torch.Generator().manual_seed(stream(0, "view", number)))
    shown = Inputs(feed, drawn.to(device)[feed.rows], ranges, config.augment)
    if cache is None:
        return shown
    about = [number, config.augment, dict(ranges)] if config.augment else None
    return shown._replace(outputs=cache.outputs(net, feed, "train", about, shown.pixels))
