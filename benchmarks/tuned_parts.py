"""`python -m benchmarks.tuned_parts`: what trains under lora, bias and norm, and what a step costs beside fine-tuning.

The steps of all regimes are interleaved, and the processor's time of this process is counted, so that other work on the
machine hardly matters.
"""

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
from torch import nn

from study.models import families
from study.models.net import Net
from study.space.config import Config
from study.training import optim, regimes, setup

NETWORKS = (("timm/vit_small_patch14_dinov2", 112), ("efficientnet_lite0", 112))
REGIMES = ("fine_tune", "lora", "bias", "norm")
BATCH, STEPS = 8, 9


class Row(NamedTuple):
    """One regime on one network."""

    network: str
    regime: str
    trained: int
    """Numbers of the backbone that train."""
    saved: int
    """Numbers of the backbone that a checkpoint holds, without the optimizer's."""
    share: float
    """Time of a step as a share of fine-tuning's."""


def main() -> int:
    """Print the table; returns the exit code."""
    torch.set_num_threads(1)
    print("| network | regime | numbers that train | numbers in a checkpoint | step, fine-tuning = 1 |")
    print("|---|---|---:|---:|---:|")
    for network, side in NETWORKS:
        for row in rows(network, side, STEPS):
            print(f"| {row.network} | {row.regime} | {row.trained:,} | {row.saved:,} | {row.share:.2f} |", flush=True)
    return 0


def rows(network: str, side: int, steps: int) -> list[Row]:
    """Measure each regime on a network with random weights, from images of a side, pixels."""
    nets = {regime: _net(Config(family=network, weights="none", regime=regime, image_size=side)) for regime in REGIMES}
    images, targets = torch.rand(BATCH, 3, side, side), torch.arange(BATCH) % 2
    steppers = {regime: _stepper(net, images, targets) for regime, net in nets.items()}
    seconds: dict[str, list[float]] = {regime: [] for regime in REGIMES}
    for _ in range(steps + 1):  # the first warms up
        for regime, step in steppers.items():
            start = time.process_time()
            step()
            seconds[regime].append(time.process_time() - start)
    full = median(seconds["fine_tune"][1:])
    return [
        Row(network, regime, _trained(net), _saved(net), median(seconds[regime][1:]) / full)
        for regime, net in nets.items()
    ]


def _net(config: Config) -> Net:
    """Make a network, frozen as the regime's only phase does."""
    options = families.options_from(config.family, vars(config))
    net = families.build(config.family, "none", 2, **options)
    regime = regimes.regime(config, len(net.stages))
    setup.add_low_rank(net, config, regime, 0)
    (phase,) = regime.phases
    rates = regimes.multipliers(phase, len(net.stages))
    net.freeze([number for number, rate in enumerate(rates) if not rate], tuned=phase.tuned)
    return net.lay_out("cpu", families.of(config).contiguous).train()


def _stepper(net: Net, images: torch.Tensor, targets: torch.Tensor) -> Callable[[], None]:
    optimizer = optim.build(net, [float(number not in net.frozen) for number in range(len(net.stages))], Config())
    optim.set_rate(optimizer, 1e-4)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), targets).backward()
        optimizer.step()

    return step


def _trained(net: Net) -> int:
    return sum(parameter.numel() for parameter in net.stages.parameters() if parameter.requires_grad)


def _saved(net: Net) -> int:
    stages = [number for number in range(len(net.stages)) if number not in net.frozen]
    return sum(tensor.numel() for name, tensor in net.changing(stages).items() if name.startswith("stages."))


if __name__ == "__main__":
    sys.exit(main())
