"""A chain of tasks (ModNet): animals against other pictures, then canines against felines. What is forgotten, and why?

    python -m study.run --space animals                          # demo: minutes, two cores, drawn animals
    python -m study.run --space animals --data DIR --scale full  # train|test/animal/canines, …/felines, other/…

As published, the first task fell from .974 to .90 (frozen), .81 (conventional) and .75 (a rate per layer): freezing
forgot, and lower rates in the first layers forgot more. Corrected, on photographs, frozen layers forget exactly 0, and
23 points of 96 where BatchNorm's statistics alone follow the new task (docs/animals.md).
"""

from study.space import Settings, Space, log_uniform, versions

CAUSES: Settings = {
    "batchnorm_drift": {"freeze_batchnorm": "off"},  # <- frozen weights, and statistics that follow the new task
    "untrained_head": {"head_rate": 0.0},  # <- the new head is in no group of the optimizer
    "augmented_validation": {"validation_augment": "on"},
}
RECIPE = {"optimizer": "sgd", "lr": 0.1, "batch_size": 256, "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0}
TRANSFERS: Settings = {
    "frozen": {"regime": "feature_extraction"},
    "conventional": {"regime": "fine_tune"},
    "per_layer": {"regime": "discriminative", "lr_decay": 0.63},
}
FORGOTTEN = {"frozen": 0.90, "conventional": 0.81, "per_layer": 0.75}

SPACE = Space(
    task=("animals", "animals/animal"),
    compared={
        "backbone": ("efficientnet_lite0", "resnet14"),  # pretrained; the seed's, from scratch
        "transfer": tuple(TRANSFERS),
        "version": ("corrected", *CAUSES, "published"),
    },
    settings={
        "backbone=efficientnet_lite0": {"family": "efficientnet_lite0", "weights": "imagenet"},
        "backbone=resnet14": {"family": "resnet14", "weights": "none"},
        **{f"transfer={transfer}": values for transfer, values in TRANSFERS.items()},
        "backbone=resnet14, transfer=per_layer": {"regime": "stage_rates", "stage_rates": "0.4/0.65/1"},
        **versions(CAUSES, RECIPE),
    },
    sources={"animals": {"epochs": 5, "batch_size": 32}},
    only={
        "version=batchnorm_drift": {"transfer": "frozen"},
        "version=untrained_head": {"backbone": "resnet14"},
        "version=augmented_validation": {"backbone": "resnet14", "transfer": "conventional"},
        "version=published": {"backbone": "resnet14"},
    },
    tuned={"lr": log_uniform(1e-4, 1e-2), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    fixed={"image_size": 96, "batch_size": 32, "balance": "on"},
    published={
        f"backbone=resnet14, transfer={transfer}, version=published": {"animals": figure}
        for transfer, figure in FORGOTTEN.items()
    },
    trials=8,
    epochs=20,
    replicates=5,
    demo={
        "compared": {"backbone": ("resnet14",)},
        "fixed": {"image_size": 32},
        "sources": {"animals": {"epochs": 20, "lr": 5e-3}},
        "baseline": {"lr": 5e-3},
        "trials": 2,
        "epochs": 12,
        "replicates": 3,
    },
)
