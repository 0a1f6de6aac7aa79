"""A small CNN beside another family's pretrained encoder, both on the same images; their features are concatenated.

The first stage is the encoder, to be frozen; it passes the images on too. The second is the seed's small CNN: four 3×3
convolutions of 3-4-8-8-16 channels, each with ReLU and 2×2 max pooling and without BatchNorm. Average pooling to 6×6
gives 576 features. The convolutions are padded, unlike the seed's, so that images of 32 pixels are large enough. It
sees the images as normalized for the encoder's weights.

Source: the MetaNet seed's ParallelNet, 576 features in front of resnet18's 512: https://github.com/SuSFCTV/MetaNet.
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from study.models.families import Family, load_encoder

if TYPE_CHECKING:
    from torch import nn

_CHANNELS = (3, 4, 8, 8, 16)
_POOL = 6
_MIN_SIZE = 16
"""Four halvings leave one pixel."""


def family(encoder: str = "resnet18") -> Family:
    """Describe the family around an encoder.

    Raises:
        UserError: there is no such encoder.
    """
    inner = load_encoder(encoder, "parallel_net")

    def backbone(weights: str) -> "tuple[list[nn.Module], None]":
        from study.models.families._paths import JoinedFeatures, WithImages

        return [WithImages(inner.backbone(weights)[0]), JoinedFeatures(*_small())], None

    return replace(
        inner,
        stages=(encoder, "4 convolutions of 4 to 16, pool"),
        features=_CHANNELS[-1] * _POOL**2 + inner.features,
        min_size=max(inner.min_size, _MIN_SIZE),
        source_classes=None,
        backbone=backbone,
        whole=False,
    )


def _small() -> "list[nn.Module]":
    from torch import nn

    layers: list[nn.Module] = []
    for before, after in pairwise(_CHANNELS):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return [*layers, nn.AdaptiveAvgPool2d(_POOL), nn.Flatten()]
