"""Images of one's own, in seconds."""

from study.space import Space

SPACE = Space(
    task="folder",
    compared={"label_fraction": (0.5, 1.0)},
    fixed={"family": "small_cnn", "regime": "scratch", "image_size": 16, "batch_size": 8},
    trials=1,
    epochs=2,
    replicates=2,
)
