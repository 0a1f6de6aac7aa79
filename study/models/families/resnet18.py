"""ResNet-18 as in torchvision, with its ImageNet weights on request.

Source: He et al. 2016, arXiv:1512.03385; weights: torchvision's `ResNet18_Weights.IMAGENET1K_V1`, fetched on first use.
"""

from typing import TYPE_CHECKING, Any

from study.models.families import Family

if TYPE_CHECKING:
    from torch import nn


def _backbone(weights: str) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Cut the network before each halving of its maps, with the stem and the first layer in the first stage."""
    from torch import nn
    from torchvision.models import resnet18

    whole = resnet18(weights=None)
    if weights == "imagenet":
        whole.load_state_dict(_imagenet())
    stem = (whole.conv1, whole.bn1, whole.relu, whole.maxpool)
    last = nn.Sequential(*whole.layer4, whole.avgpool, nn.Flatten())
    stages = [nn.Sequential(*stem, *whole.layer1), whole.layer2, whole.layer3, last]
    return stages, whole.fc if weights == "imagenet" else None


def _imagenet() -> dict[str, Any]:
    from torchvision.models import ResNet18_Weights, resnet18

    from study.models.families._torchvision_weights import imagenet

    return imagenet("resnet18", ResNet18_Weights.IMAGENET1K_V1.url, resnet18)


FAMILY = Family(
    stages=("stem, layer1", "layer2", "layer3", "layer4, pool"),
    features=512,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    min_size=32,
    weights=("none", "imagenet"),
    source_classes=1000,
    source_size=224,
    whole=True,
    origin="torchvision/resnet18",
    backbone=_backbone,
    fetch=_imagenet,
)
