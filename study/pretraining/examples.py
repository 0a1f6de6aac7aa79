"""Turns a split's images into the examples of a pretext, batch by batch. Knows no epoch."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from study.data import augment
from study.data.device_split import Feed
from study.pretraining.pretexts import Options, Pretext


class Examples(NamedTuple):
    """Examples of a split; each batch is drawn from a generator when it is needed."""

    pretext: Pretext
    options: Options
    least: int
    """Smallest side of the network's images, pixels."""
    feed: Feed
    draws: Tensor
    """(n, 7): the augmentation of each of the split's images, see `study.data.augment`."""
    ranges: Mapping[str, float]
    strength: float
    generator: torch.Generator
    check: Callable[[], None] = lambda: None
    """Called at each batch; may raise to end the training."""
    start: int = 0
    """The first stage to be run."""

    def batch(self, order: Tensor) -> tuple[Tensor, Tensor]:
        """Give examples of some of the split's images.

        Args:
            order: (batch,) int64, places in the split.

        Returns:
            (batch × views, 3, side, side) float, normalized, with the views of an example next to each other; and the
            right answers, (batch,) int64.
        """
        self.check()
        pixels = augment.augment(self.feed.pixels(order), self.draws[order], self.ranges, self.strength)
        labels = self.feed.targets[order] if self.pretext.LABELS else None  # self-supervision must not see them
        views, answers = self.pretext.examples(pixels, labels, self.generator, self.options, self.least)
        return self.feed.normalized(views.flatten(0, 1)), answers


class JoinedViews(torch.nn.Module):
    """Concatenates the features of an example's views for a head."""

    def __init__(self, views: int) -> None:
        """Take the number of views."""
        super().__init__()
        self.views = views

    def forward(self, features: Tensor) -> Tensor:
        """(batch × views, features) → (batch, views × features)."""
        return features.view(-1, self.views * features.shape[1])
