"""Every hyperparameter of a trial, with its default. Knows nothing of spaces, cells or how a value is used."""

import contextlib
import re
import reprlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from study.errors import UserError
from study.text import encodes


@dataclass(frozen=True)
class Config:
    """The hyperparameters of one trial; a key that is not here is refused by `config`."""

    task: str = ""
    """Data set, a module of `study.data.tasks`."""
    family: str = "small_cnn"
    """Model family, a module of `study.models.families`."""
    encoder: str | None = None
    """The family inside `meta_extractor` and `parallel_net`; None is their own choice."""
    stem: str | None = None
    """Of mobilenet_v3_large: standard, or small, which halves the maps two times less."""
    weights: str = "imagenet"
    """Initial weights of every regime but scratch."""
    regime: str = "scratch"
    """What is trained, a name of `study.training.regimes`."""
    label_fraction: float = 1.0
    """Share of the labelled training groups, in (0, 1]."""
    image_size: int = 32
    """Side of the square input, pixels."""
    upsample: int | None = None
    """Side to which the images are enlarged (bicubic) in front of the network, pixels; None leaves them."""
    colour: str = "colour"
    """colour, or grey: three equal channels of the images' luminance."""
    crop: str | None = None
    """What of a picture is used; the task names the choices, None is its first."""
    validation: str = "groups"
    """groups: cut from the training data. test: the test split, as some publications did; nothing is cut off."""
    validation_share: float = 0.2
    """Share of each class's groups that is held out for validation, in (0, 1); read where validation is groups."""
    balance: str = "off"
    """on: of each class as many images as the smallest has, in each split; of tasks whose images have one class."""
    group_pattern: str | None = None
    """Regular expression: what its first group finds in an image's path names the image's group; of task folder."""
    subset: str = "stratified"
    """How a label fraction is drawn. stratified: of each class, nested. random: of all images, each fraction anew."""
    validation_augment: str = "off"
    """on: validation images are augmented, at full strength and anew at each epoch, as some publications did."""
    normalization: str = "weights"
    """weights: what they expect. unit: [0, 1]; signed: [-1, 1]; bytes: [0, 255]; imagenet: its mean and std; data: mean
    and std of the training images."""
    head: str = "linear"
    """linear, or the widths of hidden layers, e.g. 512-256-128."""
    head_classes: int | None = None
    """Outputs of the head; None is one a class. More than the task has are labels padded."""
    optimizer: str = "adamw"
    """adamw or sgd (Nesterov momentum)."""
    schedule: str = "cosine"
    """After the warm-up: half a cosine to 0, constant, or step (a tenth after each 28 % of the steps)."""
    lr: float = 1e-3
    """Peak learning rate of the head; a stage's is this times its multiplier."""
    weight_decay: float = 1e-4
    """Decoupled for adamw, L2 for sgd; matrices and kernels only."""
    freeze_depth: int | None = None
    """Number of frozen stages, counted from the input; read by partial_freeze alone."""
    lr_decay: float = 0.4
    """Each stage's rate as a share of the one nearer to the head; read by discriminative alone."""
    stage_rates: str | None = None
    """Each stage's rate as a share of the head's, input first; 0 freezes, e.g. 0.4/0.65/1; of stage_rates alone."""
    head_rate: float = 1.0
    """The head's rate as a share of the trial's; 0 leaves a new head as it was drawn."""
    probe_share: float = 0.5
    """Share of the epochs that train the head alone; read by lp_ft alone."""
    phase_decay: float = 1.0
    """Each phase's peak rate as a share of the one before; read by lp_ft and gradual_unfreeze."""
    momentum: float = 0.9
    """Of sgd."""
    batch_size: int = 128
    """Images that the network sees at once."""
    accumulate: int = 1
    """Batches whose gradients make one step."""
    budget: str = "epochs"
    """epochs: an epoch shows each training image once. steps: as many images as with all labels, some several times."""
    shuffle: str = "on"
    """off: every epoch shows the images in one and the same order, drawn once."""
    warmup: float = 0.1
    """Share of the steps during which the rate rises, before the cosine."""
    label_smoothing: float = 0.0
    """In [0, 1); of tasks whose images have one class."""
    class_weights: str = "off"
    """Of the loss. balanced: by the inverse of how many labelled training images a class has; of several labels, what
    has a label counts as much as what has not."""
    reduction: str = "mean"
    """Of the loss. mean: over a batch's images and labels. sum: the rate scales with both, as some publications did."""
    difficult: str = "ignore"
    """Of labels that only difficult objects give. ignore: they count for nothing. negative: as if they were absent."""
    augment: float = 1.0
    """Strength of the task's augmentation, 0 (none) to 1."""
    views: int | None = None
    """Fixed augmented versions of each image, shown in turn; None augments anew in each epoch."""
    dropout: float = 0.0
    """Probability before the head, and between its layers."""
    freeze_batchnorm: str = "on"
    """on: frozen is frozen. off: frozen stages stay in train mode, and their BatchNorm statistics drift."""
    batchnorm_momentum: float | None = None
    """Weight of a batch in BatchNorm's running statistics (PyTorch's convention); None is the family's."""
    batchnorm_epsilon: float | None = None
    """Added to BatchNorm's variances; None is the family's."""


