"""A study of seconds, half of which starts from weights that it trains first."""

from study.space import Space

SPACE = Space(
    task="gtsrb",
    compared={"weights": ("none", "rotation")},
    sources={"rotation": {"epochs": 3, "images": 200, "batch_size": 16}},
    fixed={"family": "small_cnn", "regime": "fine_tune", "image_size": 16, "batch_size": 32, "label_fraction": 0.1},
    trials=1,
    epochs=1,
    replicates=2,
)
