"""Reads ImageNet weights that torchvision publishes. Knows nothing of the networks that they are for."""

import contextlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from study.families._weights import missing


def imagenet(family: str, url: str) -> dict[str, Any]:
    """Read torchvision's file from torch's cache, downloading it where it is not there yet.

    Args:
        family: for the error.
        url: of the file.

    Raises:
        UserError: neither worked; says which file to place where.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints every try
            return torch.hub.load_state_dict_from_url(
                url, map_location="cpu", progress=False, check_hash=True, weights_only=True
            )
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        place = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
        raise missing(family, error, url, place) from error
