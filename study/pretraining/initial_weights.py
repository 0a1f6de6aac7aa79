"""Weights that are trained before a study's trials: their address in the store, and which trials start from them.

Knows nothing of how they are trained.
"""

import functools
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study.models import families, weights
from study.plugins import files
from study.pretraining import pretexts
from study.pretraining.imported import ImportedWeights, WeightsFile, of_file
from study.pretraining.sources import INHERITED, LATER, REPLICATE, TRAINED, Source
from study.seeds import stream
from study.space.config import Config
from study.storage import store

if TYPE_CHECKING:
    from study.data.prepare import Prepared

ROOT = Path(__file__).parents[1]
CODE = (
    *("seeds.py", "data/augment.py", "data/device_split.py", "data/prepare.py", "data/splits.py"),
    *("models/", "training/", "pretraining/epochs.py", "pretraining/examples.py", "pretraining/train.py"),
)
"""Files and folders of this package that determine the trained weights, besides the pretext."""


class InitialWeights(NamedTuple):
    """Weights that some trials start from."""

    source: Source
    prepared: "Prepared"
    """The images they are trained on."""
    seed: int
    """The study's seed. It decides the split, so that no image that the study validates on is trained on; together with
    `replicate` it decides all random numbers."""
    replicate: int | None = None
    """Number of the replicate whose own training this is; None: the training of all trials, or of the search."""
    before: "InitialWeights | ImportedWeights | None" = None
    """The weights that the training starts from."""

    @property
    def drawn(self) -> int:
        """Seed of all random numbers of the training."""
        return self.seed if self.replicate is None else stream(self.seed, "replicate", self.replicate)

    @property
    def key(self) -> dict[str, Any]:
        """Everything that the weights depend on."""
        source, read = self.source, (*INHERITED, *TRAINED, *LATER, "weights")
        key = {"pretext": source.pretext, "options": source.options, "epochs": source.epochs}
        key |= {"images": source.images, "task": source.config.task, "data": self.prepared.fingerprint}
        key |= {"seed": self.seed, "replicate": self.replicate, "before": self.before and self.before.key}
        key |= {"config": {name: value for name, value in asdict(source.config).items() if name in read}}
        family, own = source.config.family, pretexts.versions(source.pretext)
        own |= families.versions(family) if families.is_own(family) else {}
        return key | {"code": _code(source.pretext)} | ({"own_code": own} if own else {})

    @property
    def path(self) -> Path:
        """Path of their entry in the store, which may not exist yet."""
        return store.place(weights.KIND, self.key)

    @property
    def line(self) -> tuple["InitialWeights | ImportedWeights", ...]:
        """All weights that lead to these, and these as the last."""
        return (*(self.before.line if self.before else ()), self)


def starts(
    source: Source | WeightsFile, prepared: Mapping[Config, "Prepared"], seed: int, replicates: int
) -> tuple[InitialWeights | ImportedWeights, ...]:
    """Give the weights that a cell's trials start from.

    Args:
        source: of the cell.
        prepared: the images, by the configuration of each training in `source.line`.
        seed: the study's.
        replicates: of the study.

    Returns:
        One for all trials. If a training is repeated for each replicate, one for the search and one for each replicate.
    """

    def start(source: Source | WeightsFile, number: int | None) -> InitialWeights | ImportedWeights:
        if isinstance(source, WeightsFile):
            return of_file(source)
        own = number if source.per == REPLICATE else None
        before = start(source.before, number) if source.before else None
        return InitialWeights(source, prepared[source.config], seed, own, before)

    several = any(training.per == REPLICATE for training in source.line)
    return tuple(start(source, number) for number in (None, *(range(replicates) if several else ())))


@functools.cache  # if the code changes while a study runs, it keeps its first weights
def _code(pretext: str) -> str:
    """Hash the code that weights depend on."""
    texts = [file.read_bytes() for file in code_files()]
    return store.checksum_of(b"".join([*texts, files.text(pretexts.load(pretext).__file__)]))


def code_files() -> list[Path]:
    """List the files that `CODE` names."""
    return [
        file for name in CODE for file in (sorted((ROOT / name).rglob("*.py")) if name[-1] == "/" else [ROOT / name])
    ]
