"""Reads ImageNet weights that torchvision publishes, for any of its networks."""

import contextlib
import io
import os
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from study.models.families._weights import missing
from study.storage import home


def imagenet(family: str, url: str, network: Callable[..., nn.Module]) -> dict[str, Any]:
    """Read torchvision's file from torch's cache, downloading it first if it is missing.

    Args:
        family: name for the error.
        url: of the file.
        network: torchvision's function that makes the network.

    Raises:
        UserError: neither worked, or the file holds another network's weights; says which file to place where.
    """
    file = place(url)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():  # it prints each attempt
            warnings.simplefilter("ignore")  # about a file that is refused anyway
            tensors = torch.hub.load_state_dict_from_url(
                url, map_location="cpu", progress=False, check_hash=True, weights_only=True
            )
            _check(tensors, network)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise missing(family, error, url, file) from error
    return tensors


def place(url: str) -> Path:
    """The file in torch's cache that a URL is downloaded to.

    Raises:
        UserError: the user has no home folder, and none is named.
    """
    if not {"TORCH_HOME", "XDG_CACHE_HOME"} & os.environ.keys():
        home.folder("pretrained weights", "name one with TORCH_HOME=DIR")
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def _check(tensors: Any, network: Callable[..., nn.Module]) -> None:
    """Compare names and shapes, as torch checks no checksum of a file that is already in its cache.

    Raises:
        ValueError: they are not the network's.
    """
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in network(weights=None).state_dict().items()}
    named = tensors if isinstance(tensors, dict) else {}
    if {name: getattr(tensor, "shape", None) for name, tensor in named.items()} != expected:
        raise ValueError("it holds something else than this network's tensors")


def in_cache(url: str) -> str:
    """Say where the file of a URL lies in torch's cache, or how to get it."""
    file = place(url)
    return f"here: {file}" if file.is_file() else f"not here: downloaded on first use from {url}, to {file}"
