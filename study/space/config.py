"""Every hyperparameter of a trial, as one table: default, range or choices, and roles."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import get_args, get_type_hints

from study.errors import UserError
from study.space.hyperparameter import hyper
from study.space.values import check_crop as check_crop
from study.space.values import check_pattern as check_pattern
from study.space.values import check_type
from study.space.values import show as show

IMAGE_SIZES = (8, 1024)
"""Smallest and largest image side, pixels."""
MOST = 100_000
"""Largest number of things, each of which takes memory or time: a larger one is a mistake."""
STEEPEST = 1000.0
"""Largest rate of a stage or a phase as a share of the previous one's, as `study.training.regimes` checks it."""
_RATES = "lr {lr:g} must be above 0, weight_decay {weight_decay:g} not below"
_VIEWS = "views {views} must be at least 1; without it images are augmented anew in each epoch"


# fmt: off
@dataclass(frozen=True)
class Config:
    """The hyperparameters of one trial; `config` refuses any other key."""

    task: str = hyper(
        "", tunable=False, reader="every trial", memory="varies", pretraining="none",
        doc="Data set: a module of `study.data.tasks`, or one of the user's own.")
    family: str = hyper(
        "small_cnn", tunable=False, reader="every trial", memory="varies", pretraining="inherited",
        doc="Model family: a module of `study.models.families`, a library's network, or one of the user's own.")
    encoder: str | None = hyper(
        None, tunable=False, reader="its families", memory="varies", pretraining="inherited",
        doc="The family inside `meta_extractor` and `parallel_net`; None is their own choice.")
    stem: str | None = hyper(
        None, tunable=False, reader="its families", memory="varies", pretraining="inherited",
        doc="Of `mobilenet_v3_large`: standard, or small, which halves the feature maps two times fewer.")
    stages: str | None = hyper(
        None, tunable=False, reader="its families", memory="varies", pretraining="inherited",
        doc="How a library's network is cut. blocks: a stage for each block; None: four to six stages.")
    weights: str = hyper(
        "imagenet", tunable=False, reader="every regime but scratch", memory="varies", pretraining="none",
        doc="Initial weights.")
    regime: str = hyper(
        "scratch", tunable=False, reader="every trial", memory="varies", pretraining="resumed",
        doc="What is trained, a name in `study.training.regimes`.")
    label_fraction: float = hyper(
        1.0, above=0, at_most=1,
        tunable=False, reader="every regime but zero_shot", memory="neutral", pretraining="none",
        doc="Share of the labelled training groups.")
    image_size: int = hyper(
        32, at_least=IMAGE_SIZES[0], at_most=IMAGE_SIZES[1],
        tunable=False, reader="every trial", memory="varies", pretraining="inherited",
        doc="Side of the square input, pixels.")
    upsample: int | None = hyper(
        None, at_least=IMAGE_SIZES[0], at_most=IMAGE_SIZES[1],
        tunable=False, reader="every trial", memory="varies", pretraining="inherited",
        doc="Side to which images are enlarged (bicubic) in front of the network, pixels; None leaves them.")
    colour: str = hyper(
        "colour", choices=("colour", "grey"),
        tunable=True, reader="every trial", memory="neutral", pretraining="inherited",
        doc="grey: three equal channels of the images' luminance.")
    crop: str | None = hyper(
        None, tunable=False, reader="every trial", memory="varies", pretraining="inherited",
        doc="Part of a picture that is used; the task names the choices, None is its first.")
    validation: str = hyper(
        "groups", choices=("groups", "test"),
        tunable=False, reader="every trial", memory="varies", pretraining="none",
        doc="groups: cut from the training data. test: the test split, as in some publications; nothing is held out.")
    validation_share: float = hyper(
        0.2, above=0, below=1, tunable=False, reader="validation groups", memory="varies", pretraining="inherited",
        doc="Share of each class's groups that is held out for validation.")
    balance: str = hyper(
        "off", choices=("off", "on"), tunable=False, reader="every trial", memory="varies", pretraining="inherited",
        doc="on: of each class as many images as the smallest has, in each split; needs one class per image.")
    group_pattern: str | None = hyper(
        None, tunable=False, reader="task folder", memory="neutral", pretraining="inherited",
        doc="Regular expression. What its first group matches in an image's path names the image's group.")
    layout: str = hyper(
        "auto", choices=("auto", "splits", "classes", "inner-classes", "voc", "one-label", "labels-by-bar",
                         "labels-by-semicolon", "labels-by-comma", "labels-by-blank"),
        tunable=False, reader="task folder", memory="neutral", pretraining="inherited",
        doc="How a data set is read that could be read in two ways. auto: in the only way, or it is refused.")
    copies: str = hyper(
        "stop", choices=("stop", "note"),
        tunable=False, reader="task folder", memory="neutral", pretraining="inherited",
        doc="stop: no study if copies, exact or near, are in two splits; otherwise they are one group. "
            "note: they are only noted, and each image is by itself.")
    subset: str = hyper(
        "stratified", choices=("stratified", "random"),
        tunable=False, reader="every regime but zero_shot", memory="neutral", pretraining="none",
        doc="How a label fraction is drawn. stratified: from each class, nested. random: from all, each anew.")
    validation_augment: str = hyper(
        "off", choices=("off", "on"), tunable=False, reader="every trial", memory="neutral", pretraining="none",
        doc="on: validation images are augmented at full strength, anew in each epoch, as in some publications.")
    normalization: str = hyper(
        "weights", choices=("weights", "unit", "signed", "bytes", "imagenet", "data"),
        tunable=False, reader="every trial", memory="neutral", pretraining="inherited",
        doc="weights: what they expect. unit: [0, 1]. signed: [-1, 1]. bytes: [0, 255]. imagenet: its mean and std. "
            "data: mean and std of the training images.")
    head: str = hyper(
        "linear", tunable=True, reader="training by gradients", memory="varies", pretraining="own head",
        doc="linear, or the widths of hidden layers, e.g. 512-256-128.")
    head_classes: int | None = hyper(
        None, at_least=2, at_most=MOST,
        tunable=False, reader="every regime but prototype", memory="varies", pretraining="none",
        doc="Outputs of the head; None is one per class. More outputs than classes pad the labels.")
    optimizer: str = hyper(
        "adamw", choices=("adamw", "sgd"),
        tunable=True, reader="training by gradients", memory="varies", pretraining="own",
        doc="sgd has Nesterov momentum.")
    schedule: str = hyper(
        "cosine", choices=("cosine", "constant", "step"),
        tunable=True, reader="training by gradients", memory="neutral", pretraining="own",
        doc="After the warm-up: half a cosine to 0, constant, or step (a tenth after each 28 % of the steps).")
    lr: float = hyper(
        1e-3, above=0, too_low=_RATES,
        tunable=True, reader="training by gradients", memory="neutral", pretraining="own",
        doc="Peak learning rate of the head; a stage's is this times its multiplier.")
    weight_decay: float = hyper(
        1e-4, at_least=0, too_low=_RATES,
        tunable=True, reader="training by gradients", memory="neutral", pretraining="own",
        doc="Decoupled for adamw, L2 for sgd; of matrices and kernels only.")
    freeze_depth: int | None = hyper(
        None, at_least=0, tunable=True, reader="its regimes", memory="shrinks", pretraining="resumed",
        doc="Number of frozen stages, counted from the input. partial_freeze needs it; lora, bias, norm take it.")
    lora_rank: int = hyper(
        8, at_least=1, at_most=MOST, tunable=True, reader="its regimes", memory="grows", pretraining="resumed",
        doc="Rank of what is added to each matrix and kernel, at most the matrix's own; read by lora alone.")
    lora_alpha: float = hyper(
        16.0, above=0, at_most=MOST, tunable=True, reader="its regimes", memory="neutral", pretraining="resumed",
        doc="What is added is scaled by lora_alpha / lora_rank; read by lora alone.")
    lora_layers: str = hyper(
        "all", choices=("all", "attention"),
        tunable=True, reader="its regimes", memory="varies", pretraining="resumed",
        doc="Which matrices are added to: all, or those of attention; read by lora alone.")
    lr_decay: float = hyper(
        0.4, above=0, at_most=STEEPEST,
        tunable=True, reader="its regimes", memory="neutral", pretraining="resumed",
        doc="Each stage's rate as a share of the next one's, towards the head; read by discriminative alone.")
    stage_rates: str | None = hyper(
        None, tunable=True, reader="its regimes", memory="varies", pretraining="resumed",
        doc="Each stage's rate as a share of the head's, input first: 0.4/0.65/1; 0 freezes. Of stage_rates alone.")
    head_rate: float = hyper(
        1.0, at_least=0, too_low="head_rate {head_rate:g} must not be below 0",
        tunable=True, reader="training by gradients", memory="neutral", pretraining="resumed head",
        doc="The head's rate as a share of the trial's; 0 leaves a new head as it was drawn.")
    probe_share: float = hyper(
        0.5, above=0, below=1, tunable=False, reader="its regimes", memory="neutral", pretraining="resumed",
        doc="Share of the epochs that train the head alone; read by lp_ft alone.")
    phase_decay: float = hyper(
        1.0, above=0, at_most=STEEPEST, tunable=True, reader="its regimes", memory="neutral", pretraining="resumed",
        doc="Each phase's peak rate as a share of the previous one's; read by lp_ft and gradual_unfreeze.")
    momentum: float = hyper(
        0.9, at_least=0, below=1, tunable=True, reader="optimizer sgd", memory="neutral", pretraining="own",
        doc="Nesterov momentum.")
    batch_size: int = hyper(
        128, at_least=2, at_most=MOST, too_low="batch_size {batch_size} must be at least 2 (BatchNorm)",
        tunable=True, reader="training by gradients", memory="grows", pretraining="own",
        doc="Images that the network sees at once.")
    accumulate: int = hyper(
        1, at_least=1, at_most=MOST,
        tunable=True, reader="training by gradients", memory="neutral", pretraining="none",
        doc="Batches whose gradients make one step.")
    budget: str = hyper(
        "epochs", choices=("epochs", "steps"),
        tunable=False, reader="training by gradients", memory="neutral", pretraining="none",
        doc="epochs: an epoch shows each training image once. steps: as many images as with all labels, some several "
            "times.")
    shuffle: str = hyper(
        "on", choices=("on", "off"),
        tunable=False, reader="training by gradients", memory="neutral", pretraining="none",
        doc="off: every epoch shows the images in the same order, drawn once.")
    warmup: float = hyper(
        0.1, at_least=0, at_most=1,
        tunable=True, reader="training by gradients", memory="neutral", pretraining="own",
        doc="Share of the steps during which the rate rises, before the schedule.")
    label_smoothing: float = hyper(
        0.0, at_least=0, below=1, tunable=True, reader="training by gradients", memory="neutral", pretraining="own",
        doc="Of the loss; needs one class per image.")
    class_weights: str = hyper(
        "off", choices=("off", "balanced"),
        tunable=False, reader="training by gradients", memory="neutral", pretraining="none",
        doc="Of the loss. balanced: by the inverse of how many labelled training images a class has; with several "
            "labels per image, images with and without a label weigh the same.")
    reduction: str = hyper(
        "mean", choices=("mean", "sum"),
        tunable=True, reader="training by gradients", memory="neutral", pretraining="none",
        doc="Of the loss. mean: over a batch's images and labels. sum: as in some papers, the rate scales with both.")
    difficult: str = hyper(
        "ignore", choices=("ignore", "negative"),
        tunable=True, reader="every trial", memory="neutral", pretraining="none",
        doc="Labels that only difficult objects give. ignore: they do not count. negative: as if they were absent.")
    augment: float = hyper(
        1.0, at_least=0, at_most=1,
        tunable=True, reader="training by gradients", memory="on or off", pretraining="own",
        doc="Strength of the task's augmentation; 0 is none.")
    views: int | None = hyper(
        None, at_least=1, at_most=MOST, too_low=_VIEWS,
        tunable=True, reader="training by gradients", memory="varies", pretraining="none",
        doc="Fixed augmented versions of each image, used in turn; None augments anew in each epoch.")
    dropout: float = hyper(
        0.0, at_least=0, below=1, tunable=True, reader="training by gradients", memory="on or off", pretraining="own",
        doc="Probability before the head, and between its layers.")
    drop_path: float | None = hyper(
        None, at_least=0, below=1, tunable=True, reader="its families", memory="neutral", pretraining="own",
        doc="Probability that a library's network skips its last block, others less (stochastic depth); None is 0.")
    freeze_batchnorm: str = hyper(
        "on", choices=("on", "off"),
        tunable=True, reader="training by gradients", memory="varies", pretraining="resumed",
        doc="on: frozen stages stay as they are. off: they are in train mode, and their BatchNorm statistics drift.")
    batchnorm_momentum: float | None = hyper(
        None, above=0, at_most=1,
        tunable=True, reader="training by gradients", memory="neutral", pretraining="inherited",
        doc="Weight of a batch in BatchNorm's running statistics (PyTorch's convention); None is the family's.")
    batchnorm_epsilon: float | None = hyper(
        None, above=0, at_most=1, tunable=True, reader="every trial", memory="neutral", pretraining="inherited",
        doc="Added to BatchNorm's variances; None is the family's.")
# fmt: on

NAMES = tuple(field.name for field in fields(Config))
_BARE = [field.name for field in fields(Config) if not field.metadata]
assert not _BARE, f"hyperparameters without roles, to be declared with hyper(): {', '.join(_BARE)}"

KINDS: dict[str, tuple[type, ...]] = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Config).items()}
"""Hyperparameter → the types that its values may have."""

CHOICES: dict[str, tuple[str, ...]] = {
    field.name: field.metadata["choices"] for field in fields(Config) if field.metadata["choices"]
}
"""Hyperparameter → the texts that it may be, where its choices are the same for all tasks and families."""


def names(**roles: object) -> tuple[str, ...]:
    """Name the hyperparameters whose roles have these values, e.g. `tunable=False`, in the order of `Config`."""
    return tuple(
        field.name for field in fields(Config) if all(field.metadata[role] == value for role, value in roles.items())
    )


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
    """Read a hyperparameter's value as a person writes it: `None`, a number, or else text.

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
    """Refuse a key that is no hyperparameter."""
    if key not in NAMES:
        raise UserError(f"unknown hyperparameter {key!r}; one of {', '.join(NAMES)}")
