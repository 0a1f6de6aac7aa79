"""Two cells, of which one needs ImageNet weights that a test withholds."""

from study.space import Space

SPACE = Space(
    task="gtsrb",
    compared={"regime": ("scratch", "feature_extraction")},
    fixed={"family": "resnet18", "image_size": 32, "label_fraction": 0.1, "batch_size": 64},
    trials=1,
    epochs=1,
    replicates=1,
)
