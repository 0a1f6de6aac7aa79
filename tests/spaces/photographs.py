"""A study of seconds on a folder of photographs: two shares of the labels."""

from study.space import Space

SPACE = Space(
    task="animals",
    compared={"label_fraction": (0.5, 1.0)},
    fixed={"family": "small_cnn", "regime": "scratch", "image_size": 16, "batch_size": 4, "lr": 0.01},
    trials=1,
    epochs=3,
    replicates=1,
)
