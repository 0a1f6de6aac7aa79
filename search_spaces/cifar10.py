"""CIFAR-10: does pretraining without labels (patch positions, rotation) help, and how does that depend on the labels?

    python -m study.run --space cifar10                          # demo: minutes, two cores, drawn objects
    python -m study.run --space cifar10 --data DIR --scale full  # the real images, a GPU

As published (MobileNetV3-Large, patch positions) recall, which is accuracy here, was .687 with and without pretraining
at all labels, .603 and .492 at half of them, and .411 and .100, one class, at a tenth (docs/cifar10.md).
"""

from study.space import Settings, Space, integers, log_uniform, versions

PRETRAINED = {"epochs": 50, "lr": 2e-3, "weight_decay": 1e-2}
PATCHES = {**PRETRAINED, "pretext": "patches", "colour": "keep"}  # at 32 px a lens's fringes are far below a pixel
TOUCHING = {"gap": 0, "jitter": 0}  # <- edges go on from patch to patch
DEMO = {"epochs": 20, "images": 20_000, "batch_size": 32}
CAUSES: Settings = {
    "matched_epochs": {"budget": "epochs"},  # <- with large batches a tenth of the labels is 125 steps in 25 epochs
    "large_batch": {"batch_size": 1000},
    "shortcuts": {},  # <- patches that touch: below
    "unequal_validation": {},  # <- validation images augmented in one arm only: below
    "no_shuffle": {"shuffle": "off"},
    "unstratified": {"subset": "random"},
}
RECIPE = {"schedule": "constant", "warmup": 0.0, "augment": 0.0, "dropout": 0.0, "weight_decay": 1e-2, "lr": 1e-3}
RECALL = {"none": (0.687, 0.492, 0.1), "patches": (0.687, 0.6025, 0.411)}
FRACTIONS = (1.0, 0.5, 0.1)

SPACE = Space(
    task="cifar10",
    compared={
        "pretext": ("none", "patches", "rotation"),
        "label_fraction": FRACTIONS,
        "version": ("corrected", *CAUSES, "published"),
    },
    settings={
        "pretext=none": {"regime": "scratch"},
        "pretext=patches": {"weights": "patches"},
        "pretext=rotation": {"weights": "rotation"},
        **versions(CAUSES, RECIPE),
        "pretext=patches, version=shortcuts": {"weights": "touching"},
        "pretext=patches, version=unequal_validation": {"validation_augment": "on"},
        "pretext=patches, version=published": {"weights": "seed", "validation_augment": "on"},  # in one arm only
    },
    sources={
        "patches": PATCHES,
        "touching": {**PATCHES, **TOUCHING},
        "seed": {**PATCHES, **TOUCHING, "patch": 11, "augment": 0.0},
        "rotation": PRETRAINED,
    },
    only={
        "version=published": {"pretext": ("none", "patches")},
        "version=matched_epochs": {"pretext": ("none", "patches"), "label_fraction": 0.1},
        "version=large_batch": {"pretext": "none", "label_fraction": 0.1},
        "version=shortcuts": {"pretext": "patches", "label_fraction": 0.1},
        "version=unequal_validation": {"pretext": "patches", "label_fraction": 0.1},
        "version=no_shuffle": {"pretext": "none", "label_fraction": 0.1},
        "version=unstratified": {"pretext": "none", "label_fraction": 0.1},
        "freeze_depth": {"pretext": ("patches", "rotation")},
    },
    tuned={
        "lr": log_uniform(3e-4, 1e-2),
        "weight_decay": log_uniform(1e-4, 1e-1),
        "freeze_depth": integers(0, 3),
    },
    baseline={"lr": 2e-3, "weight_decay": 1e-2, "freeze_depth": 0},
    fixed={"family": "mobilenet_v3_large", "stem": "small", "regime": "partial_freeze", "budget": "steps"},
    published={
        f"pretext={pretext}, label_fraction={share}, version=published": recall
        for pretext, recalls in RECALL.items()
        for share, recall in zip(FRACTIONS, recalls, strict=True)
    },
    trials=12,
    epochs=25,
    replicates=5,
    demo={
        "compared": {"version": ("corrected", "shortcuts", "published")},
        "fixed": {"family": "small_cnn", "stem": None, "batch_size": 32},
        "sources": dict.fromkeys(("patches", "touching", "seed", "rotation"), DEMO),
        "trials": 3,
        "epochs": 6,
        "replicates": 3,
    },
)
