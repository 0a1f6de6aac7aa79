"""Finds a model family by its module name and fixes what such a module gives. Knows no regime, task or training.

A family is one file in this folder with `FAMILY`, a `Family`; or, where it has options, with a function `family` that
makes one: its parameters are the hyperparameters that it reads, all with defaults. A file whose name starts with an
underscore is no family. The module is imported to check a study's space, before anything is trained: it imports torch
and model packages only inside `backbone`.
"""

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from study.errors import UserError
from study.space.config import Config, show
from study.space.config import names as hyperparameters

if TYPE_CHECKING:
    from torch import nn

    from study.models.net import Net

    Backbone = tuple[list[nn.Module], nn.Linear | None]


OPTIONS = hyperparameters(reader="its families")
"""Hyperparameters that some families read."""


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
    """Classes of the head that the pretrained weights bring; None without such a head."""
    source_size: int | None
    """Side of the images that the pretrained weights were trained on, pixels; None without such weights."""
    backbone: "Callable[[str], Backbone]"
    """Makes the stages, and the source head where there is one, for one of `weights`."""
    fetch: Callable[[], object] | None = None
    """Gets the pretrained weights from their host, where they are not in an installed package."""
    multiple: int = 1
    """The image side must be a multiple of this, pixels."""
    whole: bool = False
    """Whether pretrained weights set every stage: nothing of the backbone is drawn by a trial's seed then."""


def names() -> tuple[str, ...]:
    """Return the names of all families, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def module(name: str) -> ModuleType:
    """Import a family's module.

    Raises:
        UserError: there is no family of this name.
    """
    if name not in names():
        raise UserError(f"unknown family {name!r}; one of {', '.join(names())}")
    return import_module(f"{__name__}.{name}")


def options(name: str) -> tuple[str, ...]:
    """Name the hyperparameters that a family's module reads.

    Raises:
        UserError: there is no family of this name.
    """
    found = module(name)
    return () if hasattr(found, "FAMILY") else tuple(inspect.signature(found.family).parameters)


def asked(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Pick what a family reads of some hyperparameters; `vars(config)` are all of a trial's.

    Raises:
        UserError: there is no family of this name.
    """
    return {key: values[key] for key in options(name) if key in values}


def options_of(config: Config) -> dict[str, str | None]:
    """Give the options of a configuration that its family reads.

    Raises:
        UserError: an option is given that the family does not read.
    """
    read = options(config.family)
    for name in OPTIONS:
        if name not in read and getattr(config, name) is not None:
            choices = [family for family in names() if name in options(family)]
            what = f"{name} {getattr(config, name)!r} is not read by family {config.family!r}"
            raise UserError(f"{what}; only by {', '.join(choices)}")
    return asked(config.family, vars(config))


def load(name: str, **given: str | None) -> Family:
    """Import a family's module.

    Args:
        name: of the family.
        given: hyperparameters, of those that it reads; None is the family's own choice.

    Raises:
        UserError: there is none of this name, or an option that it does not read or that has another value.
    """
    read, wanted = options(name), {key: value for key, value in given.items() if value is not None}
    for key, value in wanted.items():
        if key not in read:
            reads = ", ".join(read) or "no option"
            raise UserError(f"{key} {show(value)} is not read by family {name}; it reads {reads}")
    found = module(name)
    return found.family(**wanted) if read else found.FAMILY


def of(config: Config) -> Family:
    """Load a trial's family with the options that it reads."""
    return load(config.family, **asked(config.family, vars(config)))


def load_encoder(name: str, outer: str) -> Family:
    """Load a family that another one, `outer`, is built around.

    Raises:
        UserError: there is none of this name, or it is itself built around another.
    """
    choices = [each for each in names() if "encoder" not in options(each)]
    if name not in choices:
        raise UserError(f"unknown encoder {show(name)} of family {outer}; one of {', '.join(choices)}")
    return load(name)


def check(name: str, weights: str, image_size: int, **given: str | None) -> Family:
    """Load a family and compare what is asked of it with what it can.

    Raises:
        UserError: an unknown family or option, weights that it does not have, or images whose side does not fit it.
    """
    family = load(name, **given)
    if weights not in family.weights:
        raise UserError(f"unknown weights {weights!r} of family {name}; one of {', '.join(family.weights)}")
    if image_size < family.min_size:
        raise UserError(f"images of {image_size} px are too small for family {name}; at least {family.min_size}")
    if image_size % family.multiple:
        raise UserError(f"images of {image_size} px do not fit family {name}; a multiple of {family.multiple}")
    return family


def build(
    name: str,
    weights: str,
    classes: int,
    dropout: float = 0.0,
    source_head: bool = False,
    head: str = "linear",
    **given: str | None,
) -> "Net":
    """Make a network; random parts are drawn from torch's global generator.

    Args:
        name: a family.
        weights: one of the family's.
        classes: of the new head.
        dropout: probability before the head and between its layers, in [0, 1).
        source_head: keeps the head that the weights bring, with its own classes, instead of a new one.
        head: of a new head, "linear" or the widths of its hidden layers, such as "512-256-128".
        given: options of the family.

    Raises:
        UserError: an unknown family, option, weights or head, weights that cannot be had, or no source head where one
            is asked for.
    """
    from study.models import heads
    from study.models.net import Net  # costs seconds, and checking a space needs none of it

    family = check(name, weights, load(name, **given).min_size, **given)
    stages, source = family.backbone(weights)
    if source_head and source is None:
        raise UserError(f"family {name} with weights {weights!r} has no source head; zero_shot needs one")
    keeps = source if source_head else None
    return Net(stages, keeps or heads.make(head, family.features, classes, dropout), dropout)
