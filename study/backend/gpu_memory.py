"""Measures what trials take of a GPU's memory: runs a little of each in a process that holds one for that alone.

Knows neither which trials a study has nor what follows from what they take (`gpu_sharing.py`).
"""

import contextlib
import gc
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from study.backend.gpu_sharing import Case
from study.backend.session import line
from study.data import prepare, splits
from study.data.prepare import Split, TaskData
from study.training import regimes

PATIENCE = 600.0
"""Seconds for an answer: a try takes a few, so that what takes so long hangs."""
_FREE = "import torch; print(torch.cuda.mem_get_info()[0])"


class Gauge:
    """A GPU in a process that does nothing else."""

    def __init__(self) -> None:
        """Find out what is free but for this process: another one's context shows how much its own takes."""
        import torch

        left = torch.cuda.mem_get_info()[0]
        beside = subprocess.run([sys.executable, "-c", _FREE], capture_output=True, text=True, check=True).stdout
        self._free = left + max(0, left - int(beside))

    def free(self) -> int:
        """Bytes that a first worker would find free."""
        return self._free

    def need(self, case: Case) -> int | str:
        """Give the bytes that a worker comes to take that trains this case, or why it cannot."""
        import torch

        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        try:
            outputs = attempt(case, "cuda", self._free)
        except Exception as error:  # the trials will say it too, each for itself
            return line(error)
        outside = self._free - torch.cuda.mem_get_info()[0] - torch.cuda.memory_reserved()  # context, libraries
        return torch.cuda.max_memory_reserved() + max(0, outside) + outputs + case.images + case.bundle


def needs(cases: Sequence[Case], gauge: type = Gauge) -> tuple[list[int | str], int]:
    """Try cases on the GPUs of the Ray cluster that nobody holds.

    Args:
        cases: to be tried.
        gauge: is made once on each of the GPUs.

    Returns:
        What `need` gives of each, and the bytes free on the GPU that has least; of none where no GPU is free.
    """
    import ray

    held: Any = ray.remote(num_cpus=0, num_gpus=1)(gauge)  # an actor holds its GPU, so that no two are on one
    gauges: list[Any] = [held.remote() for _ in range(int(ray.available_resources().get("GPU", 0)))]
    if not gauges:
        return [], 0
    try:
        free = min(ray.get([each.free.remote() for each in gauges], timeout=PATIENCE))
        return _needs(gauges, cases), free
    except TimeoutError:
        return [f"no answer in {PATIENCE:g} s"] * len(cases), 0
    except ray.exceptions.RayError as error:
        return [line(error, -1)] * len(cases), 0  # the lines before are Ray's
    finally:
        for each in gauges:
            ray.kill(each)


def _needs(gauges: list[Any], cases: Sequence[Case]) -> list[int | str]:
    """Have each case tried on the next gauge that is free.

    Raises:
        TimeoutError: one gives no answer.
    """
    from ray.util import ActorPool

    pool = ActorPool(gauges)
    for case in cases:
        pool.submit(lambda each, case: each.need.remote(case), case)
    return [pool.get_next(timeout=PATIENCE) for _ in cases]


def attempt(case: Case, device: str, free: float = float("inf")) -> int:
    """Train two steps of each phase and score a batch.

    Args:
        case: to be tried.
        device: of torch.
        free: bytes of the device.

    Returns:
        Bytes that outputs of frozen stages will take of the device besides.
    """
    from study.data.device_split import BATCH
    from study.training import trial

    asked = case.config
    whole = prepare.open_data(case.prepared, splits.cut(asked), 0, 0, asked.validation == "groups")
    few = cut(whole, 2 * asked.batch_size, BATCH[device])
    with contextlib.suppress(FloatingPointError):  # so few images may lack a class; the memory is the same
        for _ in trial.run(asked, few, 0, epochs=len(regimes.phases(asked)) or 1, device=device):
            pass
    counts = len(whole.val.index), len(whole.train.index)
    return sum(size for size in _kept(case, few, device, *counts) if 4 * size < free)  # features.py keeps to that too


def _kept(case: Case, few: TaskData, device: str, scored: int, trained: int) -> tuple[int, int]:
    """Give the bytes of validation's and training's outputs of frozen first stages."""
    from study.training import setup
    from study.training.epoch_inputs import view

    asked = case.config
    net, feeds, _ = setup.assemble(asked, few, 0, device)
    frozen = [_first(regimes.multipliers(phase, len(net.stages))) for phase in regimes.phases(asked)]
    shallowest = 1 if asked.freeze_depth == 0 else 0  # where the depth is tuned it may be 1 as well
    net.freeze(range(min(filter(None, frozen), default=shallowest)), batchnorm=asked.freeze_batchnorm == "on")
    if not net.prefix:
        return 0, 0
    passed = net.begin(feeds["train"].normalized(feeds["train"].pixels(slice(0, 1))), net.prefix)
    kept = case.kept or 4 * bool(case.bundle)  # trials that are trained together hold them without a cache too
    each = kept * sum(one.numel() for one in (passed if isinstance(passed, tuple) else (passed,)))
    return each * scored, each * trained * (view(asked, 1) is not None)  # of several views one is there at a time


def _first(multipliers: Sequence[float]) -> int:
    """Count the frozen first stages."""
    return next((number for number, rate in enumerate(multipliers) if rate), len(multipliers))


def cut(opened: TaskData, trained: int, scored: int) -> TaskData:
    """Keep some images of the training and the validation split, evenly spread, as splits of their own.

    Args:
        opened: a task.
        trained: training images to be kept at most.
        scored: validation images to be kept at most.
    """
    train, val = _some(opened.train, trained), _some(opened.val, scored)
    return opened._replace(train=train, val=val, test=None, key=f"{opened.key}, cut", val_file="val")


def _some(split: Split, most: int) -> Split:
    which = np.linspace(0, len(split.index) - 1, min(most, len(split.index))).astype(int)
    return Split(split.images[split.index[which]], split.targets[which], split.groups[which], np.arange(len(which)))
