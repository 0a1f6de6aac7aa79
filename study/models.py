"""A trained network on disk: its tensors as safetensors, and a card that says all that is needed to use it.

Knows nothing of trials or studies.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from study import disk, families, heads, reads, untrained
from study.assembly import normalization
from study.config import UserError, config
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
        save_file(tensors, making / "model.safetensors")
        for each, file in zip(earlier, files, strict=True):
            head = {f"{HEAD}{name}": tensor for name, tensor in each.head().state_dict().items()}
            save_file(head | {f"{STAGES}{name}": tensor for name, tensor in each.batchnorm().items()}, making / file)
        (making / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False))

    disk.write_folder(folder, fill)


def _told(earlier: "Earlier", file: str) -> dict[str, Any]:
    mean, std = normalization(earlier.config, families.of(earlier.config), earlier.data)
    about = {
        "task": earlier.data.task,
        "classes": list(earlier.data.classes),
        "head": earlier.config.head,
        "file": file,
    }
    return about | {"mean": list(mean), "std": list(std)}


def load(folder: Path, task: str | None = None, own_batchnorm: bool = False) -> tuple[Net, dict[str, Any]]:
    """Build a saved network again, in eval mode; no code is read from the folder.

    Args:
        folder: `results/<study>/models/<trial>`.
        task: one that the network had learnt before: with its head; None is the task that it was trained on last.
        own_batchnorm: puts back the BatchNorm buffers of when that task had been learnt.

    Returns:
        The network, which takes (batch, 3, size, size) images as `study.contract.normalization` of its family gives
        them, and the card; of its outputs the first len(card["classes"]) are the classes. Of a task of before the card
        has its task, classes, mean and std.

    Raises:
        UserError: the network had learnt no such task before.
    """
    card = json.loads((folder / "card.json").read_text())
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
    net.load_state_dict(load_file(folder / "model.safetensors"))
    if task is not None:
        card = card | _earlier(net, folder, card, task, own_batchnorm)
    return net.eval(), card


def _earlier(net: Net, folder: Path, card: dict[str, Any], task: str, own_batchnorm: bool) -> dict[str, Any]:
    """Give a network the head of a task of before; returns what the card says of it."""
    known = {each["task"]: each for each in card.get("earlier", [])}
    if task not in known:
        told = ", ".join(known) or "none"
        raise UserError(f"{folder} has no task {task!r} that its network had learnt before; it has {told}")
    about, asked = known[task], config(card["config"])
    tensors = load_file(folder / about["file"])
    net.head = heads.make(about["head"], families.of(asked).features, len(about["classes"]))
    net.head.load_state_dict(_below(HEAD, tensors))
    if own_batchnorm:
        net.stages.load_state_dict(_below(STAGES, tensors), strict=False)
    return about


def _below(start: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
