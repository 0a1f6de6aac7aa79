"""A split's images on the device, and how a batch of them is made to fit a network's input contract."""

import warnings
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from study.data.prepare import Split

BATCH = {"cpu": 64, "cuda": 1024}
"""Batch size where nothing is trained. On a CPU, whose cache is small, 64 was 1.1 to 2.3 times as fast as 512."""
_MAX_CACHED = 4
"""Arrays that stay on the device for the worker's next trials: train and test at two image sizes."""
_arrays: OrderedDict[tuple[str, str], Tensor] = OrderedDict()


class Feed(NamedTuple):
    """The samples of one split."""

    images: Tensor
    """(all, size, size, 3) uint8 on the device, shared among trials and splits."""
    rows: Tensor
    """(n,) int64 on the device: the images that belong to the split."""
    targets: Tensor
    """(n,) int64 on the device."""
    mean: Tensor
    """(1, 3, 1, 1)."""
    std: Tensor
    """(1, 3, 1, 1)."""
    upsample: int | None = None
    """Side to which images are enlarged before they are normalized, pixels."""
    grey: bool = False
    """Whether images are converted to grey."""

    def pixels(self, which: Tensor | slice) -> Tensor:
        """Return some of the split's images as (batch, 3, size, size) float in [0, 1]."""
        batch = self.images[self.rows[which]].permute(0, 3, 1, 2).to(torch.float32).div_(255)
        return _grey(batch) if self.grey else batch

    def normalized(self, pixels: Tensor) -> Tensor:
        """Enlarge (bicubic), then apply mean and std; in the memory format of `trial`'s networks, channels last."""
        if self.upsample not in (None, pixels.shape[-1]):
            pixels = F.interpolate(pixels, size=self.upsample, mode="bicubic", align_corners=False).clamp_(0, 1)
        return ((pixels - self.mean) / self.std).contiguous(memory_format=torch.channels_last)


def feed(
    split: "Split",
    key: str,
    device: str,
    mean: Sequence[float],
    std: Sequence[float],
    upsample: int | None = None,
    grey: bool = False,
) -> Feed:
    """Put a split on the device. Its images are copied once per key.

    Args:
        split: of `study.data.prepare`.
        key: equal keys mean equal image arrays.
        device: of torch.
        mean: per channel, of images in [0, 1].
        std: per channel.
        upsample: side to which images are enlarged, pixels.
        grey: converts images to grey.
    """
    means, stds = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (mean, std))
    rows, targets = (torch.from_numpy(array.copy()).to(device) for array in (split.index, split.targets))
    return Feed(_on_device(split.images, key, device), rows, targets, means, stds, upsample, grey)


def _grey(pixels: Tensor) -> Tensor:
    """Return three equal channels of luminance, with the weights of ITU-R BT.601."""
    weights = torch.tensor([0.299, 0.587, 0.114], device=pixels.device).view(1, 3, 1, 1)
    return (pixels * weights).sum(1, keepdim=True).expand_as(pixels)


def precision(feed: Feed) -> torch.autocast:
    """Use mixed precision on a GPU, single precision elsewhere."""
    kind = feed.images.device.type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda")


def _on_device(images: np.ndarray, key: str, device: str) -> Tensor:
    if (key, device) not in _arrays:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the mapped file is read-only, and it is only read here
            _arrays[key, device] = torch.from_numpy(images).to(device)
    _arrays.move_to_end((key, device))
    while len(_arrays) > _MAX_CACHED:
        _arrays.popitem(last=False)
    return _arrays[key, device]
