"""The figures of `benchmarks.study` in their file: begun, gone on with, saved after every run; and the machine's words.

Knows nothing of what a figure means.
"""

import functools
import hashlib
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import _workloads
from benchmarks._workloads import Workload
from study.errors import UserError
from study.storage import study_folder as folders

Figures = dict[str, Any]
"""machine, setting, workloads (name → its values, and `images` in train and val), runs: workload, repeat, way, what
`code` gives, and what `_ways.measure` gives."""
ANOTHER = "name another --json FILE"


def begin(
    file: Path | None, workloads: Iterable[Workload], family: str, size: int, options: tuple[str, ...]
) -> Figures:
    """Read the figures that there are, or begin anew; workloads are added, runs of other code are left out.

    Raises:
        UserError: the file has no such figures, or those of another machine, setting or workload.
    """
    setting = {"family": family, "size": f"{size} px", "batch": _workloads.BATCH}
    baseline = " and ".join(f"{name} {value:g}" for name, value in _workloads.BASELINE.items())
    setting |= {"baseline": baseline, "options": " ".join(options) or "none"}
    figures: Figures = {"machine": machine(), "setting": setting, "workloads": {}, "runs": []}
    if file and file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or found.keys() != figures.keys():
            raise UserError(f"{file.name} has no figures of benchmarks.study; {ANOTHER}")
        for key in ("machine", "setting"):
            if found[key] != figures[key]:
                raise UserError(f"{file.name} is of another {key}: {found[key]}, not {figures[key]}; {ANOTHER}")
        figures = found
    for workload in workloads:
        wanted = _workloads.as_dict(workload)
        before = figures["workloads"].setdefault(workload.name, wanted)
        if {key: before.get(key) for key in wanted} != wanted:
            told = f"{before}, not {wanted}"
            raise UserError(f"{file and file.name} has another workload {workload.name}: {told}; {ANOTHER}")
    return figures | {"runs": _still_true(figures["runs"], file)}


@functools.cache
def code(way: str) -> str:
    """Hash what a way's runs are made by: this project, or the peer's own two files."""
    if way == "ours":
        return folders.code_fingerprint()
    digest = hashlib.blake2b(digest_size=8)
    for name in ("_peer", f"_peer_{way}"):
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()


def _still_true(runs: list[dict[str, Any]], file: Path | None) -> list[dict[str, Any]]:
    """Leave out the runs that other code has made, and say so."""
    stale = Counter(run["way"] for run in runs if run.get("code") != code(run["way"]))
    if stale:
        told = " and ".join(f"{count} of {way}" for way, count in stale.items())
        choice = f"they are left out and run again; to keep them, stop now and {ANOTHER}"
        print(f"benchmarks.study: {file and file.name} has runs of other code, {told}: {choice}", file=sys.stderr)
    return [run for run in runs if run.get("code") == code(run["way"])]


def has(figures: Figures, workload: Workload, repeat: int, way: str) -> bool:
    """Whether there is such a run."""
    wanted = workload.name, repeat, way
    return any((run["workload"], run["repeat"], run["way"]) == wanted for run in figures["runs"])


def save(figures: Figures, file: Path | None) -> None:
    """Write the figures under a temporary name and rename them, so that what there is survives."""
    if file:
        temporary = file.with_name(f".{file.name}.{os.getpid()}")
        temporary.write_text(json.dumps(figures, indent=1), encoding="utf-8")
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
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
