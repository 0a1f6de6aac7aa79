"""What a trial needs to resume after a kill: its tensors, and the scores that belong to them.

A checkpoint is made in a temporary folder, fsynced and renamed; the last two stay. It holds safetensors and JSON only,
so that reading one runs no code.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypedDict, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from study.errors import Damaged
from study.storage import durable, reading
from study.storage.schema import TEXT, Kind, Table, number, whole

KEPT = 2
REPORT = Table({"epoch": whole(0, 10**9)}, {"rows": Kind("a list", (list,)), "seconds": number(0, 10**9)})
"""The report of any training after an epoch."""
_MANIFEST = Table({"report": Kind("a table", (dict,)), "sha256": TEXT, "of": TEXT}, {}, more=False)


class EpochReport(TypedDict):
    """What the report of any training has."""

    epoch: int


Report = TypeVar("Report", bound=EpochReport)


class Checkpoint(NamedTuple, Generic[Report]):
    """The tensors after an epoch and the epoch's report."""

    state: dict[str, torch.Tensor]
    report: Report


def save(folder: Path, checkpoint: Checkpoint[Report], of: str = "") -> None:
    """Write a checkpoint under its epoch, and delete all but the last two.

    Args:
        folder: the trial's own.
        checkpoint: `report["epoch"]` names it.
        of: identifies the training, if another training could use the same folder.
    """

    def fill(making: Path) -> None:
        save_file(checkpoint.state, making / "state.safetensors")
        manifest = {"report": checkpoint.report, "sha256": _digest(making / "state.safetensors", checkpoint.report)}
        manifest["of"] = of
        (making / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    durable.write_folder(folder / f"{checkpoint.report['epoch']:06d}", fill)
    for old in _newest_first(folder)[KEPT:]:
        shutil.rmtree(old)


def latest(folder: Path, of: str = "", report: Table = REPORT) -> Checkpoint[Any] | None:
    """Read a training's newest intact checkpoint, or return None; skip damaged ones and those of other trainings.

    Args:
        folder: the trial's own.
        of: as in `save`.
        report: what the report must hold.
    """
    for path in _newest_first(folder):
        try:
            manifest = reading.read_json(path / "manifest.json")
            _MANIFEST.check(manifest)
            report.check(manifest["report"])
            if manifest["of"] == of and manifest["sha256"] == _digest(path / "state.safetensors", manifest["report"]):
                return Checkpoint(load_file(path / "state.safetensors"), manifest["report"])
        except (OSError, ValueError, Damaged, SafetensorError):
            continue
    return None


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*"), reverse=True)


def _digest(path: Path, report: EpochReport) -> str:
    """Hash the tensors and the scores that belong to them."""
    with reading.open_regular(path) as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(report, sort_keys=True).encode())
    return digest.hexdigest()
