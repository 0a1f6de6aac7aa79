"""Which pretrained network for your own images: the best, and the best at a quarter of the cost?

    python -m study.run --space backbones --data my_images/                 # demo: two networks, no download
    python -m study.run --space backbones --data my_images/ --scale full    # six networks, downloaded on first use
    python -m study.run --space backbones --data my_images/ --scale full --set image_size=112

Six kinds of network: convolutions of 2015 and 2022, two for phones, a transformer in windows, and one that learnt
without labels. 224 px is a side that all of them take: 16 patches of 14 px, and 7 of 32. How to read the report:
docs/networks.md, "Which network?".
"""

from study.space import Space, log_uniform

SPACE = Space(
    task="folder",
    compared={
        "family": (
            "timm/tf_efficientnet_lite0",  # .4 G MACs, Apache-2.0
            "torchvision/mobilenet_v3_large",  # .2 G MACs, licence not stated
            "timm/convnext_atto.d2_in1k",  # .5 G MACs, Apache-2.0
            "torchvision/resnet50",  # 4.1 G MACs, licence not stated
            "timm/swin_tiny_patch4_window7_224.ms_in1k",  # 4.5 G MACs, MIT
            "timm/vit_small_patch14_dinov2.lvd142m",  # 6.1 G MACs, Apache-2.0
        ),
        "regime": ("feature_extraction", "fine_tune"),
        "label_fraction": (0.1, 1.0),
    },
    settings={"regime=feature_extraction": {"views": 4}},  # computed once, then a trial takes a second
    tuned={"lr": log_uniform(1e-5, 1e-2), "weight_decay": log_uniform(1e-5, 1e-1)},
    baseline={"lr": 3e-4, "weight_decay": 1e-2},
    fixed={"weights": "pretrained", "image_size": 224, "batch_size": 32, "budget": "steps"},
    trials=12,
    epochs=12,
    replicates=5,
    demo={
        "compared": {"family": ("efficientnet_lite0", "resnet14"), "label_fraction": (0.5,)},
        "settings": {"regime=feature_extraction": {"views": 1}, "family=resnet14": {"weights": "none"}},
        "baseline": {"lr": 2e-3},
        "fixed": {"image_size": 64, "budget": "epochs"},
        "trials": 2,
        "epochs": 3,
        "replicates": 3,
    },
)
