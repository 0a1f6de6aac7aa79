"""By how many quarter turns was an image rotated? Reads no labels.

Source: Gidaris et al. 2018, arXiv:1803.07728; here an epoch has one of an image's four rotations.
"""

from typing import TYPE_CHECKING

from study.pretraining.pretexts import Option, Options

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LABELS = False
OPTIONS: dict[str, Option] = {}
VIEWS = 1
HEAD = "linear"
TURNS = 4


def answers(labels: int, options: Options) -> int:
    """Give the number of rotations."""
    return TURNS


def check(options: Options, size: int) -> None:
    """Refuse nothing: there are no options."""


def examples(
    pixels: "Tensor", labels: "Tensor | None", generator: "torch.Generator", options: Options, least: int
) -> "tuple[Tensor, Tensor]":
    """Turn each image by 0, 90, 180 or 270 degrees."""
    import torch

    turns = torch.randint(TURNS, (len(pixels),), generator=generator).to(pixels.device)
    rotated = torch.empty_like(pixels)
    for turn in range(TURNS):
        rotated[turns == turn] = torch.rot90(pixels[turns == turn], turn, (2, 3))
    return rotated[:, None], turns
