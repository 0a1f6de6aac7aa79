"""A study that is put together and ready to run: what makes it this one, and what a worker gets of it.

Knows neither Ray nor how anything is printed.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.space import Space
from study.space.space import Cell
from study.storage import store
from study.storage import study_folder as folders

if TYPE_CHECKING:
    from study.data.prepare import Prepared
    from study.pretraining.initial_weights import InitialWeights
    from study.search.state import Trial
    from study.storage.mirror import Mirror


@dataclass(frozen=True)
class Study:
    """What is put together before Ray starts; `prepared` has one entry a cell."""

    name: str
    scale: str
    space: Space
    cells: list[Cell]
    prepared: list["Prepared"]
    folder: Path
    seed: int
    deterministic: bool
    checkpoint_seconds: float
    real: bool
    """Whether the data are real: a published figure is no yardstick for a stand-in."""
    cache_gb: float
    half: bool
    """Whether what is kept of frozen stages' outputs is in half precision."""
    absent: dict[int, str]
    """Number of a cell whose pretrained weights cannot be had here → why."""
    starts: list[tuple["InitialWeights", ...]]
    """The weights that a cell's trials start from and that we train ourselves, one entry a cell: none, one for all its
    trials, or one for the search and one for each replicate."""
    trial_timeout: float | None = None
    """Seconds without a report after which a trial is ended."""
    mirror: "Mirror | None" = None
    """Where the study is kept besides its folder."""

    def start(self, trial: "Trial") -> "InitialWeights | None":
        """Give the weights that a trial starts from, where we train them ourselves."""
        own = self.starts[trial.cell]
        return own[min(0 if trial.role == "search" else 1 + trial.number, len(own) - 1)] if own else None


def asked(name: str, scale: str, space: Space, seed: int, deterministic: bool, cache_half: bool) -> dict[str, Any]:
    """What makes a study this one, as far as it is known before its data are read."""
    rest: dict[str, Any] = {"seed": seed, "deterministic": deterministic, "cache_half": cache_half}
    return {"space": {"name": name, "scale": scale} | space.as_dict()} | rest | {"code": folders.code_fingerprint()}


def identity(study: Study) -> dict[str, Any]:
    """What makes a study this one: a resume with any of it changed is refused."""
    cells = [
        {"name": cell.name, "values": cell.values, "published": cell.published if study.real else None}
        | {"source": prepared.source, "data": prepared.fingerprint, "as_published": cell.as_published}
        | {"start": [start.key for start in starts]}
        for cell, prepared, starts in zip(study.cells, study.prepared, study.starts, strict=True)
    ]
    told = asked(study.name, study.scale, study.space, study.seed, study.deterministic, study.half)
    return told | {"cells": cells}


def job(study: Study, trial: "Trial") -> dict[str, Any]:
    """What the worker gets: plain values only; what is in the store is named as in any machine's."""
    start = study.start(trial)
    return {
        "trial": trial.id,
        "store": os.environ.get("STUDY_STORE"),
        "uri": study.mirror.uri if study.mirror else None,
        "role": trial.role,
        "config": study.cells[trial.cell].values | trial.tuned,
        "seed": trial.seed,
        "epochs": study.space.epochs,
        "prepared": named(study.prepared[trial.cell]),
        "split_seed": study.seed,
        "draw_seed": study.seed if trial.role == "search" else trial.seed,
        "checkpoints": store.name(study.folder / "checkpoints" / trial.id),
        "checkpoint_seconds": study.checkpoint_seconds,
        "source": start and store.name(start.path),
        "earlier": [_earlier(each) for each in start.line if each.source in start.source.learnt] if start else [],
        "cache": {"budget": int(study.cache_gb * 1e9), "half": study.half, "code": folders.code_fingerprint()},
        "model": store.name(study.folder / "models" / trial.id) if trial.id.endswith("-r000") else None,
    }


def _earlier(start: "InitialWeights") -> dict[str, Any]:
    """What the worker gets of a task that the trial's network has learnt before."""
    own = {"prepared": named(start.prepared), "entry": store.name(start.path)}
    return {"config": asdict(start.source.config)} | own


def named(prepared: "Prepared") -> dict[str, Any]:
    """Give prepared images as plain values, to be opened on any machine."""
    return asdict(prepared) | {"path": store.name(Path(prepared.path))}
