"""Runs a few steps of a trial to see how much GPU memory it takes. Imports torch, and is the only user of its GPU."""

import contextlib
import gc
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import torch

from study.backend.gpu_sharing import Case
from study.backend.session import line
from study.data import prepare, splits
from study.data.device_split import BATCH
from study.data.prepare import Split, TaskData
from study.training import regimes, setup, trial
from study.training.epoch_inputs import view

_FREE = "import torch; print(torch.cuda.mem_get_info()[0])"


def unused_memory() -> int:
    """Measure the free memory and add this process's CUDA context, which takes as much as a second process's."""
    left = torch.cuda.mem_get_info()[0]
    beside = subprocess.run([sys.executable, "-c", _FREE], capture_output=True, text=True, check=True).stdout
    return left + max(0, left - int(beside))


def need(case: Case, free: int) -> int | str:
    """Return the bytes that a worker needs to train a case, or why it cannot.

    Args:
        case: configuration to measure.
        free: memory of the GPU before the first worker starts, bytes.
    """
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        outputs = attempt(case, "cuda", free)
    except Exception as error:  # each of the trials will report it too
        return line(error)
    outside = free - torch.cuda.mem_get_info()[0] - torch.cuda.memory_reserved()  # context, libraries
    return torch.cuda.max_memory_reserved() + max(0, outside) + outputs + case.images + case.bundle


def attempt(case: Case, device: str, free: float = float("inf")) -> int:
    """Train two steps of each phase and score a batch.

    Args:
        case: configuration to measure.
        device: torch device.
        free: free memory of the device, bytes.

    Returns:
        Bytes of frozen stages' outputs that a full trial will hold on the device as well.
    """
    config = case.config
    whole = prepare.open_data(case.prepared, splits.cut(config), 0, 0, config.validation == "groups")
    few = cut(whole, 2 * config.batch_size, BATCH[device])
    with contextlib.suppress(FloatingPointError):  # so few images may lack a class; the memory is the same
        for _ in trial.run(config, few, 0, epochs=len(regimes.phases(config)) or 1, device=device):
            pass
    counts = len(whole.val.index), len(whole.train.index)
    sizes = _output_bytes(case, few, device, *counts)
    return sum(size for size in sizes if 4 * size < free)  # `training/feature_cache.py` has the same limit


def _output_bytes(case: Case, few: TaskData, device: str, scored: int, trained: int) -> tuple[int, int]:
    """Return the bytes of the frozen first stages' outputs, for all images of validation and of training."""
    config = case.config
    net, feeds, _ = setup.assemble(config, few, 0, device)
    frozen = [_first(regimes.multipliers(phase, len(net.stages))) for phase in regimes.phases(config)]
    shallowest = 1 if config.freeze_depth == 0 else 0  # a tuned depth may be 1 as well
    net.freeze(range(min(filter(None, frozen), default=shallowest)), batchnorm=config.freeze_batchnorm == "on")
    if not net.prefix:
        return 0, 0
    output = net.begin(feeds["train"].normalized(feeds["train"].pixels(slice(0, 1))), net.prefix)
    itemsize = case.cache_itemsize or 4 * bool(case.bundle)  # bundles hold outputs even without a cache
    image_bytes = itemsize * sum(part.numel() for part in (output if isinstance(output, tuple) else (output,)))
    cached = view(config, 1) is not None  # of several fixed views one is held at a time
    return image_bytes * scored, image_bytes * trained * cached


def _first(multipliers: Sequence[float]) -> int:
    """Count the frozen first stages."""
    return next((number for number, rate in enumerate(multipliers) if rate), len(multipliers))


def cut(whole: TaskData, trained: int, scored: int) -> TaskData:
    """Reduce the training and the validation split to some images, evenly spread, as arrays of their own.

    Args:
        whole: a task.
        trained: training images at most.
        scored: validation images at most.
    """
    train, val = _some(whole.train, trained), _some(whole.val, scored)
    return whole._replace(train=train, val=val, test=None, key=f"{whole.key}, cut", val_file="val")


def _some(split: Split, most: int) -> Split:
    rows = np.linspace(0, len(split.index) - 1, min(most, len(split.index))).astype(int)
    return Split(split.images[split.index[rows]], split.targets[rows], split.groups[rows], np.arange(len(rows)))
