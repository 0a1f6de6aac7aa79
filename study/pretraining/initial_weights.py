"""Weights that are trained before a study's trials: their address in the store, and which trials start from them.

Knows no training.
"""

import functools
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study.models import weights
from study.pretraining import pretexts
from study.pretraining.sources import INHERITED, LATER, REPLICATE, TRAINED, Source
from study.seeds import stream
from study.space.config import Config
from study.storage import store

if TYPE_CHECKING:
    from study.data.prepare import Prepared

ROOT = Path(__file__).parents[1]
CODE = (
    *("seeds.py", "data/augment.py", "data/device_split.py", "data/prepare.py", "data/splits.py"),
    *("models/", "training/", "pretraining/examples.py", "pretraining/train.py"),
)
"""Files and folders of this package that decide what weights become, beside the pretext."""


class InitialWeights(NamedTuple):
    """Weights that some trials start from."""

    source: Source
    prepared: "Prepared"
    """The images they are trained on."""
    seed: int
    """Of the split of the images: what a study validates on is not trained on; and of all that is random, with
    `replicate`."""
    replicate: int | None = None
    """The number of the replicates that have a training of their own; None: of all trials, or of the search."""
    before: "InitialWeights | None" = None
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
        return store.place(weights.KIND, self.key)

    @property
    def line(self) -> tuple["InitialWeights", ...]:
        """All that lead to these weights, the first one first."""
        return (*(self.before.line if self.before else ()), self)


def starts(
    source: Source, prepared: Mapping[Config, "Prepared"], seed: int, replicates: int
) -> tuple[InitialWeights, ...]:
    """Give the weights that a cell's trials start from.

    Args:
        source: of the cell.
        prepared: the images, by the configuration of each training in `source.line`.
        seed: the study's.
        replicates: of the study.

    Returns:
        One for all trials; or, where a training is each replicate's own, one for the search and one for each replicate.
    """

    def start(source: Source, number: int | None) -> InitialWeights:
        own = number if source.per == REPLICATE else None
        before = start(source.before, number) if source.before else None
        return InitialWeights(source, prepared[source.config], seed, own, before)

    several = any(each.per == REPLICATE for each in source.line)
    return tuple(start(source, number) for number in (None, *(range(replicates) if several else ())))


@functools.cache  # a study whose code changes while it runs keeps the weights that it began with
def _code(pretext: str) -> str:
    """Hash the code that weights depend on."""
    files = [*code_files(), Path(pretexts.load(pretext).__file__)]
    return store.checksum_of(b"".join(file.read_bytes() for file in files))


def code_files() -> list[Path]:
    """List the files that `CODE` names."""
    return [
        file for name in CODE for file in (sorted((ROOT / name).rglob("*.py")) if name[-1] == "/" else [ROOT / name])
    ]
