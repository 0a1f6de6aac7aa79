"""What a pretext makes of a split's images, batch by batch. Knows no network, epoch or store."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from study.data import augment
from study.data.device_split import Feed
from study.pretraining.pretexts import Options, Pretext


class Examples(NamedTuple):
    """Examples of a split, drawn anew from a generator as its batches are asked for."""

    pretext: Pretext
    options: Options
    least: int
    """Side that the network's images must have at least, pixels."""
    feed: Feed
    draws: Tensor
    """(n, 7): what is done to each of the split's images, see `study.data.augment`."""
    ranges: Mapping[str, float]
    strength: float
    generator: torch.Generator
    check: Callable[[], None] = lambda: None
    """Called at each batch; may end the training."""
    start: int = 0
    """The first stage to be run."""

    def batch(self, order: Tensor) -> tuple[Tensor, Tensor]:
        """Give examples of some of the split's images.

        Args:
            order: (batch,) int64, places in the split.

        Returns:
            (batch × views, 3, side, side) float, normalized, the views of an example one after the other; and the right
            answers, (batch,) int64.
        """
        self.check()
        pixels = augment.augment(self.feed.pixels(order), self.draws[order], self.ranges, self.strength)
        labels = self.feed.targets[order] if self.pretext.LABELS else None  # who must not see them gets none
        shown, answers = self.pretext.examples(pixels, labels, self.generator, self.options, self.least)
        return self.feed.normalized(shown.flatten(0, 1)), answers


class Together(torch.nn.Module):
    """Puts the features of an example's views side by side, for a head."""

    def __init__(self, views: int) -> None:
        """Take the number of views."""
        super().__init__()
        self.views = views

    def forward(self, features: Tensor) -> Tensor:
        """(batch × views, features) → (batch, views × features)."""
        return features.view(-1, self.views * features.shape[1])
