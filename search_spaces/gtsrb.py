"""Traffic signs (GTSRB, 43 classes): does ImageNet pretraining help, how deep to freeze, how many labels are needed?

    python -m study.run --space gtsrb                                    # demo: minutes, two cores, drawn signs
    python -m study.run --space gtsrb --data DIR --scale full            # the real images, a GPU

EfficientNet-Lite0 has ImageNet weights that install with the project. Validation is cut by track, so that no sign is on
both sides (docs/gtsrb.md).
"""

from study.space import Space, integers, log_uniform

SPACE = Space(
    task="gtsrb",
    compared={
        "regime": ("scratch", "feature_extraction", "partial_freeze", "fine_tune"),
        "label_fraction": (0.1, 0.5, 1.0),
    },
    tuned={
        "lr": log_uniform(3e-4, 3e-2),
        "weight_decay": log_uniform(1e-5, 1e-1),
        "freeze_depth": integers(1, 4),
    },
    only={"freeze_depth": {"regime": "partial_freeze"}},
    baseline={"lr": 3e-3, "weight_decay": 1e-2, "freeze_depth": 2},
    fixed={"family": "efficientnet_lite0", "image_size": 64, "label_smoothing": 0.05, "dropout": 0.2},
    trials=16,
    epochs=12,
    replicates=5,
    demo={
        "compared": {"label_fraction": (0.1, 0.5)},
        "fixed": {"image_size": 32, "batch_size": 32},
        "trials": 4,
        "epochs": 4,
        "replicates": 3,
    },
)
