"""Decides whether ONNX Runtime or PyTorch computes the outputs of frozen stages, by timing both once on a machine.

Knows nothing of where the outputs go.
"""

import contextlib
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from study.models import onnx_stages
from study.models.net import LEAST, Activations, Net
from study.models.onnx_stages import OnnxStages, Unsupported
from study.storage import store

Engine = Callable[[Tensor], Activations]
"""Normalized images → what the frozen stages give for them."""
KIND = "engines"
GAIN = 1.3
"""ONNX Runtime is used where it takes at most 1 / `GAIN` of PyTorch's time."""
WORTH = 3.0
"""Seconds that PyTorch must need for all images; below it, exporting and timing take longer than they can save."""
TOLERANCE = 1e-4
"""Largest relative difference of the outputs of an image."""
_ROUNDS = 2


class Timing(TypedDict):
    """What was measured, and what follows from it."""

    faster: bool
    """Whether ONNX Runtime is used."""
    pytorch: float
    """Seconds an image."""
    onnxruntime: float | None
    """Seconds an image; None where it was not tried, or cannot run the stages."""
    reason: str


class OnnxEngine:
    """The ONNX Runtime of one trial; it exports stages when they are first run, and once."""

    def __init__(self) -> None:
        """Start without any stages."""
        self._stages: dict[tuple[str, int], OnnxStages] = {}

    def stages(self, net: Net, depth: int, side: int) -> OnnxStages:
        """Give the first stages of a network, as they are now, for images of a side.

        Raises:
            Unsupported: ONNX Runtime cannot run them.
        """
        key = net.first_digest(depth), side
        if key not in self._stages:
            self._stages = {key: OnnxStages(net, depth, side)}
        return self._stages[key]

    def is_faster(
        self, net: Net, depth: int, dependencies: Mapping[str, object], count: int, sample: Callable[[], Tensor]
    ) -> bool:
        """Whether ONNX Runtime runs a network's first stages much faster than PyTorch; they are timed once a machine.

        Args:
            net: its first `depth` stages are in eval mode.
            depth: number of stages.
            dependencies: what the stages depend on besides their weights.
            count: images that the stages will be run on.
            sample: gives some of them, (images, 3, side, side) normalized.
        """
        versions = onnx_stages.versions()
        if versions is None:
            return False
        key = {**dependencies, **versions, **machine(), "depth": depth, "images": count}
        entry = store.make_once(KIND, key, partial(self._timed, net=net, depth=depth, count=count, sample=sample))
        return entry.meta["faster"]

    def _timed(self, folder: Path, net: Net, depth: int, count: int, sample: Callable[[], Tensor]) -> Timing:
        """Time both engines, in turn."""
        images = sample()
        images = images[torch.arange(LEAST) % len(images)]
        plain = partial(net.begin, end=depth)
        plain(images)
        pytorch = _seconds(plain, images)
        if pytorch * count < WORTH:
            return {"faster": False, "pytorch": pytorch, "onnxruntime": None, "reason": "too few images"}
        try:
            other = self.stages(net, depth, images.shape[-1])
            other(images)
            rounds = [(_seconds(plain, images), _seconds(other, images)) for _ in range(_ROUNDS)]
        except Unsupported as error:
            return {"faster": False, "pytorch": pytorch, "onnxruntime": None, "reason": str(error)}
        slow, fast = (min(times) for times in zip(*rounds, strict=True))
        return {"faster": slow >= GAIN * fast, "pytorch": slow, "onnxruntime": fast, "reason": f"{slow / fast:.2f}×"}


def verify(engine: Engine, expected: Engine, images: Tensor) -> None:
    """Check that an engine gives what another one gives for some images.

    Raises:
        Unsupported: an image's outputs differ by more than `TOLERANCE`.
    """
    difference = onnx_stages.deviation(engine(images), expected(images))
    if difference > TOLERANCE:
        raise Unsupported(f"its outputs differ from PyTorch's by {difference:.1g}, relative")


def machine() -> dict[str, object]:
    """Describe what decides which kernels are fast: the processor, the threads and PyTorch's version."""
    capability = torch.backends.cpu.get_cpu_capability()
    return {
        "processor": f"{_processor()}, {capability}",
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
    }


def _processor() -> str:
    """Give the processor's name, as far as the system has one."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _seconds(engine: Engine, images: Tensor) -> float:
    """Give the seconds an image."""
    start = time.perf_counter()
    engine(images)
    return (time.perf_counter() - start) / len(images)
