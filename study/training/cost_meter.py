"""What a trial's network is and costs: sizes, operations, and what is measured of speed and memory.

Nothing here draws a random number or changes a network, so that scores do not depend on it.
"""

import contextlib
import ctypes
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn.utils import parametrize

from study.data.device_split import Feed, precision
from study.models import families, network_costs, tuning
from study.models.net import LEAST, Net
from study.space.config import Config
from study.storage.events import Costs
from study.training import regimes
from study.training.loop import Epoch, TrainingPhase

_TIMED = {"cpu": LEAST, "cuda": 256}
"""Images of the batch that prediction is timed on."""
_SHORT = 1.0
"""Seconds below which it is timed a second time, since the first may include one-off work; on a GPU it always is."""
_rates: dict[tuple[object, ...], float] = {}
"""Images a second by what they depend on; of this process."""


class CostMeter:
    """Adds up what the training of one trial, or of one member of a bundle, takes in this process."""

    def __init__(self, network: Costs, device: str) -> None:
        """Start with the costs that are known before training, of `network`."""
        self._network, self._device = network, device
        self._images, self._seconds = 0, 0.0

    def after(self, epoch: Epoch) -> Costs:
        """Give the costs including those of an epoch."""
        self._images, self._seconds = self._images + epoch.images, self._seconds + epoch.seconds
        rate = self._images / self._seconds if self._seconds else None
        return {**self._network, "train_images_per_second": rate, "peak_memory": _peak(self._device)}


def network(config: Config, net: Net, phases: Sequence[TrainingPhase], feed: Feed, source: Path | None) -> Costs:
    """Give what is known of a trial's network before it is trained. Leaves the network in eval mode, and thawed.

    Args:
        config: the trial's.
        net: with its initial weights, on the device.
        phases: of the training.
        feed: images that prediction is timed on.
        source: entry of the store with the initial weights, as of `trial.run`.
    """
    trained = _trained(config, net, phases)
    backbone = {
        name: parameter.numel()
        for name, parameter in net.stages.named_parameters(prefix="stages")
        if not tuning.is_addition(name)  # a saved network has none
    }
    frozen = sum(count for name, count in backbone.items() if name not in trained)
    family = families.of(config)
    initial = regimes.regime(config, len(net.stages)).weights
    counts = network_costs.counts(config.family, _side(feed), families.options_from(config.family, vars(config)))
    return {
        "parameters": sum(backbone.values()),
        "trained": sum(trained.values()),
        "frozen_share": frozen / max(sum(backbone.values()), 1),
        "macs": counts.macs if counts else None,
        "features": family.features,
        "licence": network_costs.licence(config, initial, source),
        "train_images_per_second": None,
        "predict_images_per_second": _prediction_rate(config, net, feed),
        "peak_memory": None,
    }


def forget_peak(device: str) -> None:
    """Begin to measure the peak of memory anew; where the system cannot, it counts from the process's start.

    On a CPU memory that earlier trials of the process have freed goes back to the system first. Without that a small
    network's peak was that of the large one before it.
    """
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # of glibc
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # of Linux: resets VmHWM alone


def _peak(device: str) -> int:
    """Read the peak of memory, bytes."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    import resource  # not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _trained(config: Config, net: Net, phases: Sequence[TrainingPhase]) -> dict[str, int]:
    """Count the values of each parameter that some phase trains."""
    trained: dict[str, int] = {}
    for phase in phases:
        net.freeze(phase.frozen, tuned=phase.tuned)
        trained |= {name: value.numel() for name, value in net.stages.named_parameters("stages") if value.requires_grad}
    net.freeze(())
    if phases and config.head_rate > 0:
        trained |= {name: value.numel() for name, value in net.head.named_parameters("head")}
    return trained


def _side(feed: Feed) -> int:
    return feed.upsample or feed.images.shape[1]


def _prediction_rate(config: Config, net: Net, feed: Feed) -> float:
    """Time one batch from pixels to answers; once a process for networks that do the same work."""
    device = feed.images.device.type
    options = families.options_from(config.family, vars(config))
    key = (config.family, *options.values(), config.head, device, torch.get_num_threads(), feed.images.shape[1:])
    key += (feed.upsample, feed.grey, net.head.out_features if isinstance(net.head, torch.nn.Linear) else None)
    if key not in _rates:
        rows = torch.arange(_TIMED[device], device=feed.rows.device) % len(feed.rows)
        with parametrize.cached():  # as a saved network, whose low-rank additions are merged
            seconds = _seconds(net, feed, rows)
            again = seconds < _SHORT or device == "cuda"
            _rates[key] = len(rows) / (_seconds(net, feed, rows) if again else seconds)
    return _rates[key]


def _seconds(net: Net, feed: Feed, rows: torch.Tensor) -> float:
    began = time.perf_counter()
    with torch.inference_mode(), precision(feed):
        net.eval()(feed.normalized(feed.pixels(rows))).float().cpu()  # waits for the device
    return max(time.perf_counter() - began, 1e-9)
