"""Few labels (a tenth of CIFAR-10's): which pretext transfers, and does being good at the pretext say so?

    python -m study.run --space pretexts                          # demo: minutes, two cores, drawn objects
    python -m study.run --space pretexts --data DIR --scale full  # the real images, two cores: about an hour

Patches that touch can be told by edges that go on from one to the other: a shortcut that makes the pretext easier and
needs no objects (docs/cifar10.md).
"""

from study.space import Space, log_uniform

PRETRAINED = {"epochs": 20, "images": 20_000, "lr": 2e-3, "weight_decay": 1e-2}
PATCHES = {**PRETRAINED, "pretext": "patches", "colour": "keep"}

SPACE = Space(
    task="cifar10",
    compared={"weights": ("none", "patches", "touching", "rotation"), "label_fraction": (0.1,)},
    sources={
        "patches": PATCHES,
        "touching": {**PATCHES, "gap": 0, "jitter": 0},  # <- the shortcut
        "rotation": PRETRAINED,
    },
    tuned={"lr": log_uniform(5e-4, 1e-2), "weight_decay": log_uniform(1e-4, 1e-1)},
    baseline={"lr": 2e-3, "weight_decay": 1e-2},
    fixed={"family": "small_cnn", "regime": "fine_tune", "batch_size": 64},
    trials=2,
    epochs=8,
    replicates=4,
    demo={
        "fixed": {"batch_size": 32},
        "sources": {name: {"batch_size": 32} for name in ("patches", "touching", "rotation")},
        "replicates": 3,
    },
)
