"""Distributions that tuned hyperparameters are sampled from: ranges and choices. Knows nothing of how one samples."""

from dataclasses import dataclass

from study.errors import UserError
from study.space.values import check_type

Value = str | int | float | None
LARGEST = 2**53
"""Largest whole number up to which floats represent all exactly."""


@dataclass(frozen=True)
class Range:
    """An interval, bounds included."""

    low: float
    high: float
    log: bool = False
    integer: bool = False

    def __post_init__(self) -> None:
        for bound in (self.low, self.high):
            check_type("range bound", bound, int if self.integer else float)
            if self.integer and abs(bound) > LARGEST:
                raise UserError(f"range bound {bound} is beyond {LARGEST:,}: a sampler's numbers are floats")
        if not self.low < self.high:
            raise UserError(f"range [{self.low}, {self.high}]: the lower bound must be below the upper one")
        if self.log and self.low <= 0:
            raise UserError(f"range [{self.low}, {self.high}]: a logarithmic range must be above 0")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int if self.integer else (int, float)) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """A set of values."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if type(self.values) is not tuple or not self.values:
            raise UserError(f"choice {self.values!r} needs values")

    def __contains__(self, value: object) -> bool:
        return value in self.values


Distribution = Range | Choice


def uniform(low: float, high: float) -> Range:
    """Sample numbers from [low, high] uniformly.

    Example:
        >>> 0.3 in uniform(0.1, 0.5)
        True
    """
    return Range(low, high)


def log_uniform(low: float, high: float) -> Range:
    """Sample numbers from [low, high] whose logarithms are uniform; low must be above 0.

    Example:
        >>> log_uniform(1e-5, 1e-1)
        Range(low=1e-05, high=0.1, log=True, integer=False)
    """
    return Range(low, high, log=True)


def integers(low: int, high: int) -> Range:
    """Sample whole numbers from low to high, both included, uniformly.

    Example:
        >>> 4 in integers(1, 4), 2.5 in integers(1, 4)
        (True, False)
    """
    return Range(low, high, integer=True)


def choice(*values: Value) -> Choice:
    """Sample one of some values.

    Example:
        >>> choice("adamw", "sgd").values
        ('adamw', 'sgd')
    """
    return Choice(values)


def ends(distribution: Distribution) -> tuple[Value, ...]:
    """Return both ends of a range, or all values of a choice."""
    if isinstance(distribution, Choice):
        return distribution.values
    low, high = distribution.low, distribution.high
    return (int(low), int(high)) if distribution.integer else (low, high)
