"""Finds a model family by its module name, and defines what such a module provides.

A family is one file in this folder, or a user's own (`study.plugins`), with `FAMILY`, a `Family`. A family with options
has a function `family` instead, which makes one; its parameters are the hyperparameters that it reads, all with
defaults. A file here whose name starts with an underscore is no family. Checking a study's space imports these modules,
so those of this folder import torch and model packages only inside `backbone`.
"""

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from study import plugins
from study.errors import UserError
from study.plugins import files
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
    """A backbone's shape and its input contract.

    Example:
        >>> def backbone(weights):
        ...     from torch import nn
        ...     return [nn.Conv2d(3, 8, 3), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())], None
        >>> family = Family(
        ...     stages=("a convolution", "pooling"), features=8, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), min_size=8,
        ...     weights=("none",), source_classes=None, source_size=None, backbone=backbone,
        ... )
        >>> stages, head = family.backbone("none")
        >>> len(stages), head
        (2, None)
    """

    stages: tuple[str, ...]
    """What each stage holds, input first; the last one ends in global pooling and flattening."""
    features: int
    """Width of the last stage's output, (batch, features)."""
    mean: tuple[float, float, float]
    """Subtracted per channel from images in [0, 1]."""
    std: tuple[float, float, float]
    """Divisor per channel, after the mean has been subtracted."""
    min_size: int
    """Smallest image side, pixels."""
    weights: tuple[str, ...]
    """The available initial weights; "none" is random."""
    source_classes: int | None
    """Classes of the head that the pretrained weights include; None without such a head."""
    source_size: int | None
    """Side of the images that the pretrained weights were trained on, pixels; None without such weights."""
    backbone: "Callable[[str], Backbone]"
    """Makes the stages, and the source head or None, for one of `weights`."""
    fetch: Callable[[], object] | None = None
    """Gets the pretrained weights from their host, or locates them in an installed package."""
    multiple: int = 1
    """The image side must be a multiple of this, pixels."""
    whole: bool = False
    """Whether pretrained weights set every stage, so that no part of the backbone depends on a trial's seed."""
    undecayed: tuple[str, ...] = ()
    """Parameters that weight decay leaves alone, besides biases and norms, as `STAGE.NAME`: position embeddings."""
    contiguous: bool = False
    """Whether the network must not be laid out channels last."""
    fits: Callable[[int], bool] | None = None
    """Whether the network takes images of this side, pixels, where `min_size` and `multiple` do not decide it."""
    licence: str | None = None
    """Of the published weights, as their publisher states it; None where none is stated."""
    file: str | None = None
    """File with the published weights, which is read as a user's own; None where the package has them."""
    origin: str | None = None
    """The library's network that the stages are made of, tensor by tensor in its order, as `timm/NAME`: a user's file
    of weights has its names. None: only files that this project wrote can be read."""

    def __post_init__(self) -> None:
        """Let "pretrained" name the published weights of any family."""
        if "imagenet" in self.weights and "pretrained" not in self.weights:
            object.__setattr__(self, "weights", (*self.weights, "pretrained"))


SIDES = tuple(range(32, 289, 32))
"""Sides that are tried, pixels, where a network does not take images of another side."""
LIBRARIES = ("timm", "torchvision")
"""Any of their networks is a family, as `timm/NAME`."""


def names() -> tuple[str, ...]:
    """Return the names of all families that are files here, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def module(name: str) -> ModuleType | SimpleNamespace:
    """Import a family's module, or make what stands for one: `timm/NAME` is any network of timm, `PATH.py` a file.

    Raises:
        UserError: there is no family of this name.
    """
    if is_own(name):
        return import_module(f"{__name__}._own").plugin(name)  # type: ignore[no-any-return]
    library, _, network = name.partition("/")
    if network and library in LIBRARIES:
        networks = import_module(f"{__name__}._networks")

        def family(
            stages: str | None = None,
            image_size: int | None = None,
            upsample: int | None = None,
            drop_path: float | None = None,
        ) -> Family:
            return networks.family(library, network, stages, image_size, upsample, drop_path)  # type: ignore[no-any-return]

        return SimpleNamespace(family=family)
    if name not in names():
        libraries = (f"{library}/NAME" for library in LIBRARIES)
        raise UserError(f"unknown family {name!r}; one of {plugins.choices('family', [*names(), *libraries])}")
    return import_module(f"{__name__}.{name}")


def is_own(name: str) -> bool:
    """Whether a family is a user's own: a file, or an entry point whose name the package does not have."""
    return files.is_file_name(name) or (plugins.known("family", name) and name not in names())


def versions(name: str) -> dict[str, str]:
    """Give what identifies a family's code where it is not the package's: versions of libraries, or its hash."""
    if is_own(name):
        return plugins.versions("family", name)
    library, _, network = name.partition("/")
    if not network or library not in LIBRARIES:
        return {}
    folder: dict[str, str] = import_module(f"{__name__}._networks").config_of(network)
    return {library: metadata.version(library)} | folder


