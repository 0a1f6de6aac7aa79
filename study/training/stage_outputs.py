"""Outputs of a network's first stages for a split: how they lie in files and in memory, and become batches again."""

import warnings
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from study.models.net import Activations
from study.storage import store


class Outputs(NamedTuple):
    """Outputs of the stages before `start` for the rows of a split, in the split's order."""

    start: int
    arrays: tuple[Tensor, ...]
    """(rows, height, width, channels) or (rows, features) each; memory-mapped, or on the device."""
    device: torch.device

    def batch(self, which: Tensor | slice) -> Activations:
        """Give some rows as stage `start` takes them, in single precision."""
        rows = which if isinstance(which, slice) else which.to(self.arrays[0].device)
        activations = tuple(_maps(array[rows].to(self.device).float()) for array in self.arrays)
        return activations if len(activations) > 1 else activations[0]


def load(entry: store.Entry[dict[str, int]], device: torch.device) -> tuple[Tensor, ...]:
    """Memory-map an entry's arrays."""
    mapped = [np.load(entry.path / f"{number}.npy", mmap_mode="r") for number in range(entry.meta["paths"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the file is read-only, and nothing here writes to it
        return placed([torch.from_numpy(array) for array in mapped], device)


def placed(tensors: list[Tensor], device: torch.device) -> tuple[Tensor, ...]:
    """Copy tensors to a GPU if they take less than a quarter of its free memory; else leave them where they are."""
    if device.type == "cuda" and sum(tensor.nbytes for tensor in tensors) * 4 < torch.cuda.mem_get_info(device)[0]:
        return tuple(tensor.to(device) for tensor in tensors)
    return tuple(tensors)


def _maps(rows: Tensor) -> Tensor:
    """Move channels to the second dimension, where a stage expects them; in memory they stay last."""
    return rows.permute(0, 3, 1, 2) if rows.ndim == 4 else rows


def channels_last(tensor: Tensor) -> Tensor:
    """Move channels to the last dimension, as outputs are stored."""
    return (tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor).contiguous()
