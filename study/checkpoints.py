"""What a trial needs to go on after a kill: its tensors, and the scores that belong to them.

Knows nothing of training or Ray. A checkpoint is made in a temporary folder, fsynced and renamed, the last two are
kept, and it holds safetensors and JSON only, so that reading one runs no code.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from study import disk

KEPT = 2


class Checkpoint(NamedTuple):
    """The tensors after an epoch and the report that was made of it (epoch, seconds, rows, objective, last)."""

    state: dict[str, torch.Tensor]
    report: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint, of: str = "") -> None:
    """Keep a checkpoint under its epoch, and drop those older than the last two.

    Args:
        folder: the trial's own.
        checkpoint: `report["epoch"]` names it.
        of: what is trained, where another training could come to the same folder.
    """

    def fill(making: Path) -> None:
        save_file(checkpoint.state, making / "state.safetensors")
        manifest = {"report": checkpoint.report, "sha256": _digest(making / "state.safetensors", checkpoint.report)}
        manifest["of"] = of
        (making / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    disk.write_folder(folder / f"{checkpoint.report['epoch']:06d}", fill)
    for old in _kept(folder)[KEPT:]:
        shutil.rmtree(old)


def latest(folder: Path, of: str = "") -> Checkpoint | None:
    """Give the newest checkpoint of a training that is whole, or None; a damaged one is passed over, and another's."""
    for path in _kept(folder):
        try:
            manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
            if manifest["of"] == of and manifest["sha256"] == _digest(path / "state.safetensors", manifest["report"]):
                return Checkpoint(load_file(path / "state.safetensors"), manifest["report"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            continue
    return None


def _kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*"), reverse=True)


def _digest(path: Path, report: dict[str, Any]) -> str:
    """Hash the tensors and the scores that belong to them."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(report, sort_keys=True).encode())
    return digest.hexdigest()
