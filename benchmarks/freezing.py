"""`python -m benchmarks.freezing`: trains every family partly frozen and prints what moved, as docs/freezing.md has it.

Harsh on purpose: a high rate and weight decay, which would move what is only half frozen. Exit code 1 where a frozen
state changed.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import torch

from study.data import prepare, splits
from study.errors import UserError
from study.models import families
from study.pretraining.fetch import fetch_weights
from study.space.config import Config
from study.space.space import Cell
from study.training import trial

EPOCHS = 2
OPTIONS = {"encoder": "efficientnet_lite0"}  # whose ImageNet weights install with the project
HARSH = {"task": "pets", "image_size": 32, "batch_size": 16, "lr": 0.01, "weight_decay": 0.5, "label_fraction": 0.2}


class Row(NamedTuple):
    """One family at one freezing depth."""

    family: str
    weights: str
    depth: int
    stages: int
    before: str
    after: str
    moved: str
    """Buffers of the frozen stages that moved with freeze_batchnorm off, of how many."""


def main() -> int:
    """Print the table; returns the exit code."""
    torch.set_num_threads(1)
    print("| family | weights | frozen | hash before | hash after | equal | freeze_batchnorm=off: buffers moved |")
    print("|---|---|---|---|---|---|---|")
    equal = True
    for row in rows():
        equal &= row.before == row.after
        frozen, verdict = f"{row.depth} of {row.stages}", "yes" if row.before == row.after else "**NO**"
        hashes = f"`{row.before[:12]}` | `{row.after[:12]}`"
        print(f"| {row.family} | {row.weights} | {frozen} | {hashes} | {verdict} | {row.moved} |", flush=True)
    return 0 if equal else 1


def rows() -> Iterator[Row]:
    """Train each family with its first stage frozen, and with all of them."""
    opened = prepare.open_data(prepare.prepare("pets", None, 32, None), splits.SplitOptions(0.2), 0, 0, sealed=True)
    for name in families.names():
        weights, options = _weights(name), families.options_from(name, OPTIONS)
        stages = len(families.load(name, **options).stages)
        for depth in dict.fromkeys((1, stages)):
            values = HARSH | options | {"family": name, "weights": weights, "freeze_depth": depth}
            config = Config(regime="partial_freeze", **values)  # type: ignore[arg-type]
            before, after, _ = _trained(config, opened)
            _, _, moved = _trained(_drifting(config), opened)
            yield Row(name, weights, depth, stages, before, after, moved)


def _weights(name: str) -> str:
    """ImageNet's where they can be had."""
    options = families.options_from(name, OPTIONS)
    if "imagenet" not in families.load(name, **options).weights:
        return "none"
    values = {"task": "pets", "family": name, "weights": "imagenet", "regime": "fine_tune", **options}
    try:
        fetch_weights([Cell(name, values, {}, {})])
    except UserError:
        return "none"
    return "imagenet"


def _drifting(config: Config) -> Config:
    return replace(config, freeze_batchnorm="off")


def _trained(config: Config, opened: prepare.TaskData) -> tuple[str, str, str]:
    """Give the frozen state's hash as loaded and after the last epoch, and what the alarm says of moved buffers."""
    reports = list(trial.run(config, opened, 0, epochs=EPOCHS))
    alarms = " | ".join(row["alarms"] or "" for report in reports for row in report.rows[:1])
    moved = alarms.partition("batchnorm_drift: ")[2].partition(" buffers")[0] or "0"
    return reports[0].rows[0]["frozen_before"], reports[-1].rows[0]["frozen_after"], moved


if __name__ == "__main__":
    sys.exit(main())
