"""Families of a library's networks: what is known of a network without building it, read from the store.

A library is a module like `_timm`. Finding out what a network is takes seconds and imports torch, so it is done once:
the description is an entry of the store, and checking a space reads that.
"""

import difflib
import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from study.errors import Damaged, UserError
from study.models.families import Family
from study.space.config import show
from study.storage import reading, store

if TYPE_CHECKING:
    from torch import Tensor, nn

Channels = tuple[float, float, float]
NEAREST = 3
"""Names that an error suggests."""
FOLDER = "local-dir:"
"""Before a folder with a network as timm saves it, `config.json` and its tensors, in the place of a name."""
FILES = ("model.safetensors", "pytorch_model.bin")
"""Names of the tensors' file in such a folder."""
VERSION = 3
"""Of descriptions: a new one makes them anew."""


@dataclass(frozen=True)
class Contract:
    """What a network's published weights expect and are, without building it."""

    mean: Channels
    std: Channels
    size: int
    """Side of the images that they were trained on, pixels."""
    classes: int
    """Of their head; 0 without one."""
    weights: str | None
    """Name of the weights; None where none are published."""
    licence: str | None


class Library(Protocol):
    """A source of networks."""

    def names(self) -> Sequence[str]:
        """List the names of all networks."""

    def contract(self, network: str) -> Contract:
        """Look up what a network's weights expect."""

    def make(self, network: str, size: int | None, drop_path: float = 0.0) -> "nn.Module":
        """Make a network without a classifier, with random weights."""

    def pretrained(
        self, network: str, size: int | None, drop_path: float = 0.0
    ) -> "tuple[nn.Module, nn.Linear | None]":
        """Make a network with its published weights, and take its classifier off."""

    def where(self, network: str) -> str:
        """Say where a network's published weights lie here, or how to get them."""

    def classifiers(self, network: str) -> Sequence[str]:
        """Name the layers that a network with classes has behind its features."""

    def translated(self, network: str, model: "nn.Module", tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
        """Rename tensors of the library's older versions, and fit position embeddings to a network made for a size."""


@dataclass(frozen=True)
class Description:
    """What a network is, as plain values."""

    stages: tuple[str, ...]
    """What each stage holds."""
    before: tuple[str, ...]
    """The blocks that the second and later stages begin with."""
    shares: tuple[float, ...]
    """Share of the parameters, a stage."""
    passed: tuple[tuple[tuple[int, ...], ...], ...]
    """Shapes of the activations behind each stage, for one image of the weights' own size."""
    whole: str | None
    """Why the network could not be cut; None where it was."""
    pooled: bool
    """Whether it gives tokens or maps, which are averaged behind it."""
    features: int
    parameters: int
    macs: int
    """Multiply-accumulate operations, for one image of the weights' own size."""
    min_size: int
    multiple: int
    contiguous: bool
    """Whether it must not be laid out channels last, see `_plans`."""
    undecayed: tuple[str, ...]
    """Parameters that weight decay leaves alone, besides biases and norms, under their stages' names."""
    contract: Contract


def family(
    library: str,
    network: str,
    stages: str | None,
    image_size: int | None,
    upsample: int | None,
    drop_path: float | None,
) -> Family:
    """Make the family of a library's network, for images of a side; None is its weights' own.

    Raises:
        UserError: there is no such network; names those that are nearest.
    """
    if stages not in (None, "blocks"):
        raise UserError(f"unknown stages {show(stages)} of {library}/{network}; blocks, or leave it out")
    facts = describe(library, network, stages)
    side = upsample or image_size or facts.contract.size
    own = facts.contract.weights is not None
    file = file_of(network)
    return Family(
        stages=facts.stages,
        features=facts.features,
        mean=facts.contract.mean,
        std=facts.contract.std,
        min_size=facts.min_size,
        multiple=facts.multiple,
        weights=("none", "imagenet") if own else ("none",),
        source_classes=1000 if own and facts.contract.classes == 1000 else None,
        source_size=facts.contract.size if own else None,
        whole=True,
        backbone=functools.partial(_backbone, library, network, stages, side, drop_path or 0.0),
        fetch=functools.partial(_fetch, library, network) if own and file is None else None,
        undecayed=facts.undecayed,
        contiguous=facts.contiguous,
        fits=functools.partial(fits, library, network, stages),
        licence=facts.contract.licence,
        origin=f"{library}/{network}",
        file=file,
    )


def folder_of(network: str) -> Path:
    """Give the folder in the place of a name.

    Raises:
        UserError: its path is relative, and workers have other current folders.
    """
    folder = Path(network.removeprefix(FOLDER)).expanduser()
    if not folder.is_absolute():
        raise UserError(f"timm/{network}: write the whole path, timm/{FOLDER}{folder.absolute()}")
    return folder


def file_of(network: str) -> str | None:
    """Give the file of tensors of a folder in the place of a name; None for a name.

    Raises:
        UserError: the folder lacks it.
    """
    if not network.startswith(FOLDER):
        return None
    for name in FILES:
        if (folder_of(network) / name).is_file():
            return str(folder_of(network) / name)
    raise UserError(f"timm/{network}: has no {' nor '.join(FILES)}")


def config_of(network: str) -> dict[str, str]:
    """Hash the configuration of a folder in the place of a name, on which its description depends."""
    if not network.startswith(FOLDER):
        return {}
    try:
        return {"config": store.checksum_of(reading.read_bytes(folder_of(network) / "config.json"))}
    except (OSError, Damaged) as error:
        raise UserError(f"timm/{network}: cannot read its config.json ({show(error)})") from error


def describe(library: str, network: str, stages: str | None = None) -> Description:
    """Describe a network, from the store if it was described before.

    Raises:
        UserError: there is no such network; names those that are nearest.
    """
    return _described(library, network, stages, str(store.root()))


@functools.cache
def _described(library: str, network: str, stages: str | None, root: str) -> Description:
    key = {"network": network, "stages": stages} | config_of(network)
    facts = _from_store(library, key, lambda: asdict(_plan(library, network, stages)))
    contract = Contract(**{key: _tuples(value) for key, value in facts.pop("contract").items()})
    return Description(contract=contract, **{key: _tuples(value) for key, value in facts.items()})


@functools.cache
def fits(library: str, network: str, stages: str | None, size: int) -> bool:
    """Whether a network runs on images of this side, pixels, and is cut there as at its weights' own."""
    key = {"network": network, "stages": stages, "size": size} | config_of(network)
    return bool(_from_store(library, key, lambda: {"fits": _runs(library, network, stages, size)})["fits"])


def names(library: str) -> Sequence[str]:
    """List a library's networks, from the store if they were listed before."""
    return tuple(_from_store(library, {"names": "all"}, lambda: {"names": list(module_of(library).names())})["names"])


def where(library: str, network: str) -> str:
    """Say where a network's published weights lie here, or how to get them."""
    return module_of(library).where(network)


def refuse_unknown(library: str, network: str, known: Sequence[str]) -> None:
    """Refuse a network that the library lacks.

    Raises:
        UserError: names the nearest ones.
    """
    if network not in known:
        near = difflib.get_close_matches(network, known, NEAREST, 0.5) or sorted(known)[:NEAREST]
        raise UserError(f"unknown network '{network}' of {library}; the nearest: {', '.join(near)}")


def module_of(name: str) -> Library:
    """Import the module of a library."""
    return import_module(f"{__package__}._{name}")  # type: ignore[return-value]


def _from_store(library: str, key: dict[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Read plain values from the store, or find them out; a store that cannot be written costs time only."""
    versions = {package: metadata.version(package) for package in ("torch", library)}
    key |= {"library": library, "versions": versions, "description": VERSION}
    try:
        return dict(store.make_once("networks", key, lambda _: make()).meta)
    except OSError:
        return make()


def _tuples(value: Any) -> Any:
    """Turn JSON's lists into tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def _plan(library: str, network: str, stages: str | None) -> Description:
    from study.models.families import _plans

    return _plans.describe(module_of(library), network, stages)


def _runs(library: str, network: str, stages: str | None, size: int) -> bool:
    from study.models.families import _plans

    return _plans.runs(module_of(library), network, size, describe(library, network, stages))


def _backbone(
    library: str, network: str, stages: str | None, side: int, drop_path: float, weights: str
) -> "tuple[list[nn.Module], nn.Linear | None]":
    from study.models.families import _plans

    description = describe(library, network, stages)
    return _plans.backbone(module_of(library), network, description, side, drop_path, weights != "none")


def _fetch(library: str, network: str) -> object:
    return module_of(library).pretrained(network, None)
