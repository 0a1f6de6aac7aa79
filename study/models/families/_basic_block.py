"""The residual block of two 3×3 convolutions, with a shortcut that has no parameters. Knows no family."""

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two convolutions, to whose output the block's input is added before the last ReLU.

    If the block halves its maps, the shortcut takes every second pixel and fills the new channels with zeros.

    Source: He et al. 2016, arXiv:1512.03385, §4.2, option A.
    """

    def __init__(self, before: int, after: int) -> None:
        """Take the channels of input and output; if they differ, the maps are halved."""
        super().__init__()
        self.stride, self.new = (1 if before == after else 2), after - before
        self.layers = nn.Sequential(
            *(nn.Conv2d(before, after, 3, self.stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()),
            *(nn.Conv2d(after, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(batch, before, side, side) → (batch, after, side, side), with half the side if the maps are halved."""
        strided = maps[:, :, :: self.stride, :: self.stride]
        shortcut = nn.functional.pad(strided, (0, 0, 0, 0, 0, self.new))
        return torch.relu(self.layers(maps) + shortcut)
