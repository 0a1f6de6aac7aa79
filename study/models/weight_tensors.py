"""Reads a network's weights from a user's file: finds the network among its tensors, under whatever prefix it lies.

Files of safetensors, and torch's as far as they hold tensors alone; no code in them is run.
"""

import argparse
import pickle
import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from study.errors import Damaged, UserError
from study.models import weight_files
from study.models.weight_files import SEPARATOR
from study.space.config import show
from study.storage import reading

DEEPEST = 12
"""Dicts within dicts that a file may have."""
HARMLESS: list[Any] = [
    argparse.Namespace,
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
    np.dtypes.Int64DType,
]
_SCALAR = np.float64(0).__reduce__()[0]
HARMLESS += [_SCALAR, (_SCALAR, "numpy.core.multiarray.scalar")]  # and its name before numpy 2
"""What trainers write beside tensors: the command's arguments, and scores. None of it can run code."""
NAMED = 3
"""Tensors that a line names."""
Tensors = Mapping[str, Tensor]
Translate = Callable[[dict[str, Tensor]], dict[str, Tensor]]


class Layout(NamedTuple):
    """Names under which a file may have a network's tensors."""

    built: Tensors
    """The network's parameters and buffers as it is built, by name."""
    unused: Collection[str] = ()
    """Names of tensors that the network has and never reads."""
    classifiers: Collection[str] = ()
    """Paths of the classifiers that the network had."""
    absent: Collection[str] = ()
    """Parts that others of its kind have and that this network lacks, such as `reg_token` and `norm_pre`."""
    translate: Translate = dict
    """Of the network's library: renames tensors of older versions, and fits position embeddings to the images."""


class Fitted(NamedTuple):
    """What of a file's tensors is a network's."""

    network: dict[str, Tensor]
    """Under the names of the layout."""
    classes: int
    """Of the file's classifier, which is left out; 0 without one."""
    prefix: str
    resized: tuple[str, ...]
    """Names of tensors that were fitted to the images' size."""
    left_out: tuple[str, ...]
    """Names of the file's other tensors."""

    def __str__(self) -> str:
        """Say in one line what was taken and what was not."""
        under = f" under {self.prefix}" if self.prefix else ""
        resized = f"; fitted to the images' size: {_some(self.resized)}" if self.resized else ""
        others = [f"its classifier of {self.classes} classes"] if self.classes else []
        others += [_some(self.left_out)] if self.left_out else []
        left_out = f"; left out: {', '.join(others)}" if others else "; nothing left out"
        return f"{len(self.network)} tensors of the network{under}{resized}{left_out}"


