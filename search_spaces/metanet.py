"""Cats and dogs (MetaNet): fine-tune, use frozen features, or set a small CNN beside them (ParallelNet)?

    python -m study.run --space metanet                          # demo: minutes, two cores, drawn animals
    python -m study.run --space metanet --data DIR --scale full  # Oxford-IIIT Pet, or a folder of two classes

As published: fine-tune .88, frozen features .85, ParallelNet .92, with a learning rate three times as high for
ParallelNet alone. Corrected: the rate is tuned for each model, and frozen means frozen (docs/metanet.md).
"""

from study.space import Settings, Space, log_uniform, versions

BACKBONES = ("resnet18", "efficientnet_lite0")  # the seed's, whose weights are fetched, and one that installs with us
CAUSES: Settings = {
    "learning_rate": {"lr": 1e-4},  # <- but 3e-4 for ParallelNet, below
    "batchnorm_drift": {"freeze_batchnorm": "off"},
}
RECIPE = {"batch_size": 4, "weight_decay": 0.0, "schedule": "step", "warmup": 0.0}
MODELS: Settings = {
    "cnn": {"regime": "fine_tune"},
    "meta_extractor": {"family": "meta_extractor", "regime": "feature_extraction"},
    "parallel_net": {"family": "parallel_net", "regime": "partial_freeze", "freeze_depth": 1},
}

SPACE = Space(
    task="pets",
    compared={
        "backbone": BACKBONES,
        "model": tuple(MODELS),
        "version": ("corrected", "learning_rate", "batchnorm_drift", "published"),
    },
    settings={
        **{f"model={model}": values for model, values in MODELS.items()},
        **{f"model=cnn, backbone={name}": {"family": name} for name in BACKBONES},
        **{f"model=meta_extractor, backbone={name}": {"encoder": name} for name in BACKBONES},
        **{f"model=parallel_net, backbone={name}": {"encoder": name} for name in BACKBONES},
        **versions(CAUSES, RECIPE),
        "model=parallel_net, version=learning_rate": {"lr": 3e-4},
        "model=parallel_net, version=published": {"lr": 3e-4},
    },
    only={"version=batchnorm_drift": {"model": ("meta_extractor", "parallel_net")}},  # nothing is frozen in the cnn
    tuned={"lr": log_uniform(3e-5, 1e-2), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 1e-3, "weight_decay": 1e-2},
    fixed={"image_size": 160, "batch_size": 32, "views": 4},  # four: frozen features are computed once for each
    published={
        "backbone=resnet18, model=cnn, version=published": 0.88,
        "backbone=resnet18, model=meta_extractor, version=published": 0.85,
        "backbone=resnet18, model=parallel_net, version=published": 0.92,
    },
    trials=8,
    epochs=10,
    replicates=5,
    demo={
        "compared": {"backbone": ("efficientnet_lite0",), "version": ("corrected", "batchnorm_drift", "published")},
        "fixed": {"image_size": 64},
        "trials": 4,
        "epochs": 6,
        "replicates": 3,
    },
)
