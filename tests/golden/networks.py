"""Networks × regimes: two that begin at random and one with published weights, on drawn objects; what each costs."""

from study.space import Space, log_uniform

SPACE = Space(
    task="cifar10",
    compared={
        "family": ("small_cnn", "resnet14", "efficientnet_lite0"),
        "regime": ("feature_extraction", "fine_tune"),
    },
    settings={"family=efficientnet_lite0": {"weights": "imagenet"}},
    tuned={"lr": log_uniform(1e-3, 1e-2)},
    baseline={"lr": 3e-3},
    fixed={"weights": "none", "image_size": 32, "batch_size": 32, "label_fraction": 0.5},
    trials=2,
    epochs=3,
    replicates=4,
)
