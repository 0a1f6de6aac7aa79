"""Levers of `benchmarks.levers` within a step: the layout in memory, the optimizer, when the host asks for a loss.

Knows no data set: the images are noise.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks._pairs import Row, Setting, compare, seconds
from study.models import families

BATCH, SIZE, CLASSES, STEPS, LEAST = 64, 32, 43, 5, 0.5
FAMILIES = ("resnet18", "efficientnet_lite0", "mobilenet_v3_large")


class Bench:
    """A network with an optimizer and a batch of noise."""

    def __init__(self, net: nn.Module, device: str, layout: torch.memory_format) -> None:
        torch.manual_seed(0)
        self.net, self.device = net.to(device).to(memory_format=layout), device  # type: ignore[call-overload]
        self.images = torch.randn(BATCH, 3, SIZE, SIZE, device=device).contiguous(memory_format=layout)
        self.targets = torch.randint(CLASSES, (BATCH,), device=device)
        self.optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)

    def step(self) -> Tensor:
        """Train on the batch; gives its loss."""
        self.net.train()
        loss = F.cross_entropy(self._logits(), self.targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    @torch.inference_mode()
    def evaluate(self) -> Tensor:
        """Score the batch."""
        self.net.eval()
        return self._logits()

    def _logits(self) -> Tensor:
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            return self.net(self.images).float()


def channels_last(setting: Setting) -> Iterator[Row]:
    """Channels last in memory, against PyTorch's default layout."""
    for family in FAMILIES:
        net = families.build(family, "none", CLASSES)
        benches = [
            Bench(deepcopy(net), setting.device, layout) for layout in (torch.channels_last, torch.contiguous_format)
        ]
        for name, call in (("a training step", Bench.step), ("an evaluation batch", Bench.evaluate)):
            used, without = (_timed(partial(call, bench), setting.device) for bench in benches)
            lever = f"channels_last: {family}, {name}"
            yield compare(lever, "0.8–1.05× (prototypes, on a CPU)", "s", (used, without), setting.repeats)


def one_pass_optimizer(setting: Setting) -> Iterator[Row]:
    """AdamW in one pass over memory, against torch's default for the device."""
    for family in FAMILIES:
        ways = []
        for fused in (True, None):
            net = families.build(family, "none", CLASSES).to(setting.device)
            for parameter in net.parameters():
                parameter.grad = torch.full_like(parameter, 1e-3)
            ways.append(_timed(torch.optim.AdamW(net.parameters(), lr=1e-4, fused=fused).step, setting.device))
        expected = "none: found in a profile of fused heads"
        yield compare(f"one-pass AdamW: {family}", expected, "s a step", (ways[0], ways[1]), setting.repeats)


def no_waiting(setting: Setting) -> Iterator[Row]:
    """Ask for the losses at the epoch's end, against `.item()` after every step."""
    net = families.build("efficientnet_lite0", "none", CLASSES)
    bench = Bench(net, setting.device, torch.channels_last)

    def ours() -> None:
        sum((bench.step() for _ in range(STEPS)), torch.zeros((), device=setting.device)).item()

    def theirs() -> None:
        sum(bench.step().item() for _ in range(STEPS))

    ways = _timed(ours, setting.device), _timed(theirs, setting.device)
    expected = "1.0× on a CPU, which never runs ahead; a lever for GPUs"
    yield compare("no wait for each loss", expected, f"s, {STEPS} steps", ways, setting.repeats)


def _timed(call: Callable[[], object], device: str) -> Callable[[], float]:
    """Try a call once, and give what times it."""
    call()
    return partial(seconds, call, device, LEAST)
