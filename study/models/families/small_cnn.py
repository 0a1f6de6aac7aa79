"""A ten-layer ReLU network for 32-pixel signs, trained from scratch.

Eight 3×3 convolutions and two linear layers as in the GTSRB seed's CNN_10_relu, with batch normalization: 43 M
multiplications an image at 32 px, .73 M parameters.
"""

from typing import TYPE_CHECKING

from study.models.families import Family

if TYPE_CHECKING:
    from torch import nn

_CHANNELS = (32, 64, 128, 128)
_FEATURES = 256


def _backbone(weights: str) -> "tuple[list[nn.Module], None]":
    """Make four stages of two convolutions; the fourth also holds the hidden linear layer."""
    from torch import nn

    def convolution(before: int, after: int) -> list[nn.Module]:
        return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]

    stages: list[nn.Module] = []
    for before, after in zip((3, *_CHANNELS), _CHANNELS, strict=False):
        # The fourth pool gives 2×2 at any size: at 32 px it equals the 2×2 maximum of the other stages.
        pool = nn.MaxPool2d(2) if len(stages) < 3 else nn.AdaptiveMaxPool2d(2)
        stages.append(nn.Sequential(*convolution(before, after), *convolution(after, after), pool))
    hidden = [nn.Linear(4 * _CHANNELS[-1], _FEATURES, bias=False), nn.BatchNorm1d(_FEATURES), nn.ReLU(inplace=True)]
    stages[-1] = nn.Sequential(*stages[-1].children(), nn.Flatten(), *hidden)
    return stages, None


FAMILY = Family(
    stages=("2 convolutions of 32", "2 of 64", "2 of 128", "2 of 128, linear of 256"),
    features=_FEATURES,
    mean=(0.5, 0.5, 0.5),
    std=(0.25, 0.25, 0.25),
    min_size=16,
    weights=("none",),
    source_classes=None,
    source_size=None,
    backbone=_backbone,
)
