"""Several labels an image: train from scratch, on frozen features, or all of a pretrained network, at how many labels?

python -m study.run --space voc_transfer --data DIR --scale full  # a folder in VOC layout, two CPU cores
python -m study.run --space voc_transfer                          # demo: four minutes, two cores, drawn scenes
"""

from study.space import Space, log_uniform

SPACE = Space(
    task="voc",
    compared={"regime": ("scratch", "feature_extraction", "fine_tune"), "label_fraction": (1.0, 0.5, 0.1)},
    settings={"regime=feature_extraction": {"views": 4}},  # computed once, then a trial takes a second
    tuned={"lr": log_uniform(3e-4, 1e-2), "weight_decay": log_uniform(1e-4, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    fixed={
        "family": "efficientnet_lite0",
        "image_size": 128,
        "batch_size": 16,
        "budget": "steps",  # <- a tenth of 360 images is three steps an epoch, too few for any regime
    },
    trials=3,
    epochs=6,
    replicates=5,
    demo={
        "compared": {"label_fraction": (1.0, 0.1)},
        "fixed": {"image_size": 48},
        "trials": 2,
        "epochs": 3,
        "replicates": 3,
    },
)
