"""Weights from a file of the user's: what names them, and the entry of the store that they become.

The file is read once (`import_weights`); trials start from the entry, as from weights that were trained first.
Knows no torch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from study.models import families, weight_files, weights
from study.space.config import Config
from study.storage import store

if TYPE_CHECKING:
    from study.pretraining.sources import Source

CODE = ("models/weight_tensors.py", "models/families/_layouts.py")
"""Files of this package that decide what is read."""
OF_NETWORK = ("family", "encoder", "stem", "stages", "image_size", "upsample")
"""Hyperparameters that decide which tensors a network has."""


class ImportCard(TypedDict):
    """What the store has on weights from a file."""

    file: str
    """Path of the file, as it was when it was read."""
    sha256: str
    family: str
    taken: str
    """Line that says what of the file is the network's, and what was left out."""


@dataclass(frozen=True)
class WeightsFile:
    """A file whose network trials start from; stands where a `Source` does."""

    name: str
    """As `weights` names it: FILE, or FILE#PREFIX."""
    config: Config
    """Of a trial that starts from it; its family, the family's options and the images' size are read."""
    before: None = None
    per: str = "study"

    @property
    def line(self) -> "tuple[Source | WeightsFile, ...]":
        """It starts from nothing else."""
        return (self,)

    @property
    def learnt(self) -> "tuple[Source, ...]":
        """What it learnt is not known."""
        return ()

    @property
    def path(self) -> Path:
        """Path of the file."""
        return weight_files.split(self.name)[0]


class ImportedWeights(NamedTuple):
    """Weights from a file with this content; stands where `InitialWeights` do."""

    source: WeightsFile
    sha256: str
    before: None = None
    replicate: None = None

    @property
    def key(self) -> dict[str, Any]:
        """Everything that the weights depend on."""
        values = self.source.config
        key: dict[str, Any] = {name: getattr(values, name) for name in OF_NETWORK}
        key |= {"file": {"sha256": self.sha256, "prefix": weight_files.split(self.source.name)[1]}}
        return key | {"code": _code(), "versions": families.versions(families.of(values).origin or values.family)}

    @property
    def path(self) -> Path:
        """Path of their entry in the store, which may not exist yet."""
        return store.place(weights.KIND, self.key)

    @property
    def line(self) -> "tuple[ImportedWeights, ...]":
        """They start from nothing else."""
        return (self,)


def of_file(source: WeightsFile) -> ImportedWeights:
    """Hash a file.

    Raises:
        UserError: it cannot be read.
    """
    return ImportedWeights(source, weight_files.sha256(source.path))


def _code() -> str:
    root = Path(__file__).parents[1]
    return store.checksum_of(b"".join((root / name).read_bytes() for name in CODE))
