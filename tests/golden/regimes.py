"""Regimes × label fractions: drawn objects, weights that the study trains first, a tuned freezing depth."""

from study.space import Space, integers, log_uniform

SPACE = Space(
    task="cifar10",
    compared={"regime": ("scratch", "partial_freeze", "fine_tune"), "label_fraction": (0.2, 1.0)},
    settings={
        "regime=scratch": {"weights": "none"},
        "regime=partial_freeze": {"weights": "rotation"},
        "regime=fine_tune": {"weights": "rotation"},
    },
    sources={"rotation": {"epochs": 4, "images": 2000, "batch_size": 32}},
    tuned={
        "lr": log_uniform(1e-3, 3e-2),
        "weight_decay": log_uniform(1e-4, 1e-1),
        "freeze_depth": integers(1, 3),
    },
    only={"freeze_depth": {"regime": "partial_freeze"}},
    baseline={"lr": 5e-3, "weight_decay": 1e-2, "freeze_depth": 2},
    fixed={"family": "small_cnn", "image_size": 16, "batch_size": 32},
    trials=4,
    epochs=4,
    replicates=3,
    reduction_factor=2,
)
