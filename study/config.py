"""Every hyperparameter that a trial reads, with its default. Knows nothing of spaces, cells or how a value is used."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, get_args, get_type_hints


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

IMAGE_SIZES = (8, 1024)
"""Smallest and largest side, pixels."""

NAMES = tuple(field.name for field in fields(Config))

TRAINING = (
    *("label_fraction", "optimizer", "lr", "weight_decay", "momentum", "batch_size"),
    *("warmup", "label_smoothing", "augment", "dropout"),
)
"""What only a training reads: a regime without phases leaves these empty."""


KINDS: dict[str, tuple[type, ...]] = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Config).items()}
"""Hyperparameter → the types that its values may have."""

_WORDS = {str: "a str", int: "an int", float: "a finite float or int", type(None): "None"}


def config(values: Mapping[str, object]) -> Config:
    """Build a Config.

    Raises:
        UserError: a key is no hyperparameter, or a value is not of its type.
    """
    for key, value in values.items():
        check_name(key)
        check_type(key, value, *KINDS[key])
    return Config(**values)  # type: ignore[arg-type]


def check_name(key: object) -> None:
    """Refuse what is no hyperparameter."""
    if key not in NAMES:
        raise UserError(f"unknown hyperparameter {key!r}; one of {', '.join(NAMES)}")


def check_type(what: str, value: object, *kinds: type) -> None:
    """Refuse a value of another type: numpy's numbers too, whose names and JSON differ from Python's.

    Args:
        what: the value's name, for the error.
        value: to be checked.
        kinds: its types, of str, int (no bool), float (finite, or an int) and None's.

    Raises:
        UserError: it has none of these types.
    """
    if not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        raise UserError(f"{what} {show(value)} ({type(value).__name__}) must be {wanted}")


def check_size(image_size: int) -> None:
    """Refuse an image size out of range."""
    low, high = IMAGE_SIZES
    if not low <= image_size <= high:
        raise UserError(f"image_size {image_size} is outside [{low}, {high}]")


def check_crop(crop: str | None, task: str, crops: Sequence[str]) -> None:
    """Refuse what is none of a task's crops; None is the first."""
    if crop is not None and crop not in crops:
        raise UserError(f"unknown crop {crop!r} of task {task}; one of {', '.join(crops)}")


def show(value: object) -> str:
    """Write a value for an error: one line, not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    return type(value) is kind


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
