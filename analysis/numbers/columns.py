"""The columns of a study's table, the values that some of them allow, and the errors of a table with others.

Knows names and types, no files and no rows.
"""

from collections.abc import Mapping
from types import MappingProxyType

COLUMNS = {
    "space": "string",
    "cell": "string",
    "trial": "string",
    "role": "string",
    "state": "string",
    "seed": "Int64",
    "error": "string",
    "replicate_of": "string",
    "data": "string",
    "published": "float64",
    "family": "string",
    "encoder": "string",
    "stem": "string",
    "stages": "string",
    "weights": "string",
    "regime": "string",
    "label_fraction": "float64",
    "image_size": "Int64",
    "upsample": "Int64",
    "colour": "string",
    "crop": "string",
    "validation": "string",
    "validation_share": "float64",
    "balance": "string",
    "group_pattern": "string",
    "layout": "string",
    "copies": "string",
    "subset": "string",
    "validation_augment": "string",
    "normalization": "string",
    "head": "string",
    "head_classes": "Int64",
    "optimizer": "string",
    "schedule": "string",
    "lr": "float64",
    "weight_decay": "float64",
    "freeze_depth": "Int64",
    "lora_rank": "Int64",
    "lora_alpha": "float64",
    "lora_layers": "string",
    "lr_decay": "float64",
    "stage_rates": "string",
    "head_rate": "float64",
    "probe_share": "float64",
    "phase_decay": "float64",
    "momentum": "float64",
    "batch_size": "Int64",
    "accumulate": "Int64",
    "budget": "string",
    "shuffle": "string",
    "warmup": "float64",
    "label_smoothing": "float64",
    "class_weights": "string",
    "reduction": "string",
    "difficult": "string",
    "augment": "float64",
    "views": "Int64",
    "dropout": "float64",
    "drop_path": "float64",
    "freeze_batchnorm": "string",
    "batchnorm_momentum": "float64",
    "batchnorm_epsilon": "float64",
    "epoch": "Int64",
    "step": "Int64",
    "phase": "Int64",
    "trained_on": "string",
    "train_images": "Int64",
    "seconds": "float64",
    "worker": "string",
    "time": "float64",
    "parameters": "Int64",
    "trained": "Int64",
    "frozen_share": "float64",
    "macs": "Int64",
    "features": "Int64",
    "licence": "string",
    "train_images_per_second": "float64",
    "predict_images_per_second": "float64",
    "peak_memory": "Int64",
    "frozen_before": "string",
    "frozen_after": "string",
    "alarms": "string",
    "task": "string",
    "split": "string",
    "metric": "string",
    "truth": "string",
    "answer": "string",
    "score": "float64",
}
NAMES = tuple(COLUMNS)
COSTS = NAMES[NAMES.index("parameters") : NAMES.index("frozen_before")]  # what a trial's network is and costs
LORA = ("lora_rank", "lora_alpha", "lora_layers")
LATER = ("stages", "drop_path", "layout", "copies", *LORA, *COSTS)  # earlier tables lack these: read as if empty
CONFIG = NAMES[NAMES.index("family") : NAMES.index("epoch")]  # a trial's configuration; results follow
PER_TRIAL = NAMES[: NAMES.index("epoch")]
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "role": ("search", "replicate", "published", "pretrain"),
        "state": ("complete", "pruned", "failed", "running", "not_run"),
    }
)


class TableError(ValueError):
    """A table that cannot be read as a study's; its text is one line for the user."""

    exit_code = 4


class NoTableError(ValueError):
    """A folder that is not a study's; its text is one line for the user."""

    exit_code = 2
