"""The classification networks of torchvision, as `torchvision/NAME` or `torchvision/NAME.WEIGHTS`.

Source: https://github.com/pytorch/vision (BSD-3-Clause); its weights state no licence of their own.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.vision_transformer import interpolate_embeddings

from study.errors import UserError
from study.models.families._networks import Contract, refuse_unknown
from study.models.families._torchvision_weights import imagenet, in_cache

IMAGENET = 1000
_AUXILIARY = ("aux1", "aux2", "AuxLogits")
"""Further classifiers, in training alone."""


def names() -> Sequence[str]:
    """List all networks, and each with the names of its weights."""
    plain = models.list_models(module=models)
    return (*plain, *(f"{name}.{weights.name}" for name in plain for weights in models.get_model_weights(name)))


def contract(network: str) -> Contract:
    """Read what torchvision knows of a network's weights; of the default ones without a name.

    Raises:
        UserError: there is no such network, or it has no such weights.
    """
    weights = _weights(network)
    if weights is None:
        return Contract((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224, 0, None, None)
    images = weights.transforms()
    classes = len(weights.meta.get("categories") or ())
    return Contract(tuple(images.mean), tuple(images.std), images.crop_size[0], classes, weights.name, None)


def make(network: str, size: int | None, drop_path: float = 0.0) -> nn.Module:
    """Make a network without a classifier, with random weights; its stochastic depth has torchvision's rates."""
    return _without_classifier(_make(network, size))[0]


def pretrained(network: str, size: int | None, drop_path: float = 0.0) -> tuple[nn.Module, nn.Linear | None]:
    """Make a network with its published weights, from torch's cache or downloaded.

    Raises:
        UserError: they are not here and cannot be had; says what to place where.
    """
    weights = _weights(network)
    if weights is None:
        raise UserError(f"torchvision/{network} has no published weights")
    whole = _make(network, None)
    tensors = imagenet(f"torchvision/{network}", weights.url, lambda weights: whole)
    model = whole if size is None else _make(network, size)
    model.load_state_dict(translated(network, model, tensors))
    return _without_classifier(model)


def classifiers(network: str) -> Sequence[str]:
    """Name the last layer of a network."""
    with torch.device("meta"):
        return (_last(_make(network, None))[0],)


def translated(network: str, model: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Fit the position embeddings of a vision transformer to its images."""
    if not isinstance(model, models.VisionTransformer):
        return tensors
    return interpolate_embeddings(model.image_size, model.patch_size, OrderedDict(tensors))  # type: ignore[no-any-return]


def where(network: str) -> str:
    """Say where a network's weights lie in torch's cache, or how to get them."""
    return in_cache(_weights(network).url)


def _weights(network: str) -> Any:
    base, _, name = network.partition(".")
    if base not in models.list_models(module=models) or name:
        refuse_unknown("torchvision", network, names())
    every = models.get_model_weights(base)
    return every[name] if name else getattr(every, "DEFAULT", None)


def _make(network: str, size: int | None) -> nn.Module:
    base = network.partition(".")[0]
    options: dict[str, Any] = {}
    if size is not None and base.startswith("vit_"):
        options["image_size"] = size
    if size is not None and base.startswith("maxvit_"):
        options["input_size"] = (size, size)
    if base in ("googlenet", "inception_v3"):  # as with their weights
        options |= {"init_weights": False, "transform_input": True}
    return models.get_model(base, weights=None, **options)


def _without_classifier(model: nn.Module) -> tuple[nn.Module, nn.Linear | None]:
    """Put nothing in the place of the last layer."""
    for name in _AUXILIARY:
        if hasattr(model, name):
            setattr(model, name, None)
            model.aux_logits = False  # type: ignore[assignment]
    path, last = _last(model)
    holder, _, name = path.rpartition(".")
    setattr(model.get_submodule(holder), name, nn.Identity())
    return model, last if isinstance(last, nn.Linear) else None


def _last(model: nn.Module) -> tuple[str, nn.Module]:
    """Find the last layer, a matrix or a convolution to 1000 classes."""
    layers = [
        (path, layer)
        for path, layer in model.named_modules()
        if (isinstance(layer, nn.Linear) and layer.out_features == IMAGENET)
        or (isinstance(layer, nn.Conv2d) and layer.out_channels == IMAGENET)
    ]
    return next(layer for layer in reversed(layers) if layer[0].partition(".")[0] not in _AUXILIARY)
