"""A study of seconds: a small network on few of the drawn signs."""

from study.space import Space, log_uniform

SPACE = Space(
    task="gtsrb",
    compared={"label_fraction": (0.1, 0.2)},
    tuned={"lr": log_uniform(1e-3, 1e-2)},
    baseline={"lr": 5e-3},
    fixed={"family": "small_cnn", "regime": "scratch", "image_size": 16, "batch_size": 32},
    trials=3,
    epochs=2,
    replicates=2,
)