CHOICES: dict[str, tuple[str, ...]] = {
    "validation": ("groups", "test"),
    "balance": ("off", "on"),
    "class_weights": ("off", "balanced"),
    "subset": ("stratified", "random"),
    "validation_augment": ("off", "on"),
    "normalization": ("weights", "unit", "signed", "bytes", "imagenet", "data"),
    "colour": ("colour", "grey"),
    "optimizer": ("adamw", "sgd"),
    "reduction": ("mean", "sum"),
    "difficult": ("ignore", "negative"),
    "budget": ("epochs", "steps"),
    "shuffle": ("on", "off"),
    "schedule": ("cosine", "constant", "step"),
    "freeze_batchnorm": ("on", "off"),
}
"""The texts that a hyperparameter may be, where its choices are the same for all tasks and families."""

IMAGE_SIZES = (8, 1024)
"""Smallest and largest side, pixels."""

NAMES = tuple(field.name for field in fields(Config))

KINDS: dict[str, tuple[type, ...]] = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Config).items()}
"""Hyperparameter → the types that its values may have."""

LONGEST = 1000
"""Characters of a text in a space, at most: a regular expression may need some; cells are named by others."""
LARGEST = 2**63 - 1
"""Integer in a space, at most: tables and torch have 64 bits."""
FARTHEST = 1e100
"""Number in a space, at most: `analysis.numbers.table` refuses tables with larger ones, whose sums overflow."""
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxdict, _SHORT.maxlist, _SHORT.maxtuple = 3, 12, 12, 12
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 100
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


def read(key: str, text: str) -> str | int | float | None:
    """Read a hyperparameter's value as a person writes it: `None`, a number, else text.

    Raises:
        UserError: the key is no hyperparameter, or the value is not of its type.
    """
    check_name(key)
    kinds = KINDS[key]
    if type(None) in kinds and text == "None":
        return None
    for kind in (kind for kind in (int, float, str) if kind in kinds):
        with contextlib.suppress(ValueError):
            value: str | int | float = kind(text)
            check_type(key, value, *kinds)
            return value
    check_type(key, text, *kinds)
    return text


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
    if isinstance(value, str) and len(value) > LONGEST:
        raise UserError(f"{what} {show(value)} has {len(value):,} characters; {LONGEST:,} at most")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise UserError(f"{what} {show(value)} is beyond {LARGEST:,}, the largest whole number")
    if isinstance(value, float) and abs(value) > FARTHEST:
        raise UserError(f"{what} {show(value)} is beyond {FARTHEST:g}, the largest number of a study")
    if isinstance(value, str) and ("\0" in value or not encodes(value)):
        raise UserError(f"{what} {show(value)} has a character that no file of a study can hold")


def check_choices(asked: Config) -> None:
    """Refuse a text that is none of its hyperparameter's `CHOICES`."""
    for name, choices in CHOICES.items():
        if getattr(asked, name) not in choices:
            raise UserError(f"unknown {name} {getattr(asked, name)!r}; one of {', '.join(choices)}")


def check_size(image_size: int, what: str = "image_size") -> None:
    """Refuse an image size out of range."""
    low, high = IMAGE_SIZES
    if not low <= image_size <= high:
        raise UserError(f"{what} {image_size} is outside [{low}, {high}]")


def check_crop(crop: str | None, task: str, crops: Sequence[str]) -> None:
    """Refuse what is none of a task's crops; None is the first."""
    if crop is not None and crop not in crops:
        raise UserError(f"unknown crop {crop!r} of task {task}; one of {', '.join(crops)}")


def check_pattern(pattern: str) -> None:
    """Refuse what is no regular expression, or has no group in it."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise UserError(f"group_pattern {pattern!r} is no regular expression: {error}") from error
    if groups == 0:
        raise UserError(f"group_pattern {pattern!r} has no group: put ( ) around what names an image's group")


def show(value: object) -> str:
    """Write a value for an error: one line, not too long, whatever it is."""
    try:
        text = " ".join(_SHORT.repr(value).split())
    except Exception:  # an integer of too many digits, or a class of somebody's own
        text = f"a value of type {type(value).__name__} that cannot be written"
    return text if len(text) <= 100 else f"{text[:99]}…"


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max
    return type(value) is kind
