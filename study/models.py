"""A trained network on disk: its tensors as safetensors, and a card that says all that is needed to use it.

Knows nothing of trials or studies.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from study import disk, families, reads, untrained
from study.config import config
from study.net import Net, set_batchnorm


def save(folder: Path, tensors: dict[str, torch.Tensor], card: dict[str, Any]) -> None:
    """Write `model.safetensors` and `card.json`; the folder appears whole or not at all.

    Args:
        folder: replaced if it exists.
        tensors: the network's state.
        card: plain values: configuration, classes, source labels, what it was trained on, its scores.
    """

    def fill(making: Path) -> None:
        save_file(tensors, making / "model.safetensors")
        (making / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False))

    disk.write_folder(folder, fill)


def load(folder: Path) -> tuple[Net, dict[str, Any]]:
    """Build a saved network again, in eval mode; no code is read from the folder.

    Args:
        folder: `results/<study>/models/<trial>`.

    Returns:
        The network, which takes (batch, 3, size, size) images as `study.contract.normalization` of its family gives
        them, and the card; of its outputs the first len(card["classes"]) are the classes.
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
    return net.eval(), card
