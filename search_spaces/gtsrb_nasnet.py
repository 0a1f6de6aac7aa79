"""Traffic signs (GTSRB) with NASNetMobile as the seed published it, and corrected: what cost it its scores?

    python -m study.run --space gtsrb_nasnet                          # demo: minutes, two cores, drawn signs
    python -m study.run --space gtsrb_nasnet --data DIR --scale full  # the real images, a GPU

Published on the test: four ways to transfer between .00 and .39, and a plain CNN at .95. Rows with ImageNet weights
need pytorchcv's file (fetched once); without it they are listed as not run.
"""

from study.space import Settings, Space, log_uniform, versions

NASNET = ("zero_shot", "structure", "extractor", "fine_tune")
TRAINED = ("structure", "extractor", "fine_tune")
CAUSES: Settings = {
    "batchnorm_momentum": {"batchnorm_momentum": 0.0003, "freeze_batchnorm": "off"},  # Keras' .9997
    "input_scale": {"normalization": "unit"},
}
RECIPE = {"lr": 1e-3, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0, "validation": "test"}
PUBLISHED = {
    "row=cnn_10_relu, upsample=32": 0.9481,
    "row=zero_shot, upsample=32": 0.0001,
    "row=zero_shot, upsample=256": 0.0,
    "row=structure, upsample=32": 0.2848,
    "row=structure, upsample=256": 0.3943,
    "row=extractor, upsample=32": 0.0371,
    "row=extractor, upsample=256": 0.0071,
    "row=fine_tune, upsample=32": 0.0279,
    "row=fine_tune, upsample=256": 0.0574,
}

SPACE = Space(
    task="gtsrb",
    compared={
        "row": ("cnn_10_relu", *NASNET),
        "upsample": (32, 256),
        "version": ("corrected", *CAUSES, "padded_labels", "random_weights", "published"),
    },
    settings={
        "row=cnn_10_relu": {"family": "small_cnn", "regime": "scratch"},
        "row=zero_shot": {"regime": "zero_shot"},
        "row=structure": {"regime": "scratch"},
        "row=extractor": {"regime": "feature_extraction", "head": "512-256-128"},
        "row=fine_tune": {"regime": "fine_tune", "head": "512-256-128"},
        "row=extractor, upsample=256": {"head": "1024-256"},
        "row=fine_tune, upsample=256": {"head": "1024-256"},
        **versions(CAUSES, RECIPE),
        "row=cnn_10_relu, version=published": {"batchnorm_momentum": None, "freeze_batchnorm": "on"},
        "version=padded_labels": {"head_classes": 1000},
        "row=zero_shot, version=published": {"head_classes": 1000},
        "row=structure, version=published": {"head_classes": 1000},
        "row=fine_tune, version=random_weights": {"regime": "scratch"},  # <- the seed's "fine-tuning" loads nothing
        "row=fine_tune, version=published": {"regime": "scratch"},
    },
    only={
        "row=cnn_10_relu": {"upsample": 32, "version": ("corrected", "published")},
        "version=batchnorm_momentum": {"row": TRAINED},
        "version=padded_labels": {"row": ("zero_shot", "structure")},
        "version=random_weights": {"row": "fine_tune"},
        "lr": {"row": ("cnn_10_relu", *TRAINED)},
        "weight_decay": {"row": ("cnn_10_relu", *TRAINED)},
    },
    tuned={"lr": log_uniform(1e-4, 1e-2), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 3e-3, "weight_decay": 1e-2},
    fixed={"family": "nasnet_mobile", "image_size": 32, "batch_size": 128},
    published={f"{row}, version=published": figure for row, figure in PUBLISHED.items()},
    trials=8,
    epochs=10,
    replicates=3,
    demo={
        "compared": {"upsample": (32,), "version": ("corrected", "batchnorm_momentum", "published")},
        "fixed": {"label_fraction": 0.25, "batch_size": 16},
        "trials": 2,
        "epochs": 4,
        "replicates": 2,
    },
)
