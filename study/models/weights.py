"""Reads and checks weights that were trained before a study's trials, as entries of the store.

An entry has three files. `model.safetensors` has the tensors of all stages, `head.safetensors` those of the head that
was trained with them. `card.json` has the data, the settings, the scores after each epoch, the command and the seconds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from study.errors import Damaged, UserError
from study.storage import store
from study.storage.events import Plain
from study.storage.schema import NUMBER, TEXT, Table, Wrong, listed, number, whole

if TYPE_CHECKING:
    from torch import Tensor

    from study.models.net import Net


class EpochRecord(TypedDict):
    """The record of one epoch of their training."""

    epoch: int
    step: int
    seconds: float
    """Since the training began."""
    scores: dict[str, dict[str, float]]
    """Split → metric → score."""
    alarms: list[str]


class TrainingReport(TypedDict):
    """The report of a checkpoint of their training."""

    epoch: int
    rows: list[EpochRecord]
    """Of all epochs so far."""


class PretrainingCard(TypedDict):
    """What the store has on weights: their data, settings and scores."""

    name: str
    pretext: str
    options: Mapping[str, object]
    task: str
    config: dict[str, Plain]
    seed: int
    replicate: int | None
    data: str
    """Line that names the images."""
    classes: list[str]
    images: int
    """Number of images that were trained on."""
    chance: float
    """Accuracy of guessing."""
    command: str
    seconds: float
    rows: list[EpochRecord]


KIND = "weights"
MODEL, HEAD, CARD = "model.safetensors", "head.safetensors", "card.json"
_SCORES = Table({"accuracy": NUMBER}, {"loss": NUMBER}, more=False)
ROW = Table(
    {
        **dict.fromkeys(("epoch", "step"), whole(0, 10**9)),
        "seconds": number(0, 10**9),
        "scores": Table(dict.fromkeys(("train", "val"), _SCORES.kind), {}, more=False).kind,
        "alarms": listed(TEXT),
    },
    {},
)
REPORT = Table({"epoch": whole(0, 10**9), "rows": listed(ROW.kind, least=1)}, {}, more=False)
"""The report of a checkpoint of their training."""
_CARD = {"rows": listed(ROW.kind, least=1), "chance": NUMBER, "seconds": number(0, 10**9), "images": whole(0, 10**9)}


def checksum(path: Path) -> str:
    """Give the checksum of the weights. Equal keys may give different weights, for example on another processor."""
    return store.open_entry(path).files[MODEL][1]


def card(path: Path) -> PretrainingCard:
    """Read the card of weights.

    Raises:
        Damaged: the entry is not as it was written.
    """
    return store.open_entry(path).meta


def check_card(card: PretrainingCard) -> None:
    """Refuse a card without the values that reports need.

    Raises:
        Wrong: names the value that is missing or of another kind.
    """
    Table(_CARD, {}).check({name: value for name, value in card.items() if name in _CARD})


def damage(path: Path) -> str | None:
    """Describe what is wrong with the weights at a path; None if they are intact, or were never made."""
    if not path.exists():
        return None
    try:
        entry = store.open_entry(path)
        check_card(entry.meta)
        damaged = store.verify(entry)
    except Damaged as error:
        return str(error).partition(";")[0]
    except Wrong as wrong:
        return f"{path / store.MANIFEST}: {wrong}"
    return f"{path / damaged[0]} is not as it was written" if damaged else None


def fill(net: "Net", path: Path) -> None:
    """Set a network's stages to the weights of an entry.

    Raises:
        study.errors.Damaged: the entry is not as it was written; names the file.
        UserError: the weights are another network's.
    """
    saved, own = tensors(path), net.stages.state_dict()
    if {name: tensor.shape for name, tensor in saved.items()} != {name: tensor.shape for name, tensor in own.items()}:
        raise UserError(f"the weights in {path} are those of another network")
    net.stages.load_state_dict(saved)


def tensors(path: Path, file: str = MODEL) -> dict[str, "Tensor"]:
    """Read an entry's tensors, of all stages or of the head.

    Raises:
        study.errors.Damaged: the entry is not as it was written; names the file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    store.open_entry(path, [file])
    try:
        return load_file(path / file)
    except SafetensorError as error:
        raise Damaged(f"{path / file} is not as it was written ({error})") from error
