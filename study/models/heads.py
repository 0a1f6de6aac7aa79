"""Makes the head of a network from its text: "linear", or the widths of hidden layers. Knows no family.

Checking a study's space reads such texts, so torch is imported only inside `make`.
"""

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from study.errors import UserError
from study.space.config import show

if TYPE_CHECKING:
    from torch import nn

LINEAR = "linear"
MOST = 100_000_000
"""Largest number of weights between the hidden layers of a head: 400 MB."""
_WIDTHS = re.compile(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})*")


def widths(head: str) -> tuple[int, ...]:
    """Read the widths of the hidden layers, input first; none for "linear".

    Raises:
        UserError: the text is neither, or has more than `MOST` weights.
    """
    if head == LINEAR:
        return ()
    if not _WIDTHS.fullmatch(head):
        raise UserError(f"unknown head {show(head)}; {LINEAR!r}, or widths of hidden layers like '512-256-128'")
    hidden = tuple(int(width) for width in head.split("-"))
    if (weights := sum(before * after for before, after in pairwise(hidden))) > MOST:
        raise UserError(f"head {show(head)} has {weights:,} weights between its layers; {MOST:,} at most")
    return hidden


def make(head: str, features: int, classes: int, dropout: float = 0.0) -> "nn.Module":
    """Make a head: each hidden layer is followed by ReLU and dropout, the last layer is linear.

    Args:
        head: "linear" or widths like "512-256-128".
        features: width of the input, (batch, features).
        classes: width of the output, (batch, classes) logits.
        dropout: probability after each hidden layer, in [0, 1); there is none before the first layer.

    Raises:
        UserError: the text is neither.
    """
    from torch import nn

    layers: list[nn.Module] = []
    for width in widths(head):
        layers += [nn.Linear(features, width), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        features = width
    last = nn.Linear(features, classes)
    return nn.Sequential(*layers, last) if layers else last
