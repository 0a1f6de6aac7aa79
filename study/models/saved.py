"""A trained network on disk: its tensors as safetensors, and a card that says all that is needed to use it.

Knows nothing of trials or studies.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from study.models import cards, families, fixed_heads, heads
from study.models.cards import CARD, MODEL
from study.models.input_contract import channels
from study.models.net import Net, set_batchnorm
from study.space.config import Config, config
from study.storage import checksums, durable, reading

if TYPE_CHECKING:
    from study.models.earlier import Earlier

HEAD, STAGES = "head.", "stages."


def save(
    folder: Path, tensors: dict[str, torch.Tensor], card: dict[str, Any], earlier: Sequence["Earlier"] = ()
) -> None:
    """Write `model.safetensors`, `card.json` and a file a task of before; the folder appears whole or not at all.

    Args:
        folder: replaced if it exists.
        tensors: the network's state.
        card: plain values: configuration, classes, source labels, what it was trained on, its scores.
        earlier: tasks that the network had learnt before, in their order: their heads and BatchNorm buffers are kept.
    """
    files = [f"earlier-{number}.safetensors" for number in range(len(earlier))]
    card = card | {"earlier": [_told(each, file) for each, file in zip(earlier, files, strict=True)]}

    def fill(making: Path) -> None:
        save_file(tensors, making / MODEL)
        for each, file in zip(earlier, files, strict=True):
            head = {f"{HEAD}{name}": tensor for name, tensor in each.head().state_dict().items()}
            save_file(head | {f"{STAGES}{name}": tensor for name, tensor in each.batchnorm().items()}, making / file)
        (making / CARD).write_text(
            json.dumps(checksums.sealed(card, making), indent=1, ensure_ascii=False), encoding="utf-8"
        )

    durable.write_folder(folder, fill)


def _told(earlier: "Earlier", file: str) -> dict[str, Any]:
    data = earlier.data
    about = {"task": data.task, "classes": list(data.classes), "head": earlier.config.head, "file": file}
    return about | cards.shown(earlier.config, data, *channels(earlier.config, families.of(earlier.config), data))


def load(folder: Path | str, task: str | None = None, own_batchnorm: bool = False) -> tuple[Net, dict[str, Any]]:
    """Build a saved network again, in eval mode; no code is read from the folder.

    Args:
        folder: `results/<study>/models/<trial>`.
        task: one that the network had learnt before: with its head; None is the task that it was trained on last.
        own_batchnorm: puts back the BatchNorm buffers of when that task had been learnt.

    Returns:
        The network, which takes (batch, 3, size, size) images as the card says (`study.models.cards.shown`), and the
        card; of its outputs the first len(card["classes"]) are the classes. Of a task of before the card has its
        task, classes and images.

    Raises:
        UserError: there is no card in the folder, or the network had learnt no such task before.
        study.errors.Damaged: the folder has not what was written; names the file.
    """
    folder = Path(folder)
    card = cards.read(folder)
    with cards.refusing(folder / CARD, ValueError, TypeError, KeyError, AttributeError, RuntimeError, IndexError):
        _check_head(card, folder / MODEL)
        net = _built(card)
    with _refusing(folder / MODEL):
        net.load_state_dict(_tensors(folder / MODEL, net.state_dict()))
    if task is not None:
        about = cards.earlier(card, folder, task)
        _head(net, folder, config(card["config"]), about, own_batchnorm)
        card = card | about
    return net.eval(), card


def _built(card: dict[str, Any]) -> Net:
    """Build the network that a card describes; its tensors are none in particular."""
    asked, classes = config(card["config"]), card["classes"]
    options = families.asked(asked.family, vars(asked))
    outputs, head = asked.head_classes or len(classes), asked.head
    if asked.regime in ("zero_shot", "prototype"):
        outputs, head = len(classes), "linear"
    net = families.build(asked.family, "none", outputs, asked.dropout, head=head, **options)
    if asked.regime == "zero_shot":
        family = families.load(asked.family, **options)
        source = nn.Linear(family.features, family.source_classes or 0)
        labels = card["source_labels"].get(asked.weights, {})
        net.head, _ = fixed_heads.source_head(source, classes, labels, asked.head_classes)
    set_batchnorm(net, asked.batchnorm_momentum, asked.batchnorm_epsilon)
    return net


def _check_head(card: dict[str, Any], file: Path) -> None:
    """Refuse a head that is larger than the file that its numbers are to come from, before it is made."""
    asked = config(card["config"])
    features = families.of(asked).features
    sizes = [features, *heads.widths(asked.head), asked.head_classes or len(card["classes"])]
    numbers = sum(one * two for one, two in pairwise(sizes))
    if asked.regime not in ("zero_shot", "prototype") and 4 * numbers > file.stat().st_size:
        raise ValueError(f"head {asked.head} of {sizes[-1]} outputs has more numbers than {MODEL} has room for")


def _tensors(file: Path, wanted: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    """Read a file's tensors: finite ones, and where it is known which there must be, these; no more bytes are read.

    Raises:
        ValueError: names the tensor that is something else.
    """
    with reading.open_regular(file):
        pass
    with safe_open(file, "pt") as opened:
        names = sorted(opened.keys())
        if wanted is not None:
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in names}
            needed = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
            for name in sorted(shapes.keys() | needed.keys()):
                if shapes.get(name) != needed.get(name):
                    raise ValueError(f"{name} is {_shape(shapes.get(name))} and must be {_shape(needed.get(name))}")
        found = {name: opened.get_tensor(name) for name in names}
    for name, tensor in found.items():
        if wanted is not None and tensor.dtype != wanted[name].dtype:
            raise ValueError(f"{name} is of {tensor.dtype} and must be of {wanted[name].dtype}")
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ValueError(f"{name} has numbers that are not finite")
    return found


def _shape(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else "x".join(map(str, shape)) or "one number"


def _head(net: Net, folder: Path, asked: Config, about: dict[str, Any], own_batchnorm: bool) -> None:
    """Give a network the head of a task of before."""
    file = folder / about["file"]
    with _refusing(file):
        tensors = _tensors(file)
        sizes = [tensor.shape[0] for name, tensor in tensors.items() if name.startswith(HEAD) and tensor.ndim == 2]
        if sorted(sizes) != sorted([*heads.widths(about["head"]), len(about["classes"])]):
            raise ValueError(f"its head is not the one that {CARD} tells of")
        net.head = heads.make(about["head"], families.of(asked).features, len(about["classes"]))
        net.head.load_state_dict(_below(HEAD, tensors))
        if own_batchnorm:
            net.stages.load_state_dict(_below(STAGES, tensors), strict=False)


def _refusing(file: Path) -> contextlib.AbstractContextManager[None]:
    return cards.refusing(file, SafetensorError, FileNotFoundError, RuntimeError, ValueError, TypeError, KeyError)


def _below(start: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
