"""Weights that a study trains itself before its trials: what they are called, and what they are made from.

Trials name them as their `weights`: a pretext (`patches`), a pretext and the task whose images it takes
(`rotation:gtsrb`), or a name that the space explains under `sources`. Knows no torch, and trains nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study import families, pretexts
from study.config import Config, UserError, check_type, config

if TYPE_CHECKING:
    from study.space import Cell

INHERITED = (
    *("family", "encoder", "stem", "image_size", "colour", "crop", "upsample", "normalization"),
    *("batchnorm_momentum", "batchnorm_epsilon"),
)
"""Hyperparameters that weights share with the trials that start from them."""
TRAINED = (
    *("optimizer", "schedule", "lr", "weight_decay", "momentum", "batch_size", "warmup", "label_smoothing", "augment"),
    *("dropout", "head"),
)
"""Hyperparameters of the pretraining itself, each with `Config`'s default."""
EPOCHS = 20
_OWN: dict[str, tuple[type, ...]] = {"pretext": (str,), "task": (str,), "epochs": (int,), "images": (int, type(None))}


@dataclass(frozen=True)
class Source:
    """A training whose weights trials start from."""

    name: str
    """As trials call it."""
    pretext: str
    options: dict[str, pretexts.Option]
    """All of the pretext's."""
    config: Config
    """Of the network and its training; its task gives the images."""
    epochs: int
    images: int | None
    """Training images that are used, drawn at random; None uses all."""

    @property
    def task(self) -> str:
        """What the rows of its scores call their task."""
        return f"{self.pretext}:{self.config.task}"


def of(cell: "Cell") -> Source | None:
    """Give the training that a cell's weights come from; None where they are random or a family's own.

    Raises:
        UserError: the space explains them wrongly.
    """
    values = config(cell.values | cell.baseline)
    return None if values.regime == "scratch" else source(values.weights, cell.sources.get(values.weights), values)


def source(name: str, given: Mapping[str, Any] | None, values: Config) -> Source | None:
    """Read what weights are made from.

    Args:
        name: of the weights.
        given: what the space says of them: pretext, task, epochs, images, the pretext's options, and `TRAINED`.
        values: of a trial that starts from them.

    Returns:
        The training; None where the name is none of a pretext, and nothing is said of it.

    Raises:
        UserError: an unknown pretext, key or option, or a value that is of another type or out of range.
    """
    first, _, second = name.partition(":")
    if given is None and (first not in pretexts.names() or first in families.load(values.family).weights):
        return None
    said = dict(given or {})
    if name in families.load(values.family).weights:
        raise UserError(f"sources: {name!r} are weights of family {values.family} itself; give those another name")
    try:
        return _source(name, said.pop("pretext", first), said.pop("task", second or values.task), said, values)
    except UserError as error:
        raise UserError(f"weights {name!r}: {error}") from None


def _source(name: str, pretext: Any, task: Any, said: dict[str, Any], values: Config) -> Source:
    for key, value in {"pretext": pretext, "task": task, **said}.items():
        if key in _OWN:
            check_type(key, value, *_OWN[key])
    found = pretexts.load(pretext)
    epochs, images = said.pop("epochs", EPOCHS), said.pop("images", None)
    if epochs < 1 or (images is not None and images < 2):
        raise UserError(f"epochs {epochs} must be at least 1, images {images} at least 2")
    trained = {key: said.pop(key) for key in TRAINED if key in said}
    if odd := [key for key in said if key not in found.OPTIONS]:
        known = ", ".join([*_OWN, *found.OPTIONS, *TRAINED])
        raise UserError(f"unknown key {odd[0]!r}; one of {known}")
    options = pretexts.options(pretext, said)
    inherited = {key: getattr(values, key) for key in INHERITED}
    if task != values.task:
        inherited["crop"] = None  # the names of crops are a task's own
    asked = config({"head": found.HEAD, **inherited, **trained, "task": task, "weights": "none", "regime": "fine_tune"})
    found.check(options, asked.image_size)
    return Source(name, pretext, options, asked, epochs, images)


def least(source: Source) -> int:
    """Give the side that the network's images must have at least, pixels."""
    asked = families.of(source.config)
    return -(-asked.min_size // asked.multiple) * asked.multiple
