"""A trained network on disk: its tensors as safetensors, and a card that says all that is needed to use it.

Knows nothing of trials or studies.
"""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from study import cards, disk, families, heads, reads, seals, untrained
from study.assembly import normalization
from study.cards import CARD, MODEL
from study.config import Config, config
from study.errors import UserError
from study.net import Net, set_batchnorm

if TYPE_CHECKING:
    from study.earlier import Earlier

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
            json.dumps(seals.sealed(card, making), indent=1, ensure_ascii=False), encoding="utf-8"
        )

    disk.write_folder(folder, fill)


def _told(earlier: "Earlier", file: str) -> dict[str, Any]:
    data = earlier.data
    about = {"task": data.task, "classes": list(data.classes), "head": earlier.config.head, "file": file}
    return about | cards.shown(earlier.config, data, *normalization(earlier.config, families.of(earlier.config), data))


def load(folder: Path | str, task: str | None = None, own_batchnorm: bool = False) -> tuple[Net, dict[str, Any]]:
    """Build a saved network again, in eval mode; no code is read from the folder.

    Args:
        folder: `results/<study>/models/<trial>`.
        task: one that the network had learnt before: with its head; None is the task that it was trained on last.
        own_batchnorm: puts back the BatchNorm buffers of when that task had been learnt.

    Returns:
        The network, which takes (batch, 3, size, size) images as the card says (`study.cards.shown`), and the card; of
        its outputs the first len(card["classes"]) are the classes. Of a task of before the card has its task, classes
        and images.

    Raises:
        UserError: there is no card in the folder, or the network had learnt no such task before.
        study.errors.Damaged: the folder has not what was written; names the file.
    """
    folder = Path(folder)
    card = cards.read(folder)
    with cards.refusing(folder / CARD, UserError, TypeError, KeyError, AttributeError, RuntimeError):
        net = _built(card)
    with _refusing(folder / MODEL):
        net.load_state_dict(load_file(folder / MODEL))
    if task is not None:
        about = cards.earlier(card, folder, task)
        _head(net, folder, config(card["config"]), about, own_batchnorm)
        card = card | about
    return net.eval(), card


def _built(card: dict[str, Any]) -> Net:
    """Build the network that a card describes; its tensors are none in particular."""
    asked, classes = config(card["config"]), card["classes"]
    read = reads.read_values(card["config"])
    options = {name: read[name] for name in families.options(asked.family)}
    outputs, head = asked.head_classes or len(classes), asked.head
    if asked.regime in ("zero_shot", "prototype"):
        outputs, head = len(classes), "linear"
    net = families.build(asked.family, "none", outputs, asked.dropout, head=head, **options)
    if asked.regime == "zero_shot":
        family = families.load(asked.family, **options)
        source = nn.Linear(family.features, family.source_classes or 0)
        labels = card["source_labels"].get(asked.weights, {})
        net.head, _ = untrained.source_head(source, classes, labels, asked.head_classes)
    set_batchnorm(net, asked.batchnorm_momentum, asked.batchnorm_epsilon)
    return net


def _head(net: Net, folder: Path, asked: Config, about: dict[str, Any], own_batchnorm: bool) -> None:
    """Give a network the head of a task of before."""
    file = folder / about["file"]
    with _refusing(file):
        tensors = load_file(file)
        net.head = heads.make(about["head"], families.of(asked).features, len(about["classes"]))
        net.head.load_state_dict(_below(HEAD, tensors))
        if own_batchnorm:
            net.stages.load_state_dict(_below(STAGES, tensors), strict=False)


def _refusing(file: Path) -> contextlib.AbstractContextManager[None]:
    return cards.refusing(file, SafetensorError, FileNotFoundError, RuntimeError, UserError, TypeError, KeyError)


def _below(start: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
