"""The four workloads of `benchmarks.study` as data: what is searched, how much of it each way trains, and the bounds.

Writes a workload as a space of ours and as a task of the peers; knows nothing of processes, files or times. Where
depths are mixed nothing is pruned: an epoch's cost depends on the depth, and pruning, whose choice is each way's own,
would leave each another mix of cheap and dear epochs, so that the rates would not be of the same work.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from study.data.tasks import gtsrb
from study.errors import UserError
from study.models import families

TUNED = {"lr": (3e-4, 3e-2), "weight_decay": (1e-5, 1e-1)}
"""Hyperparameter → the ends of its logarithmic range."""
BASELINE = {"lr": 3e-3, "weight_decay": 1e-4}
"""The first trial of every cell, in all three ways: their scores are compared."""
BATCH = 64
FACTOR = 3
"""ASHA keeps one in so many."""


@dataclass(frozen=True)
class Workload:
    """One small study."""

    name: str
    regime: str
    """feature_extraction, fine_tune, or partial_freeze, which compares all freezing depths."""
    frames: int
    """Images of a track."""
    label_fraction: float
    augment: float
    """Strength of the task's augmentation."""
    epochs: int
    grace: int
    """Epochs before a trial may be pruned; all of them: nothing is pruned."""
    ours: int
    """Trials a cell."""
    peers: int
    """Trials of each peer; more where depths are mixed and it takes more for each to come equally often."""
    bounds: tuple[float, float]
    """Trial-epochs an hour of ours over those of the Ray Tune pattern, and of plain Optuna, at least."""
    tracks: int = 16
    """Of each class: groups that no split cuts through."""


WORKLOADS = (
    Workload("feature_extraction", "feature_extraction", 10, 1.0, 0.0, 10, 10, 48, 4, (100, 60)),
    Workload("depths_10", "partial_freeze", 10, 0.1, 0.0, 4, 4, 2, 6, (3, 2)),
    Workload("depths_full", "partial_freeze", 5, 1.0, 0.0, 3, 3, 2, 6, (2, 1.3)),
    Workload("fine_tuning", "fine_tune", 5, 1.0, 1.0, 3, 2, 6, 4, (1.5, 1)),
)


def quick(workload: Workload) -> Workload:
    """Shrink a workload to seconds, to try the benchmark itself."""
    small = replace(workload, tracks=6, frames=2, epochs=2, grace=min(workload.grace, 2))
    return replace(small, ours=min(workload.ours, 4), peers=min(workload.peers, 2))


def select(names: list[str]) -> list[Workload]:
    """Give the workloads of these names, all of them for none.

    Raises:
        UserError: there is none of a name.
    """
    known = {workload.name: workload for workload in WORKLOADS}
    for name in names:
        if name not in known:
            raise UserError(f"unknown workload {name!r}; one of {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names or known)]


def check(family: str, size: int) -> None:
    """Refuse a family that there is none of, or images whose side does not fit it.

    Raises:
        UserError: so it is.
    """
    families.check(family, _weights(families.load(family)), size)


def depths(workload: Workload, family: str) -> tuple[int, ...]:
    """Give the freezing depths that are compared, one a cell."""
    stages = len(families.load(family).stages)
    return {"feature_extraction": (stages,), "fine_tune": (0,)}.get(workload.regime, tuple(range(stages + 1)))


def space(workload: Workload, family: str, size: int) -> str:
    """Write a workload as the text of a space for `study.run`."""
    known = families.load(family)
    fixed = {"family": family, "weights": _weights(known), "image_size": size, "batch_size": BATCH, "warmup": 0.0}
    fixed |= {"label_fraction": workload.label_fraction, "augment": workload.augment}
    compared: dict[str, tuple[Any, ...]] = {"regime": (workload.regime,)}
    if workload.regime == "partial_freeze":
        compared["freeze_depth"] = depths(workload, family)
    tuned = ", ".join(f"{name!r}: log_uniform({low!r}, {high!r})" for name, (low, high) in TUNED.items())
    return f'''"""Workload {workload.name} of benchmarks.study: what does a trial-epoch of it cost?"""

from study.space import Space, log_uniform

SPACE = Space(
    task="gtsrb",
    compared={compared!r},
    tuned={{{tuned}}},
    baseline={BASELINE!r},
    fixed={fixed!r},
    trials={workload.ours},
    epochs={workload.epochs},
    replicates=0,
    grace_period={workload.grace},
    reduction_factor={FACTOR},
)
'''


def task(workload: Workload, family: str, size: int, seed: int) -> dict[str, Any]:
    """Write a workload as plain values for the peers; `data` and `out`, two paths, are still to be added."""
    known = families.load(family)
    ranges = {name: workload.augment * most for name, most in gtsrb.AUGMENT.items()}
    trial = {"family": family, "weights": _weights(known), "mean": known.mean, "std": known.std, "size": size}
    trial |= {"classes": len(gtsrb.CLASSES), "batch": BATCH, "augment": ranges if workload.augment else None}
    mixed = depths(workload, family)
    trials = math.ceil(workload.peers / len(mixed)) * len(mixed)
    search: dict[str, Any] = {"epochs": workload.epochs, "grace": workload.grace, "factor": FACTOR, "trials": trials}
    return trial | search | {"depths": mixed, "tuned": TUNED, "baseline": BASELINE, "seed": seed}


def as_dict(workload: Workload) -> dict[str, Any]:
    """Give a workload as plain values, for the figures' file."""
    return {**asdict(workload), "bounds": list(workload.bounds)}


def _weights(family: families.Family) -> str:
    return "imagenet" if "imagenet" in family.weights else "none"
