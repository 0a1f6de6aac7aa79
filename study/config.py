"""Every hyperparameter that a trial reads, with its default. Knows nothing of spaces, cells or how a value is used."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


class UserError(ValueError):
    """A mistake in what the user asked for: its text is the one line they see, and the exit code is 2."""


@dataclass(frozen=True)
class Config:
    """The hyperparameters of one trial; a key that is not here is refused by `config`."""

    task: str = ""
    """Data set, a module of `study.tasks`."""
    family: str = "small_cnn"
    """Model family, a module of `study.families`."""
    weights: str = "imagenet"
    """Initial weights of every regime but scratch."""
    regime: str = "scratch"
    """What is trained, a name of `study.regimes`."""
    label_fraction: float = 1.0
    """Share of the labelled training groups, in (0, 1]."""
    image_size: int = 32
    """Side of the square input, pixels."""
    crop: str | None = None
    """What of a picture is used; the task names the choices, None is its first."""
    optimizer: str = "adamw"
    """adamw or sgd (Nesterov momentum)."""
    lr: float = 1e-3
    """Peak learning rate of the head; a stage's is this times its multiplier."""
    weight_decay: float = 1e-4
    """Decoupled for adamw, L2 for sgd; matrices and kernels only."""
    freeze_depth: int | None = None
    """Number of frozen stages, counted from the input; read by partial_freeze alone."""
    momentum: float = 0.9
    """Of sgd."""
    batch_size: int = 128
    """Images a step."""
    warmup: float = 0.1
    """Share of the steps during which the rate rises, before the cosine."""
    label_smoothing: float = 0.0
    """In [0, 1)."""
    augment: float = 1.0
    """Strength of the task's augmentation, 0 (none) to 1."""
    dropout: float = 0.0
    """Probability before the head."""


OPTIMIZERS = ("adamw", "sgd")

NAMES = tuple(field.name for field in fields(Config))

TRAINING = (
    *("label_fraction", "optimizer", "lr", "weight_decay", "momentum", "batch_size"),
    *("warmup", "label_smoothing", "augment", "dropout"),
)
"""What only a training reads: a regime without phases leaves these empty."""


def config(values: Mapping[str, object]) -> Config:
    """Build a Config.

    Raises:
        UserError: a key is no hyperparameter.
    """
    for key in values:
        if key not in NAMES:
            raise UserError(f"unknown hyperparameter {key!r}; one of {', '.join(NAMES)}")
    return Config(**values)  # type: ignore[arg-type]


def read_values(values: Mapping[str, object]) -> dict[str, Any]:
    """Give all hyperparameters of a trial as its rows show them: defaults filled in, empty where nothing reads them."""
    full = asdict(config(values))
    if full["regime"] == "scratch":
        full["weights"] = "none"
    if full["optimizer"] != "sgd":
        full["momentum"] = None
    if full["regime"] == "zero_shot":
        full.update(dict.fromkeys(TRAINING))
    return full
