"""Weights that were trained before a study's trials, as entries of the store: their address, and a network of them.

An entry has `model.safetensors`, the tensors of all stages; `head.safetensors`, those of the head that was trained with
them; and `card.json`: what they were trained on and how, their scores after each epoch, the command and the seconds.
Knows no training.
"""

import functools
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study import pretexts, store
from study.config import Config
from study.errors import Damaged, UserError
from study.schema import NUMBER, TEXT, Table, Wrong, listed, number, whole
from study.seeds import stream
from study.sources import INHERITED, LATER, REPLICATE, TRAINED, Source

if TYPE_CHECKING:
    from torch import Tensor

    from study.data import Prepared
    from study.net import Net

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
"""What an epoch of their training came to."""
_CARD = {"rows": listed(ROW.kind, least=1), "chance": NUMBER, "seconds": number(0, 10**9), "images": whole(0, 10**9)}
CODE = (
    *("assembly", "augment", "contract", "data", "examples", "feed", "heads", "losses", "net", "optim"),
    *("pretraining", "regimes", "seeds", "splits", "training", "trial"),
)
"""Modules that decide what weights become, beside the families and the pretext."""


class Start(NamedTuple):
    """Weights that some trials start from."""

    source: Source
    prepared: "Prepared"
    """The images they are trained on."""
    seed: int
    """Of the split of the images: what a study validates on is not trained on; and of all that is random, with
    `replicate`."""
    replicate: int | None = None
    """The number of the replicates that have a training of their own; None: of all trials, or of the search."""
    before: "Start | None" = None
    """The weights that the training goes on from."""

    @property
    def drawn(self) -> int:
        """Seed of all that is random in the training."""
        return self.seed if self.replicate is None else stream(self.seed, "replicate", self.replicate)

    @property
    def key(self) -> dict[str, Any]:
        """All that the weights depend on."""
        source, own = self.source, (*INHERITED, *TRAINED, *LATER, "weights")
        about = {"pretext": source.pretext, "options": source.options, "epochs": source.epochs}
        about |= {"images": source.images, "task": source.config.task, "data": self.prepared.fingerprint}
        about |= {"seed": self.seed, "replicate": self.replicate, "before": self.before and self.before.key}
        about |= {"config": {name: value for name, value in asdict(source.config).items() if name in own}}
        return about | {"code": _code(source.pretext)}

    @property
    def path(self) -> Path:
        """Their entry in the store, be it there or not."""
        return store.place(KIND, self.key)

    @property
    def line(self) -> tuple["Start", ...]:
        """All that lead to these weights, the first one first."""
        return (*(self.before.line if self.before else ()), self)


def starts(source: Source, prepared: Mapping[Config, "Prepared"], seed: int, replicates: int) -> tuple[Start, ...]:
    """Give the weights that a cell's trials start from.

    Args:
        source: of the cell.
        prepared: the images, by the configuration of each training in `source.line`.
        seed: the study's.
        replicates: of the study.

    Returns:
        One for all trials; or, where a training is each replicate's own, one for the search and one for each replicate.
    """

    def start(source: Source, number: int | None) -> Start:
        own = number if source.per == REPLICATE else None
        before = start(source.before, number) if source.before else None
        return Start(source, prepared[source.config], seed, own, before)

    several = any(each.per == REPLICATE for each in source.line)
    return tuple(start(source, number) for number in (None, *(range(replicates) if several else ())))


@functools.cache  # a study whose code changes while it runs keeps the weights that it began with
def _code(pretext: str) -> str:
    """Hash the code that weights depend on."""
    here = Path(__file__).parent
    files = [*(here / f"{name}.py" for name in CODE), *sorted((here / "families").glob("*.py"))]
    files.append(Path(pretexts.load(pretext).__file__))
    return store.checksum_of(b"".join(file.read_bytes() for file in files))


def checksum(path: Path) -> str:
    """Give what tells a training's result from another's of the same key, as on another kind of processor."""
    return store.open_entry(path).files[MODEL][1]


def check_card(card: dict[str, Any]) -> None:
    """Refuse a card that lacks what is shown of weights.

    Raises:
        Wrong: says what is not as it must be.
    """
    Table(_CARD, {}).check({name: value for name, value in card.items() if name in _CARD})


def damage(path: Path) -> str | None:
    """Say what is wrong with the weights there; None where they are whole, or were never made."""
    if not path.exists():
        return None
    try:
        entry = store.open_entry(path)
        check_card(entry.meta)
        odd = store.verify(entry)
    except Damaged as error:
        return str(error).partition(";")[0]
    except Wrong as wrong:
        return f"{path / store.MANIFEST}: {wrong}"
    return f"{path / odd[0]} is not as it was written" if odd else None


def fill(net: "Net", path: Path) -> None:
    """Set a network's stages to the weights of an entry.

    Raises:
        study.errors.Damaged: the entry is not as it was written; names the file.
        UserError: they are another network's.
    """
    found, own = tensors(path), net.stages.state_dict()
    if {name: each.shape for name, each in found.items()} != {name: each.shape for name, each in own.items()}:
        raise UserError(f"the weights in {path} are those of another network")
    net.stages.load_state_dict(found)


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
