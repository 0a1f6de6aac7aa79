"""Networks × regimes: one with published weights and three that begin at random, on drawn objects; what each costs."""

from study.space import Space, log_uniform

SPACE = Space(
    task="cifar10",
    compared={
        "family": (
            "efficientnet_lite0",
            "resnet14",
            "torchvision/mobilenet_v3_small",
            "torchvision/shufflenet_v2_x0_5",
        ),
        "regime": ("feature_extraction", "fine_tune"),
    },
    settings={
        "family=efficientnet_lite0": {"weights": "imagenet", "upsample": 96},
        "regime=feature_extraction": {"views": 1},
    },
    tuned={"lr": log_uniform(1e-3, 1e-2)},
    baseline={"lr": 3e-3},
    fixed={"weights": "none", "image_size": 32, "batch_size": 32, "label_fraction": 0.2},
    trials=2,
    epochs=3,
    replicates=4,
)
