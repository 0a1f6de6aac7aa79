"""Traffic signs (GTSRB) with NASNetMobile as the seed published it, and corrected: what cost it its scores?

    python -m study.run --space gtsrb_nasnet                          # demo: minutes, two cores, drawn signs
    python -m study.run --space gtsrb_nasnet --data DIR --scale full  # the real images, a GPU

Published on the test: four ways to transfer between .00 and .39, and a plain CNN at .95. Rows with ImageNet weights
need pytorchcv's file (fetched once); without it they are listed as not run.
"""

from study.space import Settings, Space, log_uniform, versions

CAUSES: Settings = {
    "batchnorm_momentum": {"batchnorm_momentum": 0.0003, "freeze_batchnorm": "off"},  # Keras' .9997
    "input_scale": {"normalization": "unit"},
}
RECIPE = {"lr": 1e-3, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0, "validation": "test"}
ROWS: Settings = {
    "cnn_10_relu": {"family": "small_cnn", "regime": "scratch"},
    "zero_shot": {"regime": "zero_shot"},
    "structure": {"regime": "scratch"},
    "extractor": {"regime": "feature_extraction", "head": "512-256-128"},
    "fine_tune": {"regime": "fine_tune", "head": "512-256-128"},
}
TRAINED = ("structure", "extractor", "fine_tune")
SIZES = (32, 256)
PUBLISHED = {  # test accuracy at 32 px, and zoomed to 256
    "cnn_10_relu": (0.9481,),
    "zero_shot": (0.0001, 0.0),
    "structure": (0.2848, 0.3943),
    "extractor": (0.0371, 0.0071),
    "fine_tune": (0.0279, 0.0574),
}

SPACE = Space(
    task="gtsrb",
    compared={
        "row": tuple(ROWS),
        "upsample": SIZES,
        "version": ("corrected", *CAUSES, "padded_labels", "random_weights", "published"),
    },
    settings={
        **{f"row={row}": values for row, values in ROWS.items()},
        **{f"row={row}, upsample=256": {"head": "1024-256"} for row in ("extractor", "fine_tune")},
        **versions(CAUSES, RECIPE),
        "row=cnn_10_relu, version=published": {"batchnorm_momentum": None, "freeze_batchnorm": "on"},
        "version=padded_labels": {"head_classes": 1000},
        **{f"row={row}, version=published": {"head_classes": 1000} for row in ("zero_shot", "structure")},
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
    published={
        f"row={row}, upsample={size}, version=published": figure
        for row, figures in PUBLISHED.items()
        for size, figure in zip(SIZES, figures, strict=False)
    },
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
