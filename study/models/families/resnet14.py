"""The small residual network that was designed for CIFAR-10, with two blocks a group.

A 3×3 convolution and three groups of two basic blocks of 16, 32 and 64 channels: 6n + 2 = 14 weight layers with n = 2,
.17 M parameters, 26 M multiplications an image at 32 px. Each group is a stage; the convolution belongs to the first.

Source: He et al. 2016, arXiv:1512.03385, §4.2; initial weights: He et al. 2015, arXiv:1502.01852.
"""

from typing import TYPE_CHECKING

from study.models.families import Family

if TYPE_CHECKING:
    from torch import nn

_CHANNELS = (16, 32, 64)
_BLOCKS = 2


def _backbone(weights: str) -> "tuple[list[nn.Module], None]":
    """Make three stages; the last one ends in the mean over its maps."""
    from torch import nn

    from study.models.families._basic_block import BasicBlock

    stem = (nn.Conv2d(3, _CHANNELS[0], 3, padding=1, bias=False), nn.BatchNorm2d(_CHANNELS[0]), nn.ReLU())
    stages: list[nn.Module] = []
    for before, after in zip((_CHANNELS[0], *_CHANNELS), _CHANNELS, strict=False):
        blocks = [BasicBlock(before if number == 0 else after, after) for number in range(_BLOCKS)]
        ends = (nn.AdaptiveAvgPool2d(1), nn.Flatten()) if after == _CHANNELS[-1] else ()
        stages.append(nn.Sequential(*(() if stages else stem), *blocks, *ends))
    for layer in (layer for stage in stages for layer in stage.modules()):
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return stages, None


FAMILY = Family(
    stages=("convolution, 2 blocks of 16", "2 blocks of 32", "2 blocks of 64, pool"),
    features=_CHANNELS[-1],
    mean=(0.5, 0.5, 0.5),
    std=(0.25, 0.25, 0.25),
    min_size=16,
    weights=("none",),
    source_classes=None,
    source_size=None,
    backbone=_backbone,
)
