"""How one hyperparameter is declared: its default, its range or choices, and the roles that other rooms read."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

Reader = Literal[
    "every trial",
    "training by gradients",
    "optimizer sgd",
    "its regimes",
    "its families",
    "every regime but scratch",
    "every regime but zero_shot",
    "every regime but prototype",
    "validation groups",
    "task folder",
]
"""Which trials read a hyperparameter; `study.training.active` decides it for each trial."""

Memory = Literal["neutral", "grows", "shrinks", "on or off", "varies"]
"""How the GPU memory of a training step depends on the value.

neutral: not at all. grows, shrinks: the largest or smallest value needs most. on or off: only on whether it is above 0.
varies: in an unknown way, so that each value is tried.
"""

Pretraining = Literal["none", "inherited", "own", "own head", "resumed", "resumed head"]
"""Where a pretraining gets the value from.

none: always `Config`'s default, or a key of the source. inherited: the value of the trials that start from its weights.
own: a key of the source, `Config`'s default. own head: the same, but the default is the pretext's. resumed (of the
stages), resumed head: a key of the source, whose default is the trials' value if it starts from other trained weights.
"""


@dataclass(frozen=True)
class Interval:
    """The range of a number."""

    low: float
    high: float
    above: bool
    """Whether the lower bound itself is excluded."""
    below: bool
    """Whether the upper bound itself is excluded."""

    def too_low(self, value: float) -> bool:
        """Whether a value is below the range."""
        return value <= self.low if self.above else value < self.low

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int | float)
        return not self.too_low(value) and (value < self.high if self.below else value <= self.high)

    def wanted(self, value: float, whole: bool) -> str:
        """Write, for the error about a number outside the range, what it must be."""
        if whole:
            return f"at least {self.low}" if self.too_low(value) else f"at most {self.high:,}"
        if self.below and value == self.high:
            return f"below {self.high:g}"
        if self.above:
            return f"above {self.low:g} and at most {self.high:g}"
        return f"between {self.low:g} and {self.high:g}"

    def __str__(self) -> str:
        """Write the range, e.g. `(0, 1]`."""
        high = "∞)" if math.isinf(self.high) else f"{_number(self.high)}{')' if self.below else ']'}"
        return f"{'(' if self.above else '['}{_number(self.low)}, {high}"


def hyper(
    default: str | int | float | None,
    *,
    doc: str,
    tunable: bool,
    reader: Reader,
    memory: Memory,
    pretraining: Pretraining,
    choices: tuple[str, ...] = (),
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    too_low: str = "",
) -> Any:
    """Declare a hyperparameter as a field of `Config`.

    Args:
        default: its value where nobody sets it.
        doc: what it means, in a line of Markdown.
        tunable: whether a search may sample it; False: it may only be compared or fixed.
        reader: which trials read it.
        memory: how the GPU memory of a training step depends on it.
        pretraining: where a pretraining gets it from.
        choices: of a text that has the same choices for all tasks and families.
        above: lower bound of a number, excluded.
        at_least: lower bound of a number, included.
        below: upper bound of a number, excluded.
        at_most: upper bound of a number, included.
        too_low: the error for a smaller number; the values of `Config` are filled in for the names in braces.

    Returns:
        A dataclass field whose metadata has these roles, and `interval`, which is None for texts.
    """
    low, high = at_least if above is None else above, at_most if below is None else below
    interval = None
    if low is not None:
        interval = Interval(low, math.inf if high is None else high, above is not None, below is not None)
    roles = {"tunable": tunable, "reader": reader, "memory": memory, "pretraining": pretraining}
    return field(
        default=default, metadata={"doc": doc, "choices": choices, "interval": interval, "too_low": too_low, **roles}
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"