def read(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a file, those in dicts within dicts by names joined with dots.

    Raises:
        UserError: there is no such file, it is damaged, or it holds more than tensors.
    """
    weight_files.check(path)
    try:
        tensors = _safetensors(path) if path.suffix == ".safetensors" else _of_torch(path)
    except Damaged as error:
        raise UserError(f"weights {error}") from error
    if not tensors:
        raise UserError(f"weights {path}: holds no tensor")
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
        with reading.open_regular(path) as file, torch.serialization.safe_globals(HARMLESS), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*TorchScript")
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if (other := re.search(r"(?:GLOBAL|class|type) (\S+)", str(error))) is None:
            raise UserError(f"weights {path}: cannot be read as torch's (it is not one of its files)") from error
        reason = f"it holds more than tensors ({other[1]}), which may be code, and is not opened"
        raise UserError(f"weights {path}: {reason}; save its state_dict() instead") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = show(error) if str(error) else "it ends early"
        if "TorchScript" in str(error):
            reason = "it is a TorchScript program, which is code; save its state_dict() instead"
        raise UserError(f"weights {path}: cannot be read as torch's ({reason})") from error
    return dict(_flat(content, ()))


def _flat(content: Any, outer: tuple[str, ...]) -> Iterator[tuple[str, Tensor]]:
    if isinstance(content, Tensor):
        yield ".".join(outer) or "tensor", content
    elif isinstance(content, Mapping) and len(outer) < DEEPEST:
        for key, value in content.items():
            yield from _flat(value, (*outer, str(key)))


def fit(path: Path, tensors: Tensors, layouts: Sequence[Layout], prefix: str | None = None) -> tuple[int, Fitted]:
    """Find a network's tensors among a file's.

    Each name of the file is tried at every dot; the network lies under the prefix with which most of its names appear.

    Args:
        path: of the file, for messages.
        tensors: the file's.
        layouts: names that the network may have there; that of which most appear is taken.
        prefix: where the network is, if the file has it more than once; None finds it.

    Returns:
        The number of the layout, and the network's tensors with what is left out.

    Raises:
        UserError: the file has another network, lacks a part of it, or has it several times.
    """
    counts = [_by_prefix(tensors, layout) for layout in layouts]
    number = max(range(len(layouts)), key=lambda number: max(counts[number].values(), default=0))
    layout = layouts[number]
    if not counts[number]:
        raise UserError(
            f"weights {path}: none of its {len(tensors)} tensors is this network's; "
            f"it has {_some(tensors)}; the network has {_some(layouts[0].built)}"
        )
    place = _prefix(path, counts[number], prefix)
    return number, _fitted(path, tensors, layout, place)


def _by_prefix(tensors: Tensors, layout: Layout) -> Counter[str]:
    """Count the network's names under each prefix: as they are, or, if fewer than half appear, as translated."""
    counts: Counter[str] = Counter()
    for name in tensors:
        starts = (0, *(place + 1 for place, sign in enumerate(name) if sign == "."))
        counts.update(name[:start] for start in starts if name[start:] in layout.built)
    if 2 * max(counts.values(), default=0) > len(layout.built) or layout.translate is dict:
        return counts
    for prefix in _wrappers(tensors):
        translated = _translated(_inside(tensors, prefix), layout)
        count = sum(name in layout.built for name in translated)
        if count > counts[prefix]:
            counts[prefix] = count
    return +counts


def _wrappers(tensors: Tensors) -> list[str]:
    """List the prefixes that at least half of the file's names share, such as `state_dict.module.`."""
    starts = Counter(name[: place + 1] for name in tensors for place, sign in enumerate(name) if sign == ".")
    return ["", *(prefix for prefix, count in starts.items() if 2 * count >= len(tensors))]


def _prefix(path: Path, counts: Counter[str], wanted: str | None) -> str:
    """Give the prefix with which most of the network's names appear in the file.

    Raises:
        UserError: there are several, or the network is not where it was said to be.
    """
    most = max(counts.values())
    if wanted is not None:
        ends = wanted.strip(".") and f".{wanted.strip('.')}."
        matching = [prefix for prefix in counts if f".{prefix}".endswith(ends) if ends or not prefix]
        if not matching:
            places = ", ".join(prefix or "(nothing)" for prefix, _ in counts.most_common(NAMED))
            raise UserError(f"weights {path}: has nothing of this network under {wanted!r}; it has some under {places}")
        return max(matching, key=lambda prefix: counts[prefix])
    best = sorted(prefix for prefix, count in counts.items() if count == most)
    if len(best) > 1:
        places = " and ".join(f"{prefix or '(nothing)'}" for prefix in best)
        first = f"{path}{SEPARATOR}{best[0]}"
        raise UserError(f"weights {path}: has the network {len(best)} times, under {places}; say which, e.g. {first}")
    return best[0]


def _inside(tensors: Tensors, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _translated(inside: dict[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """Let the network's library rename and fit tensors; what it cannot read stays as it is."""
    try:
        return layout.translate(dict(inside))
    except Exception:  # whatever a library's code raises on tensors that it does not expect
        return inside


def _fitted(path: Path, tensors: Tensors, layout: Layout, prefix: str) -> Fitted:
    raw = _inside(tensors, prefix)
    inside = _translated(raw, layout)
    built, (heads, others) = layout.built, _others(inside, layout)
    _refuse_deeper(path, others, inside, layout)
    counted = [name for name, tensor in built.items() if not tensor.is_floating_point()]  # counters and indices
    if lacking := [name for name in built if name not in inside and name not in counted]:
        raise UserError(f"weights {path}: lacks {len(lacking)} of the network's {len(built)} tensors: {_some(lacking)}")
    network = {name: inside.get(name, tensor) for name, tensor in built.items()}
    for name, tensor in network.items():
        if tensor.shape != built[name].shape:
            shapes = f"{tuple(tensor.shape)} where the network has {tuple(built[name].shape)}"
            raise UserError(f"weights {path}: has another shape of {prefix}{name}, {shapes}")
        network[name] = _as_built(path, f"{prefix}{name}", tensor, built[name].dtype)
    classes = max((inside[name].shape[0] for name in heads if inside[name].ndim), default=0)
    resized = tuple(name for name in built if name in raw and raw[name].shape != built[name].shape)
    outside = [name for name in tensors if not name.startswith(prefix)]
    return Fitted(network, classes, prefix, resized, (*others, *outside))


def _as_built(path: Path, name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Give a tensor in the precision of the network.

    Raises:
        UserError: it is of another kind, such as integers that only a scale makes weights, or not finite as converted.
    """
    if dtype.is_floating_point and not tensor.is_floating_point():
        kinds = f"{tensor.dtype} where the network has {dtype}".replace("torch.", "")
        raise UserError(f"weights {path}: has another kind of numbers in {name}, {kinds}")
    converted = tensor.to(dtype)
    if dtype.is_floating_point and not converted.isfinite().all():
        raise UserError(f"weights {path}: {name} has numbers that are not finite as {dtype}".replace("torch.", ""))
    return converted


def _others(inside: Tensors, layout: Layout) -> tuple[list[str], list[str]]:
    """Sort what is not the network's: the tensors of its classifiers, and all others."""
    heads = [name for name in inside if name not in layout.built and name.rpartition(".")[0] in layout.classifiers]
    known = {*layout.built, *layout.unused, *heads}
    return heads, [name for name in inside if name not in known]


def _refuse_deeper(path: Path, others: Collection[str], inside: Tensors, layout: Layout) -> None:
    """Refuse the file of a network that has more in its blocks, or more of them; indices do not count.

    Raises:
        UserError: names the tensors.
    """
    tops = {name.partition(".")[0] for name in layout.built} - {name.partition(".")[0] for name in layout.classifiers}
    tops |= {*layout.absent}
    deeper = [name for name in others if name.partition(".")[0] in tops and inside[name].is_floating_point()]
    if deeper:
        raise UserError(
            f"weights {path}: has {len(deeper)} tensor{'s' * (len(deeper) > 1)} more than this network: {_some(deeper)}"
        )


def _some(names: Collection[str]) -> str:
    """Name the first few."""
    first = ", ".join(list(names)[:NAMED])
    return f"{first} and {len(names) - NAMED} more" if len(names) > NAMED else first
