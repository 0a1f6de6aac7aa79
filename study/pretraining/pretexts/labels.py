"""The source task itself: which class does an image have? Transfer from task A to task B starts from its weights."""

from typing import TYPE_CHECKING

from study.pretraining.pretexts import Option, Options

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LABELS = True
OPTIONS: dict[str, Option] = {}
VIEWS = 1
HEAD = "linear"


def answers(labels: int, options: Options) -> int:
    """Give the number of classes."""
    return labels


def check(options: Options, size: int) -> None:
    """Refuse nothing: there are no options."""


def examples(
    pixels: "Tensor", labels: "Tensor | None", generator: "torch.Generator", options: Options, least: int
) -> "tuple[Tensor, Tensor]":
    """Pass on the image as it is, with its label."""
    assert labels is not None
    return pixels[:, None], labels
