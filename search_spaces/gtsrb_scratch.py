"""Traffic signs (GTSRB) without pretraining: how far does a small network get, and with how many labels?

    python -m study.run --space gtsrb_scratch --only label_fraction=1.0 --scale full --data DIR

What a person without pretrained weights would train on a laptop: ten layers at 32 px, minutes an epoch on one core. The
yardstick for `gtsrb`; the seed's network of this size reached .9481 (docs/gtsrb.md).
"""

from study.space import Space, log_uniform

SPACE = Space(
    task="gtsrb",
    compared={"label_fraction": (0.1, 0.5, 1.0)},
    tuned={"lr": log_uniform(1e-3, 1e-2), "weight_decay": log_uniform(1e-4, 1e-1)},
    baseline={"lr": 6e-3, "weight_decay": 1e-2},
    fixed={
        "family": "small_cnn",
        "regime": "scratch",
        "image_size": 32,
        "batch_size": 128,
        "label_smoothing": 0.05,
        "dropout": 0.4,
    },
    published={"label_fraction=1.0": 0.9481},  # CNN_10_relu, ten epochs, the test used as validation
    trials=4,
    epochs=6,
    replicates=3,
    demo={"compared": {"label_fraction": (1.0,)}, "trials": 2, "epochs": 4, "replicates": 2},
)
