"""Writes, reads and checks a saved model's card, `card.json`: what its network is and which images it takes.

Knows no tensors, and nothing of how a network is built.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from study.data import tasks
from study.errors import Damaged, UserError
from study.space.config import Config, config, show
from study.space.distributions import Value
from study.space.ranges import check_size
from study.storage import checksums, reading

if TYPE_CHECKING:
    from study.data.prepare import TaskData

CARD, MODEL = "card.json", "model.safetensors"
OUTPUTS = 100_000
"""Largest number of outputs of a network."""
FAR = 1e6
"""Largest magnitude of a mean, and of 1 / std: no images have larger ones."""
PACKAGES = ("torch", "torchvision", "timm", "pytorchcv", "safetensors", "pillow")
"""What a network's outputs depend on besides its tensors."""
LABELS = ("one", "several")
"""An image has exactly one class, or any number of them."""
SourceLabels = Mapping[str, Mapping[str, Sequence[int]]]
"""Weights → class → the labels of their source data set that mean it."""


class OwnCode(TypedDict):
    """The code of a family of the user's own, which a card names and no model's folder holds."""

    identity: str
    """As `study.plugins.Code` has it."""
    path: str | None
    """Of a file, absolute, where the study ran."""


class ImageCard(TypedDict):
    """How an image is prepared for a network, and how many labels it may have."""

    image_size: int
    upsample: int | None
    colour: str
    crop: str
    mean: list[float]
    std: list[float]
    labels_per_image: str
    """One of `LABELS`."""


class TaskCard(ImageCard):
    """A task that a network has learnt."""

    task: str
    classes: list[str]


class EarlierTask(TaskCard):
    """A task that a network had learnt before the one that it was trained on last."""

    head: str
    file: str
    """In the model's folder: the head, and the BatchNorm buffers of that time."""


class NewCard(ImageCard):
    """A card as it is written; `saved.save` adds the earlier tasks."""

    trial: str
    config: dict[str, Value]
    seed: int
    classes: list[str]
    trained_on: str
    """Line that names the images."""
    scores: dict[str, float]
    """`<split> <metric>` → score."""
    source_labels: SourceLabels
    versions: dict[str, str]
    own_code: NotRequired[OwnCode]
    """Of a family of the user's own."""


class Card(TaskCard):
    """A card as it is read: what is checked or filled in, and what older cards may lack."""

    config: dict[str, Value]
    source_labels: SourceLabels
    earlier: list[EarlierTask]
    trial: NotRequired[str]
    seed: NotRequired[int]
    trained_on: NotRequired[str]
    scores: NotRequired[dict[str, float]]
    versions: NotRequired[dict[str, str]]
    own_code: NotRequired[OwnCode]
    head: NotRequired[str]
    """With `file`: only where the card describes an earlier task."""
    file: NotRequired[str]


def image_card(values: Config, data: "TaskData", mean: Sequence[float], std: Sequence[float]) -> ImageCard:
    """Describe how an image is prepared for the network, and what the network's outputs mean.

    Args:
        values: of the trial; image_size, upsample, colour and crop are read.
        data: the task that the network was trained on.
        mean: per channel, of images in [0, 1].
        std: per channel.
    """
    return {
        "image_size": values.image_size,
        "upsample": values.upsample,
        "colour": values.colour,
        "crop": values.crop or data.crop,
        "mean": list(mean),
        "std": list(std),
        "labels_per_image": LABELS[data.train.targets.ndim - 1],
    }


def versions() -> dict[str, str]:
    """Give the installed versions of `PACKAGES`."""
    return {name: metadata.version(name) for name in PACKAGES}


