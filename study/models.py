"""A trained network on disk: its tensors as safetensors, and a card that says all that is needed to use it.

Knows nothing of trials or studies.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from study import disk


def save(folder: Path, tensors: dict[str, torch.Tensor], card: dict[str, Any]) -> None:
    """Write `model.safetensors` and `card.json`; the folder appears whole or not at all.

    Args:
        folder: replaced if it exists.
        tensors: the network's state, for `study.families.build(...).load_state_dict`.
        card: plain values: family, classes, configuration, what it was trained on, its scores.
    """

    def fill(making: Path) -> None:
        save_file(tensors, making / "model.safetensors")
        (making / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False))

    disk.write_folder(folder, fill)
