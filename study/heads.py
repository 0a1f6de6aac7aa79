"""Makes the head of a network from its text: "linear", or the widths of hidden layers. Knows no family or training.

Checking a study's space reads such texts: torch is imported only inside `make`.
"""

import re
from typing import TYPE_CHECKING

from study.config import show
from study.errors import UserError

if TYPE_CHECKING:
    from torch import nn

LINEAR = "linear"
_WIDTHS = re.compile(r"[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})*")


def widths(head: str) -> tuple[int, ...]:
    """Read the widths of the hidden layers, input first; none for "linear".

    Raises:
        UserError: the text is neither.
    """
    if head == LINEAR:
        return ()
    if not _WIDTHS.fullmatch(head):
        raise UserError(f"unknown head {show(head)}; {LINEAR!r}, or widths of hidden layers like '512-256-128'")
    return tuple(int(width) for width in head.split("-"))


def make(head: str, features: int, classes: int, dropout: float = 0.0) -> "nn.Module":
    """Make a head: each hidden layer is followed by ReLU and dropout, the last layer is linear.

    Args:
        head: "linear" or widths like "512-256-128".
        features: width of what comes in, (batch, features).
        classes: width of what goes out, (batch, classes) logits.
        dropout: probability after each hidden layer, in [0, 1); none in front of the first.

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
