"""Weights that were trained before a study's trials, as entries of the store: their address, and a network of them.

An entry has `model.safetensors`, the tensors of all stages, and `card.json`: what they were trained on and how, their
scores after each epoch, the command and the seconds. Knows no training.
"""

import functools
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study import pretexts, store
from study.config import UserError
from study.sources import INHERITED, TRAINED, Source

if TYPE_CHECKING:
    from study.data import Prepared
    from study.net import Net

KIND = "weights"
MODEL, CARD = "model.safetensors", "card.json"
CODE = (
    *(
        "augment",
        "contract",
        "data",
        "examples",
        "feed",
        "heads",
        "losses",
        "net",
        "optim",
        "pretraining",
        "seeds",
        "splits",
    ),
    "training",
)
"""Modules that decide what weights become, beside the families and the pretext."""


def key(source: Source, prepared: "Prepared", seed: int) -> dict[str, Any]:
    """Say all that weights depend on.

    Args:
        source: what they are trained on and how.
        prepared: the images.
        seed: of everything random, the split of the images too: what a study validates on is not trained on.
    """
    used = {name: value for name, value in asdict(source.config).items() if name in (*INHERITED, *TRAINED)}
    about = {"pretext": source.pretext, "options": source.options, "epochs": source.epochs, "images": source.images}
    about |= {"task": source.config.task, "data": prepared.fingerprint, "seed": seed, "config": used}
    return about | {"code": _code(source.pretext)}


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


def damage(path: Path) -> str | None:
    """Say what is wrong with the weights there; None where they are whole, or were never made."""
    if not path.exists():
        return None
    try:
        odd = store.verify(store.open_entry(path))
    except store.Damaged as error:
        return str(error).partition(";")[0]
    return f"{path / odd[0]} is not as it was written" if odd else None


def fill(net: "Net", path: Path) -> None:
    """Set a network's stages to the weights of an entry.

    Raises:
        study.store.Damaged: the entry is not as it was written; names the file.
        UserError: they are another network's.
    """
    from safetensors.torch import load_file

    store.open_entry(path, [MODEL])
    tensors, own = load_file(path / MODEL), net.stages.state_dict()
    if {name: each.shape for name, each in tensors.items()} != {name: each.shape for name, each in own.items()}:
        raise UserError(f"the weights in {path} are those of another network")
    net.stages.load_state_dict(tensors)
