"""The figures of `benchmarks.study` in their file: begun, gone on with, saved after every run; and the machine's words.

Knows nothing of what a figure means.
"""

import json
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import _workloads
from benchmarks._workloads import Workload
from study.config import UserError

Figures = dict[str, Any]
"""machine, setting, workloads (name → its values, and `images` in train and val), runs: workload, repeat, way, and what
`_ways.measure` gives."""


def begin(
    file: Path | None, workloads: Iterable[Workload], family: str, size: int, options: tuple[str, ...]
) -> Figures:
    """Read the figures that there are, or begin anew; workloads are added.

    Raises:
        UserError: the file's are of another machine, setting or workload.
    """
    setting = {"family": family, "size": f"{size} px", "batch": _workloads.BATCH}
    baseline = " and ".join(f"{name} {value:g}" for name, value in _workloads.BASELINE.items())
    setting |= {"baseline": baseline, "options": " ".join(options) or "none"}
    figures: Figures = {"machine": machine(), "setting": setting, "workloads": {}, "runs": []}
    if file and file.exists():
        found = json.loads(file.read_text())
        for key in ("machine", "setting"):
            if found[key] != figures[key]:
                raise UserError(f"{file.name} is of another {key}: {found[key]}, not {figures[key]}")
        figures = found
    for workload in workloads:
        wanted = _workloads.as_dict(workload)
        before = figures["workloads"].setdefault(workload.name, wanted)
        if {key: before[key] for key in wanted} != wanted:
            raise UserError(f"{file and file.name} has another workload {workload.name}: {before}, not {wanted}")
    return figures


def has(figures: Figures, workload: Workload, repeat: int, way: str) -> bool:
    """Whether there is such a run."""
    wanted = workload.name, repeat, way
    return any((run["workload"], run["repeat"], run["way"]) == wanted for run in figures["runs"])


def save(figures: Figures, file: Path | None) -> None:
    """Write the figures under a temporary name and rename them, so that what there is survives."""
    if file:
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        temporary.write_text(json.dumps(figures, indent=1))
        temporary.replace(file)


def machine() -> dict[str, str]:
    """Describe this machine, without its name."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    versions = {name: version(name) for name in ("torch", "torchvision", "ray", "optuna")}
    about = {"cores": f"{len(os.sched_getaffinity(0))} ({_processor()})", "GPU": gpu}
    return about | {"Python": platform.python_version()} | versions


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
