"""A study that is ready to run: what identifies it, and the jobs that its workers get."""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.plugins import Code
from study.search.job import Earlier, Job
from study.space import Space
from study.space.space import Cell
from study.storage import store
from study.storage import study_folder as folders

if TYPE_CHECKING:
    from study.data.prepare import Prepared
    from study.pretraining.imported import ImportedWeights
    from study.pretraining.initial_weights import InitialWeights
    from study.search.state import Trial
    from study.storage.mirror import Mirror


@dataclass(frozen=True)
class Study:
    """All that is known of a study before Ray starts; `prepared` has one entry a cell."""

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
    """Whether outputs of frozen stages are cached in half precision."""
    absent: dict[int, str]
    """Number of a cell whose pretrained weights are unavailable here → why."""
    starts: list[tuple["InitialWeights | ImportedWeights", ...]]
    """Initial weights that we train ourselves, or read from files, one entry a cell. It is empty, has one for all its
    trials, or one for its search and one for each replicate."""
    trial_timeout: float | None = None
    """Seconds without a report after which a trial is ended."""
    exact: bool = False
    """Whether PyTorch alone computes outputs of frozen stages, so that scores are the same to the bit as without a
    cache."""
    code: tuple[Code, ...] = ()
    """Of the user's own, as it was when the study began or was resumed."""
    mirror: "Mirror | None" = None
    """Copy of the study's folder at a URI."""

    def start(self, trial: "Trial") -> "InitialWeights | ImportedWeights | None":
        """Return the weights that a trial starts from; None if they are the family's own."""
        own = self.starts[trial.cell]
        return own[min(0 if trial.role == "search" else 1 + trial.number, len(own) - 1)] if own else None


def settings_of(
    name: str,
    scale: str,
    space: Space,
    seed: int,
    *,
    deterministic: bool,
    cache_half: bool,
    exact: bool = False,
    own: Iterable[Code] = (),
) -> dict[str, object]:
    """Return the part of a study's identity that is known before its data are read; `own` is code of the user's own."""
    options = {"seed": seed, "deterministic": deterministic, "cache_half": cache_half, "exact": exact}
    code: dict[str, object] = {"code": folders.code_fingerprint()}
    if identities := {each.label: each.identity for each in own}:
        code["own_code"] = identities
    return {"space": {"name": name, "scale": scale} | space.as_dict()} | options | code


def identity(study: Study) -> dict[str, object]:
    """Return what identifies a study: a resume in which any of it differs is refused."""
    cells = [
        {"name": cell.name, "values": cell.values, "published": cell.published if study.real else None}
        | {"source": prepared.source, "data": prepared.fingerprint, "as_published": cell.as_published}
        | {"start": [start.key for start in starts]}
        for cell, prepared, starts in zip(study.cells, study.prepared, study.starts, strict=True)
    ]
    known = settings_of(
        study.name,
        study.scale,
        study.space,
        study.seed,
        deterministic=study.deterministic,
        cache_half=study.half,
        exact=study.exact,
        own=study.code,
    )
    return known | {"cells": cells}


def job(study: Study, trial: "Trial") -> Job:
    """Return what the worker needs to train a trial."""
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
        "source": store.name(start.path) if start else None,
        "earlier": [_earlier(task) for task in start.line if task.source in start.source.learnt] if start else [],
        "cache": {
            "budget": int(study.cache_gb * 1e9),
            "half": study.half,
            "code": folders.code_fingerprint(),
            "exact": study.exact,
        },
        "model": store.name(study.folder / "models" / trial.id) if trial.id.endswith("-r000") else None,
        "own_code": study.code,
    }


def _earlier(start: "InitialWeights") -> Earlier:
    """Return what the worker needs of a task that the initial weights have learnt."""
    return {
        "config": asdict(start.source.config),
        "prepared": named(start.prepared),
        "entry": store.name(start.path),
    }


def named(prepared: "Prepared") -> dict[str, Any]:
    """Return prepared images as plain values, with a path that any machine can open."""
    return asdict(prepared) | {"path": store.name(Path(prepared.path))}
