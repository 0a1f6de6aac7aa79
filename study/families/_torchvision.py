"""Reads ImageNet weights that torchvision publishes. Knows nothing of the networks that they are for."""

import contextlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from study.config import UserError, show


def imagenet(family: str, url: str) -> dict[str, Any]:
    """Read torchvision's file from torch's cache, downloading it where it is not there yet.

    Args:
        family: for the error.
        url: of the file.

    Raises:
        UserError: neither worked; says which file to place where.
    """
    name, folder = url.rpartition("/")[2], Path(torch.hub.get_dir()) / "checkpoints"
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints every try
            return torch.hub.load_state_dict_from_url(
                url, map_location="cpu", progress=False, check_hash=True, weights_only=True
            )
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        place = f"download {url} by hand and place it as {folder / name}"
        raise UserError(f"{family}: cannot get its ImageNet weights {name} ({show(error)}); {place}") from error
