"""Several labels an image: mAP at two label fractions, corrected, with one cause, and as published."""

from study.space import Settings, Space, log_uniform, versions

CAUSES: Settings = {"summed_loss": {"reduction": "sum"}}
RECIPE = {"optimizer": "sgd", "lr": 5e-3, "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0}

SPACE = Space(
    task="voc",
    compared={"label_fraction": (0.5, 0.1), "version": ("corrected", *CAUSES, "published")},
    settings=versions(CAUSES, RECIPE),
    only={f"version={name}": {"label_fraction": 0.5} for name in (*CAUSES, "published")},
    tuned={"lr": log_uniform(1e-3, 1e-2)},
    baseline={"lr": 5e-3},
    fixed={"family": "small_cnn", "regime": "scratch", "weights": "none", "image_size": 16, "batch_size": 16},
    trials=3,
    epochs=3,
    replicates=3,
)
