"""A saved model's card, `card.json`: what it says of the network and of the images that it takes, and what is refused.

Knows no tensors, and nothing of how a network is built.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.data import tasks
from study.errors import Damaged, UserError
from study.space.config import Config, check_size, config, show
from study.storage import checksums, reading

if TYPE_CHECKING:
    from study.data.prepare import TaskData

CARD, MODEL = "card.json", "model.safetensors"
OUTPUTS = 100_000
"""Of a network, at most."""
FAR = 1e6
"""A mean that is further from 0, or a std that is nearer to it than one by this, is none of images."""
PACKAGES = ("torch", "torchvision", "timm", "pytorchcv", "safetensors", "pillow")
"""What a network's outputs depend on besides its tensors."""
LABELS = ("one", "several")
"""Of an image: it has one class, or any number of them."""


def shown(asked: Config, data: "TaskData", mean: Sequence[float], std: Sequence[float]) -> dict[str, Any]:
    """Say what must be done to a picture before a network takes it, and what its outputs mean.

    Args:
        asked: image_size, upsample, colour, crop.
        data: that the network was trained on.
        mean: per channel, of images in [0, 1].
        std: per channel.
    """
    given = {name: getattr(asked, name) for name in ("image_size", "upsample", "colour")}
    labels = LABELS[data.train.targets.ndim - 1]
    return given | {"crop": asked.crop or data.crop, "mean": list(mean), "std": list(std), "labels_per_image": labels}


def versions() -> dict[str, str]:
    """Give the versions of `PACKAGES` here."""
    return {name: metadata.version(name) for name in PACKAGES}


def read(folder: Path) -> dict[str, Any]:
    """Read and check a card; what cards of before did not say is filled in from the configuration.

    Args:
        folder: `results/<study>/models/<trial>`.

    Raises:
        UserError: there is no card in the folder.
        Damaged: it is not what was written, or asks for what there is not; names the file and what is wrong.
    """
    path = folder / CARD
    if not path.exists():
        raise UserError(f"no {CARD} in {folder}: give a model's folder, e.g. results/gtsrb/models/c000-r000")
    with refusing(path, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        written = reading.parse(reading.read_bytes(path))
        asked = config(written["config"])
        card = {"earlier": [], "source_labels": {}} | _filled(written, asked, asked.task)
        _check_outputs(card, asked)
        card["earlier"] = [_filled(each, asked, each["task"]) for each in card["earlier"]]
        for each in (card, *card["earlier"]):
            _check(each)
        if odd := [each["file"] for each in card["earlier"] if Path(each["file"]).name != each["file"]]:
            raise ValueError(f"file {show(odd[0])} must be in the same folder")
    checksums.check(written, folder)
    return {name: value for name, value in card.items() if name not in checksums.KEYS}


def earlier(card: Mapping[str, Any], folder: Path, task: str) -> dict[str, Any]:
    """Give what a card says of a task that its network had learnt before.

    Raises:
        UserError: it had learnt no such task; names those that it had.
    """
    known = {each["task"]: each for each in card["earlier"]}
    if task not in known:
        told = ", ".join(known) or "none"
        raise UserError(f"{folder} has no task {task!r} that its network had learnt before; it has {told}")
    return known[task]


@contextlib.contextmanager
def refusing(path: Path, *errors: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong with a file's content into `Damaged`, which names the file."""
    try:
        yield
    except errors as error:
        told = f"no {error}" if isinstance(error, KeyError) else show(str(error))[1:-1]
        raise Damaged(f"{path}: is not what was written ({told})") from error


def _filled(about: dict[str, Any], asked: Config, task: str) -> dict[str, Any]:
    """Add what may be missing: the library's own values, and the task's."""
    known = {name: getattr(asked, name) for name in ("image_size", "upsample", "colour")} | {"task": task}
    if missing := {"crop", "labels_per_image"} - about.keys():
        module = tasks.load(task)
        own = {"crop": asked.crop or module.CROPS[0], "labels_per_image": LABELS[tasks.several(module)]}
        known |= {name: own[name] for name in missing}
    return known | about


def _check(about: Mapping[str, Any]) -> None:
    """Refuse a value that no network could be used with."""
    for name, (fits, wanted) in _WANTED.items():
        if not fits(about[name]):
            raise ValueError(f"{name} {show(about[name])} must be {wanted}")
    check_size(about["image_size"])
    if about["upsample"] is not None:
        check_size(about["upsample"], "upsample")


def _check_outputs(card: Mapping[str, Any], asked: Config) -> None:
    """Refuse fewer outputs than classes, and more than any network has: they are made before the tensors are read."""
    classes, outputs = len(card["classes"]), asked.head_classes
    if outputs is not None and not classes <= outputs <= OUTPUTS:
        raise ValueError(f"head_classes {outputs} must be a number from {classes}, that of the classes, to {OUTPUTS}")


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _channels(value: object) -> bool:
    """Whether it is a number for each channel."""
    return isinstance(value, list) and [type(each) in (int, float) and abs(each) <= FAR for each in value] == [True] * 3


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "classes": (_texts, "a list of names"),
    "mean": (_channels, "three numbers"),
    "std": (lambda value: _channels(value) and min(value) >= 1 / FAR, "three numbers above 0"),
    "image_size": (lambda value: type(value) is int, "a number of pixels"),
    "upsample": (lambda value: value is None or type(value) is int, "a number of pixels, or null"),
    "colour": (lambda value: value in ("colour", "grey"), "colour or grey"),
    "crop": (lambda value: isinstance(value, str), "a name"),
    "labels_per_image": (lambda value: value in LABELS, f"one of {', '.join(LABELS)}"),
}
