"""Finds a model family by its module name and fixes what such a module gives. Knows no regime, task or training.

A family is one file in this folder with `FAMILY`, a `Family`. Its module is imported to check a study's space, before
anything is trained: it imports torch and model packages only inside `backbone`.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from study.config import UserError

if TYPE_CHECKING:
    from torch import nn

    from study.net import Net

    Backbone = tuple[list[nn.Module], nn.Linear | None]


@dataclass(frozen=True)
class Family:
    """A backbone's shape and its input contract."""

    stages: tuple[str, ...]
    """What each stage holds, input first; the last one ends in global pooling and flattening."""
    features: int
    """Width of what the last stage gives, (batch, features)."""
    mean: tuple[float, float, float]
    """Subtracted per channel from images in [0, 1]."""
    std: tuple[float, float, float]
    """Then divided by, per channel."""
    min_size: int
    """Smallest image side, pixels."""
    weights: tuple[str, ...]
    """The initial weights there are; "none" is random."""
    source_classes: int | None
    """Classes of the head that the pretrained weights bring; None without such weights."""
    backbone: "Callable[[str], Backbone]"
    """Makes the stages, and the source head where there is one, for one of `weights`."""
    fetch: Callable[[], object] | None = None
    """Gets the pretrained weights from their host, where they are not in an installed package."""


def names() -> tuple[str, ...]:
    """Return the names of all families, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> Family:
    """Import a family's module.

    Raises:
        UserError: there is none of this name.
    """
    if name not in names():
        raise UserError(f"unknown family {name!r}; one of {', '.join(names())}")
    return import_module(f"{__name__}.{name}").FAMILY


def check(name: str, weights: str, image_size: int) -> Family:
    """Load a family and compare what is asked of it with what it can.

    Raises:
        UserError: an unknown family, weights that it does not have, or an image that is too small for it.
    """
    family = load(name)
    if weights not in family.weights:
        raise UserError(f"unknown weights {weights!r} of family {name}; one of {', '.join(family.weights)}")
    if image_size < family.min_size:
        raise UserError(f"image_size {image_size} is too small for family {name}; at least {family.min_size}")
    return family


def build(name: str, weights: str, classes: int, dropout: float = 0.0, source_head: bool = False) -> "Net":
    """Make a network; random parts are drawn from torch's global generator.

    Args:
        name: a family.
        weights: one of the family's.
        classes: of the new head.
        dropout: probability before the head, in [0, 1).
        source_head: keeps the head that the weights bring, with its own classes, instead of a new one.

    Raises:
        UserError: an unknown family or weights, weights that cannot be had, or no source head where one is asked for.
    """
    from torch import nn  # costs seconds, and checking a space needs none of it

    from study.net import Net

    family = load(name)
    check(name, weights, family.min_size)
    stages, head = family.backbone(weights)
    if source_head and head is None:
        raise UserError(f"family {name} with weights {weights!r} has no source head; zero_shot needs one")
    return Net(stages, head if source_head and head is not None else nn.Linear(family.features, classes), dropout)