def options(name: str) -> tuple[str, ...]:
    """Name the hyperparameters that a family's module reads.

    Raises:
        UserError: there is no family of this name.
    """
    plugin = module(name)
    return () if hasattr(plugin, "FAMILY") else tuple(inspect.signature(plugin.family).parameters)


def options_from(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Select the hyperparameters that a family reads, for example from `vars(config)`.

    Raises:
        UserError: there is no family of this name.
    """
    return {key: values[key] for key in options(name) if key in values}


def options_of(config: Config) -> dict[str, str | None]:
    """Select the options of a configuration that its family reads.

    Raises:
        UserError: the configuration sets an option that the family does not read.
    """
    read = options(config.family)
    for name in OPTIONS:
        if name not in read and getattr(config, name) is not None:
            choices = [family for family in names() if name in options(family)]
            unread = f"{name} {getattr(config, name)!r} is not read by family {config.family!r}"
            raise UserError(f"{unread}; only by {', '.join(choices)}")
    return options_from(config.family, vars(config))


def load(name: str, **settings: str | None) -> Family:
    """Import a family's module and make the family.

    Args:
        name: of the family.
        settings: the family's options; None is the family's own default.

    Raises:
        UserError: there is no family of this name, it does not read an option, or an option has no such value.
    """
    read, chosen = options(name), {key: value for key, value in settings.items() if value is not None}
    for key, value in chosen.items():
        if key not in read:
            choices = ", ".join(read) or "no option"
            raise UserError(f"{key} {show(value)} is not read by family {name}; it reads {choices}")
    plugin = module(name)
    return plugin.family(**chosen) if read else plugin.FAMILY


def of(config: Config) -> Family:
    """Load a trial's family with the options that it reads."""
    return load(config.family, **options_from(config.family, vars(config)))


def load_encoder(name: str, outer: str) -> Family:
    """Load the family that another family, `outer`, is built around.

    Raises:
        UserError: there is no family of this name, or it is itself built around another one.
    """
    choices = [family for family in names() if "encoder" not in options(family)]
    if name not in choices:
        raise UserError(f"unknown encoder {show(name)} of family {outer}; one of {', '.join(choices)}")
    return load(name)


def check(name: str, weights: str, size: int, /, **settings: str | None) -> Family:
    """Load a family and check that it has these weights and takes images of this size.

    Raises:
        UserError: the family or an option is unknown, it lacks these weights, or the images' side does not fit it.
    """
    family = load(name, **settings)
    _check_weights(name, weights, family)
    if size < family.min_size:
        raise UserError(f"images of {size} px are too small for family {name}; at least {family.min_size}")
    if size % family.multiple:
        raise UserError(f"images of {size} px do not fit family {name}; a multiple of {family.multiple}")
    if family.fits is not None and not family.fits(size):
        sides = {family.source_size or size, *(-(-side // family.multiple) * family.multiple for side in SIDES)}
        by_distance = sorted((side for side in sides if side >= family.min_size), key=lambda side: abs(side - size))
        near = [side for side in by_distance if family.fits(side)]
        wanted = " or ".join(map(str, near[:2])) or "none that was tried"
        raise UserError(f"images of {size} px do not fit family {name}; the nearest that do: {wanted}")
    return family


def try_out(name: str, family: Family, size: int, /, **settings: str | None) -> None:
    """Refuse a family of a user's own whose network is not what it says; see `_own.try_out`.

    Raises:
        UserError: names the stage.
    """
    if is_own(name):
        import_module(f"{__name__}._own").try_out(name, family, size, settings)


def published(weights: str) -> str:
    """Give the name under which families and tasks know weights: "pretrained" are the published ones."""
    return "imagenet" if weights == "pretrained" else weights


def _check_weights(name: str, weights: str, family: Family) -> None:
    if weights not in family.weights:
        raise UserError(f"unknown weights {weights!r} of family {name}; one of {', '.join(family.weights)}")


def build(
    name: str,
    weights: str,
    classes: int,
    dropout: float = 0.0,
    source_head: bool = False,
    head: str = "linear",
    **settings: str | None,
) -> "Net":
    """Make a network; random weights are drawn from torch's global generator.

    Args:
        name: a family.
        weights: one of the family's.
        classes: of the new head.
        dropout: probability before the head and between its layers, in [0, 1).
        source_head: keeps the source head of the weights, with its own classes, instead of a new head.
        head: form of a new head: "linear" or the widths of its hidden layers, such as "512-256-128".
        settings: the family's options; None is the family's own default.

    Raises:
        UserError: the family, an option, the weights or the head are unknown, the weights cannot be fetched, or they
            have no source head although `source_head` is set.
    """
    from study.models import heads
    from study.models.net import Net  # takes seconds, and checking a space does not need it

    family = load(name, **settings)
    _check_weights(name, weights, family)
    stages, source = family.backbone(published(weights))
    if source_head and source is None:
        raise UserError(f"family {name} with weights {weights!r} has no source head; zero_shot needs one")
    own = source if source_head else None
    return Net(stages, own or heads.make(head, family.features, classes, dropout), dropout, family.undecayed)
