"""MobileNetV3-Large as in torchvision, with its ImageNet weights on request.

With the small stem, the first convolution and the first down-sampling block keep the size of the maps. Images of 32
pixels then end in maps of 4×4 instead of 1×1; parameters and weights are the same.

Source: Howard et al. 2019, arXiv:1905.02244; weights: torchvision's `MobileNet_V3_Large_Weights.IMAGENET1K_V1`,
fetched on first use.
"""

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from study.errors import UserError
from study.models.families import Family
from study.space.config import show

if TYPE_CHECKING:
    from torch import nn

_CUTS = (0, 2, 4, 7, 13, 17)  # torchvision's features: cut before each halving of the maps
_STAGES = (
    *("stem, block 1", "blocks 2 and 3", "blocks 4 to 6", "blocks 7 to 12"),
    "blocks 13 to 15, last convolution, pool, linear",
)
_STEMS = {"standard": 32, "small": 8}
"""Stem → factor by which the whole network reduces the maps."""


def _backbone(weights: str, stem: str) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Cut the network at `_CUTS`; the hidden linear layer joins the last stage, the dropout after it the head."""
    from torch import nn
    from torchvision.models import mobilenet_v3_large

    whole: Any = mobilenet_v3_large(weights=None)
    if weights == "imagenet":
        whole.load_state_dict(_imagenet())
    if stem == "small":
        expand_and_depthwise = whole.features[2].block
        whole.features[0][0].stride = expand_and_depthwise[1][0].stride = (1, 1)
    hidden, activation, _, head = whole.classifier
    parts = [whole.features[first:last] for first, last in pairwise(_CUTS)]
    parts[-1] = nn.Sequential(*parts[-1], whole.avgpool, nn.Flatten(), hidden, activation)
    return parts, head if weights == "imagenet" else None


def _imagenet() -> dict[str, Any]:
    from torchvision.models import MobileNet_V3_Large_Weights, mobilenet_v3_large

    from study.models.families._torchvision_weights import imagenet

    return imagenet("mobilenet_v3_large", MobileNet_V3_Large_Weights.IMAGENET1K_V1.url, mobilenet_v3_large)


def family(stem: str = "standard") -> Family:
    """Describe the network with one of `_STEMS`.

    Raises:
        UserError: there is no such stem.
    """
    if stem not in _STEMS:
        raise UserError(f"unknown stem {show(stem)} of family mobilenet_v3_large; one of {', '.join(_STEMS)}")
    return Family(
        stages=_STAGES,
        features=1280,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        min_size=_STEMS[stem],
        weights=("none", "imagenet"),
        source_classes=1000,
        source_size=224,
        whole=True,
        origin="torchvision/mobilenet_v3_large",
        backbone=partial(_backbone, stem=stem),
        fetch=_imagenet,
    )
