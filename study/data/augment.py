"""Augments a batch of images by random changes, which are drawn once per epoch and applied on the images' device."""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

RANGES = ("rotate", "scale", "shift", "brightness", "contrast", "flip")
_COLUMNS = 7  # shift takes two


def draw(count: int, generator: torch.Generator) -> Tensor:
    """Draw the random numbers that `augment` needs.

    Args:
        count: number of images.
        generator: of torch, on the CPU.

    Returns:
        (count, 7) float in [-1, 1): rotation, scale, two shifts, brightness, contrast, flip.
    """
    return torch.rand(count, _COLUMNS, generator=generator) * 2 - 1


def augment(images: Tensor, draws: Tensor, ranges: Mapping[str, float], strength: float) -> Tensor:
    """Rotate, scale, shift, mirror, and change brightness and contrast.

    Args:
        images: (batch, 3, size, size) float in [0, 1].
        draws: (batch, 7), from `draw`, on the same device.
        ranges: at strength 1: rotate in degrees; scale, shift (of the side), brightness and contrast as shares;
            flip 1 mirrors half of the images, 0 none. A range that is missing is 0.
        strength: in [0, 1], multiplies the ranges; 0 returns the images themselves.

    Returns:
        Images of the same shape, in [0, 1]. Pixels from outside an image repeat its edge.

    Raises:
        ValueError: a range is not one of `RANGES`.
    """
    for name in ranges:
        if name not in RANGES:
            raise ValueError(f"unknown augmentation {name!r}; one of {', '.join(RANGES)}")
    rotate, scale, shift, brightness, contrast, flip = (strength * ranges.get(name, 0.0) for name in RANGES)
    if rotate or scale or shift or flip:
        images = _move(images, draws, rotate, scale, shift, flip)
    if brightness or contrast:
        images = _relight(images, draws, brightness, contrast)
    return images


def _move(images: Tensor, draws: Tensor, rotate: float, scale: float, shift: float, flip: float) -> Tensor:
    """Sample each image through one affine map, from positions in the result to positions in the source."""
    angle = draws[:, 0] * math.radians(rotate)
    size = 1 / (1 + draws[:, 1] * scale)
    mirror = torch.where((draws[:, 6] + 1) / 2 < flip / 2, -1.0, 1.0)
    cosine, sine, moves = torch.cos(angle) * size, torch.sin(angle) * size, draws[:, 2:4] * (2 * shift)
    rows = (torch.stack([cosine * mirror, -sine, moves[:, 0]], 1), torch.stack([sine * mirror, cosine, moves[:, 1]], 1))
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _relight(images: Tensor, draws: Tensor, brightness: float, contrast: float) -> Tensor:
    """Stretch each image about its mean, then scale it, as one multiplication and one addition."""
    light = (1 + draws[:, 4] * brightness).view(-1, 1, 1, 1)
    stretch = (1 + draws[:, 5] * contrast).view(-1, 1, 1, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return torch.addcmul((1 - stretch) * light * mean, images, stretch * light).clamp_(0, 1)
