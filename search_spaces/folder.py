"""Your own images: does ImageNet pretraining help, how much of the network to train, how many labels are needed?

    python -m study.run --space folder --data my_images/   # <class>/…, train/<class>/…, Pascal VOC's layout, .csv
    python -m study.run --space folder --data my_images/ --scale full
    python -m study.run --space folder --data my_images/ --inspect

With one label an image balanced accuracy selects, with several mAP (docs/own-data.md).
"""

from study.space import Space, integers, log_uniform

SPACE = Space(
    task="folder",
    compared={
        "regime": ("scratch", "feature_extraction", "partial_freeze", "fine_tune"),
        "label_fraction": (0.1, 0.5, 1.0),
    },
    settings={"regime=feature_extraction": {"views": 4}},  # computed once, then a trial takes a second
    tuned={
        "lr": log_uniform(3e-4, 3e-2),
        "weight_decay": log_uniform(1e-5, 1e-1),
        "freeze_depth": integers(1, 4),
    },
    only={"freeze_depth": {"regime": "partial_freeze"}},
    baseline={"lr": 2e-3, "weight_decay": 1e-2, "freeze_depth": 2},
    fixed={
        "family": "efficientnet_lite0",
        "image_size": 128,
        "batch_size": 32,
        "budget": "steps",  # <- a tenth of few images is a handful of steps an epoch, too few for any regime
    },
    trials=12,
    epochs=12,
    replicates=5,
    demo={
        "compared": {"regime": ("feature_extraction", "fine_tune"), "label_fraction": (0.1, 0.5)},
        "fixed": {"image_size": 64, "budget": "epochs"},
        "settings": {"regime=feature_extraction": {"views": 1}},
        "trials": 2,
        "epochs": 3,
        "replicates": 3,
    },
)