def read(folder: Path) -> Card:
    """Read and check a card. Values that older cards lack are filled in from the configuration.

    Args:
        folder: `results/<study>/models/<trial>`.

    Raises:
        UserError: there is no card in the folder.
        Damaged: the card is not what was written, or has an impossible value; names the file and what is wrong.
    """
    path = folder / CARD
    if not path.exists():
        raise UserError(f"no {CARD} in {folder}: give a model's folder, e.g. results/gtsrb/models/c000-r000")
    with refusing(path, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        written = reading.parse(reading.read_bytes(path))
        values = config(written["config"])
        card = {"earlier": [], "source_labels": {}} | _filled(written, values, values.task)
        _check_outputs(card, values)
        card["earlier"] = [_filled(task, values, task["task"]) for task in card["earlier"]]
        for task in (card, *card["earlier"]):
            _check(task)
        if elsewhere := [task["file"] for task in card["earlier"] if Path(task["file"]).name != task["file"]]:
            raise ValueError(f"file {show(elsewhere[0])} must be in the same folder")
    checksums.check(written, folder)
    return cast(Card, {key: value for key, value in card.items() if key not in checksums.KEYS})


def earlier(card: Card, folder: Path, task: str) -> EarlierTask:
    """Give a card's description of a task that the network had learnt before.

    Raises:
        UserError: it had learnt no such task; names those that it had.
    """
    known = {description["task"]: description for description in card["earlier"]}
    if task not in known:
        names = ", ".join(known) or "none"
        raise UserError(f"{folder} has no task {task!r} that its network had learnt before; it has {names}")
    return known[task]


@contextlib.contextmanager
def refusing(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn errors about a file's content into `Damaged`, which names the file."""
    try:
        yield
    except errors as error:
        reason = f"no {error}" if isinstance(error, KeyError) else show(str(error))[1:-1]
        raise Damaged(f"{path}: is not what was written ({reason})") from error


def _filled(description: dict[str, Any], values: Config, task: str) -> dict[str, Any]:
    """Add what a description may lack: the configuration's values, and the task's own."""
    known = {name: getattr(values, name) for name in ("image_size", "upsample", "colour")} | {"task": task}
    if missing := {"crop", "labels_per_image"} - description.keys():
        if tasks.data_set(task) not in tasks.names():  # no code of a user's own is run because a card names it
            raise KeyError(min(missing))
        module = tasks.load(task)
        own = {"crop": values.crop or module.CROPS[0], "labels_per_image": LABELS[tasks.several(module)]}
        known |= {name: own[name] for name in missing}
    return known | description


def _check(description: Mapping[str, Any]) -> None:
    """Refuse a value that no network could be used with."""
    for name, (fits, expected) in _EXPECTED.items():
        if not fits(description[name]):
            raise ValueError(f"{name} {show(description[name])} must be {expected}")
    check_size(description["image_size"])
    if description["upsample"] is not None:
        check_size(description["upsample"], "upsample")


def _check_outputs(card: Mapping[str, Any], values: Config) -> None:
    """Refuse fewer outputs than classes, or more than any network has, before memory for them is allocated."""
    classes, outputs = len(card["classes"]), values.head_classes
    if outputs is not None and not classes <= outputs <= OUTPUTS:
        raise ValueError(f"head_classes {outputs} must be a number from {classes}, that of the classes, to {OUTPUTS}")


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _channels(value: object) -> bool:
    """Whether it is a list with one number for each channel."""
    if not isinstance(value, list):
        return False
    return [type(number) in (int, float) and abs(number) <= FAR for number in value] == [True] * 3


_EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "classes": (_texts, "a list of names"),
    "mean": (_channels, "three numbers"),
    "std": (lambda value: _channels(value) and min(value) >= 1 / FAR, "three numbers above 0"),
    "image_size": (lambda value: type(value) is int, "a number of pixels"),
    "upsample": (lambda value: value is None or type(value) is int, "a number of pixels, or null"),
    "colour": (lambda value: value in ("colour", "grey"), "colour or grey"),
    "crop": (lambda value: isinstance(value, str), "a name"),
    "labels_per_image": (lambda value: value in LABELS, f"one of {', '.join(LABELS)}"),
}
