"""Stands in for a data set: a few noisy squares in memory, so that a test can train a real network in a second.

Use it for tests of training; it writes no files and knows no study.
"""

import itertools
from typing import Any

import numpy as np
import torch

from study.data.prepare import Split, TaskData
from study.space.config import Config
from study.training import trial

torch.set_num_threads(1)
AUGMENT = {"rotate": 10.0, "scale": 0.1, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 0.0}
SMALL = Config(
    family="small_cnn", weights="none", regime="fine_tune", batch_size=8, lr=3e-3, dropout=0.3, label_smoothing=0.05
)
_keys = itertools.count()


def task(train: int = 20, held: int = 6, size: int = 32, classes: int = 3, test: bool = False) -> TaskData:
    """Make noisy grey squares, one brightness a class; the data of each call have a key of their own."""
    count = train + held
    targets = np.arange(count) % classes
    noise = np.random.default_rng(0).integers(0, 80, (count, size, size, 3))
    images = (noise + 170 * targets[:, None, None, None] // (classes - 1)).astype(np.uint8)
    rows = np.arange(count)
    parts = [Split(images, targets[part], rows[part], rows[part]) for part in (rows[:train], rows[train:])]
    names = tuple(f"class {number}" for number in range(classes))
    test_split = parts[1] if test else None
    return TaskData("toy", names, "accuracy", AUGMENT, *parts, test_split, f"toy {next(_keys)}", {})


def outcome(config: Config, epochs: int = 2, resume: trial.Resume | None = None) -> tuple[list[Any], dict[str, bytes]]:
    """Train on the task; returns the rows of scores without seconds, and the trained network as bytes."""
    rows = []
    for report in trial.run(config, task(), 7, epochs=epochs, resume=resume):
        rows += [{key: value for key, value in row.items() if key != "seconds"} for row in report.rows]
        model = report.model()
    return rows, {name: tensor.numpy().tobytes() for name, tensor in model.items()}
