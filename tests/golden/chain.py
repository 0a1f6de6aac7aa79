"""A chain of two tasks: frozen and fine-tuned, as published, with drifting statistics, and corrected."""

from study.space import Settings, Space, log_uniform, versions

CAUSES: Settings = {"batchnorm_drift": {"freeze_batchnorm": "off"}}
RECIPE = {"optimizer": "sgd", "lr": 0.1, "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0}

SPACE = Space(
    task=("animals", "animals/animal"),
    compared={
        "regime": ("feature_extraction", "fine_tune"),
        "version": ("corrected", *CAUSES, "published"),
    },
    settings=versions(CAUSES, RECIPE),
    only={"version=batchnorm_drift": {"regime": "feature_extraction"}},
    sources={"animals": {"epochs": 20, "batch_size": 16, "lr": 5e-3}},
    tuned={"lr": log_uniform(1e-3, 1e-2)},
    baseline={"lr": 5e-3},
    fixed={"family": "small_cnn", "weights": "none", "image_size": 16, "batch_size": 16},
    trials=2,
    epochs=3,
    replicates=3,
)
