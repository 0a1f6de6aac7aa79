"""Several labels an image (Pascal VOC): how should a ResNet-18 be transferred, and what is its published "AP" worth?

    python -m study.run --space voc                          # demo: minutes, two cores, drawn scenes
    python -m study.run --space voc --data DIR --scale full  # any folder in VOC layout, a GPU

As published (three versions from scratch, VOC2012): "AP" .585, .632, .655, averaged per image over the labels; mAP is
per label over the images (docs/voc.md). v3 is v2 at another rate and momentum, which a corrected cell tunes or does not
read: the corrected v2 is the twin of both.
"""

from study.space import Settings, Space, log_uniform, versions

CAUSES: Settings = {
    "difficult_negative": {"difficult": "negative"},
    "summed_loss": {"reduction": "sum"},  # <- the rate scales with images and labels
}
RECIPE = {"optimizer": "sgd", "batch_size": 16, "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0}
MODELS: Settings = {
    "v1": {"regime": "scratch", "augment": 0.0, "normalization": "unit"},
    "v2": {"regime": "scratch", "colour": "grey", "normalization": "data"},
    "v3": {"regime": "scratch", "colour": "grey", "normalization": "data"},
    "feature_extraction": {"regime": "feature_extraction", "views": 4},  # computed once, then a trial takes a second
    "fine_tune": {"regime": "fine_tune"},
}
SEEDS = {"v1": {"lr": 5e-3, "momentum": 0.9}, "v2": {"lr": 5e-3, "momentum": 0.9}, "v3": {"lr": 1e-3, "momentum": 0.0}}

SPACE = Space(
    task="voc",
    compared={
        "model": tuple(MODELS),
        "label_fraction": (1.0, 0.5, 0.1),
        "version": ("corrected", *CAUSES, "published"),
    },
    settings={
        **{f"model={model}": values for model, values in MODELS.items()},
        **versions(CAUSES, RECIPE),
        **{f"model={model}, version=published": values for model, values in SEEDS.items()},
    },
    only={
        "version=published": {"model": ("v1", "v2", "v3"), "label_fraction": 1.0},
        **{f"version={cause}": {"model": "v1", "label_fraction": 1.0} for cause in CAUSES},
        "model=v2": {"label_fraction": 1.0},
        "model=v3": {"label_fraction": 1.0, "version": "published"},
    },
    tuned={"lr": log_uniform(1e-4, 1e-2), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    fixed={"family": "resnet18", "image_size": 300, "batch_size": 16},
    trials=8,
    epochs=40,
    replicates=5,
    demo={
        "compared": {"label_fraction": (1.0, 0.1)},
        "fixed": {"family": "efficientnet_lite0", "image_size": 48},
        "trials": 2,
        "epochs": 5,
        "replicates": 3,
    },
)
