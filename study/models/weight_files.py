"""Reads a network's weights from a user's file: finds the network among its tensors, under whatever prefix it lies.

Files of safetensors, and torch's `.pt` and `.pth` as far as they hold tensors alone; no code in them is run.
"""

import pickle
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from study.errors import UserError
from study.space.config import show
from study.storage import reading

SUFFIXES = (".safetensors", ".pt", ".pth")
SEPARATOR = "#"
"""Between a file and the prefix of the network in it: `FILE#teacher.backbone.`."""
DEEPEST = 12
"""Dicts within dicts that a file may have."""
NAMED = 3
"""Tensors that a line names."""
Translate = Callable[[dict[str, Tensor]], dict[str, Tensor]]


class Fitted(NamedTuple):
    """What of a file's tensors is a network's."""

    network: dict[str, Tensor]
    """Under the network's own names."""
    head: dict[str, Tensor]
    """Of its classifier: weight and bias; empty without one."""
    prefix: str
    left_out: tuple[str, ...]
    """Names of the file's other tensors."""

    def __str__(self) -> str:
        """Say in one line what was taken and what was not."""
        under = f" under {self.prefix}" if self.prefix else ""
        head = "its classifier" if self.head else "no classifier"
        others = f"; left out: {_some(self.left_out)}" if self.left_out else ""
        return f"{len(self.network)} tensors of the network{under}, {head}{others}"


def split(written: str) -> tuple[Path, str | None]:
    """Split `FILE#PREFIX` into the file and the prefix; None without one."""
    file, separator, prefix = written.partition(SEPARATOR)
    return Path(file).expanduser(), prefix if separator else None


def is_file(written: str) -> bool:
    """Whether a value of `weights` names a file."""
    return split(written)[0].suffix in SUFFIXES


def read(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, those in dicts within dicts by names joined with dots.

    Raises:
        UserError: there is no such file, it is damaged, it holds more than tensors, or numbers that are not finite.
    """
    if not path.is_file():
        raise UserError(f"weights {path}: no such file")
    if path.suffix not in SUFFIXES:
        raise UserError(f"weights {path}: is none of {', '.join(SUFFIXES)}")
    tensors = _safetensors(path) if path.suffix == ".safetensors" else _of_torch(path)
    if not tensors:
        raise UserError(f"weights {path}: holds no tensor")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise UserError(f"weights {path}: {name} has numbers that are not finite")
    return tensors


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        with reading.open_regular(path):
            return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"weights {path}: cannot be read as safetensors ({show(error)})") from error


def _of_torch(path: Path) -> dict[str, Tensor]:
    try:
        with reading.open_regular(path) as file:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it holds more than tensors, which may be code, and is not opened"
        raise UserError(f"weights {path}: {reason}; save its state_dict() instead") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f"weights {path}: cannot be read as torch's ({show(error)})") from error
    return dict(_flat(content, ()))


def _flat(content: Any, outer: tuple[str, ...]) -> list[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        return [(".".join(outer) or "tensor", content)]
    if isinstance(content, Mapping) and len(outer) < DEEPEST:
        return [pair for key, value in content.items() for pair in _flat(value, (*outer, str(key)))]
    return []


def fit(
    path: Path,
    tensors: Mapping[str, Tensor],
    own: Mapping[str, torch.Size],
    *,
    classifiers: Collection[str] = (),
    prefix: str | None = None,
    translate: Translate = dict,
) -> Fitted:
    """Find a network's tensors among a file's.

    Each name of the file is tried at every dot; the network lies under the prefix with which most of its names appear.

    Args:
        path: of the file, for messages.
        tensors: the file's.
        own: shapes of the network's parameters and buffers by name, without its classifier.
        classifiers: paths of the classifiers that the network had.
        prefix: where the network is, if the file has it more than once; None finds it.
        translate: of the network's library: renames tensors of older versions, and fits position embeddings.

    Returns:
        The network's tensors and its classifier's, and what is left out.

    Raises:
        UserError: the file has another network, lacks a part of it, or has it several times.
    """
    prefix = _prefix(path, tensors, own) if prefix is None else prefix
    inside = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    inside = translate(inside)
    head = {name: tensor for name, tensor in inside.items() if name.rpartition(".")[0] in classifiers}
    others = [name for name in inside if name not in own and name not in head]
    tops = {name.partition(".")[0] for name in own} - {name.partition(".")[0] for name in classifiers}
    if deeper := [name for name in others if name.partition(".")[0] in tops]:
        raise UserError(f"weights {path}: has {len(deeper)} tensors more than this network: {_some(deeper)}")
    counters = [name for name in own if name.endswith("num_batches_tracked")]
    if lacking := [name for name in own if name not in inside and name not in counters]:
        raise UserError(f"weights {path}: lacks {len(lacking)} of the network's {len(own)} tensors: {_some(lacking)}")
    for name in (name for name in own if name in inside and inside[name].shape != own[name]):
        shapes = f"{tuple(inside[name].shape)} where the network has {tuple(own[name])}"
        raise UserError(f"weights {path}: has another shape of {prefix}{name}, {shapes}")
    network = {name: inside.get(name, torch.tensor(0)) for name in own}
    outside = [name for name in tensors if not name.startswith(prefix)]
    last = {name.rpartition(".")[2]: tensor for name, tensor in head.items()} if len(head) <= 2 else {}
    return Fitted(network, last, prefix, (*others, *outside))


def _prefix(path: Path, tensors: Mapping[str, Tensor], own: Collection[str]) -> str:
    """Find the prefix with which most of the network's names appear in the file.

    Raises:
        UserError: there is none, or there are several.
    """
    counts: Counter[str] = Counter()
    for name in tensors:
        starts = (0, *(place + 1 for place, sign in enumerate(name) if sign == "."))
        counts.update(name[:start] for start in starts if name[start:] in own)
    if not counts:
        raise UserError(
            f"weights {path}: none of its {len(tensors)} tensors is this network's; "
            f"it has {_some(list(tensors))}; the network has {_some(list(own))}"
        )
    most = max(counts.values())
    best = sorted(prefix for prefix, count in counts.items() if count == most)
    if len(best) > 1:
        places = " and ".join(f"{prefix or '(nothing)'}" for prefix in best)
        first = f"FILE{SEPARATOR}{best[0]}"
        raise UserError(f"weights {path}: has the network {len(best)} times, under {places}; say which, e.g. {first}")
    return best[0]


def _some(names: Collection[str]) -> str:
    """Name the first few."""
    first = ", ".join(list(names)[:NAMED])
    return f"{first} and {len(names) - NAMED} more" if len(names) > NAMED else first
