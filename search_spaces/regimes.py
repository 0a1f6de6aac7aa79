"""Few labels, one network: which regime? Feature extraction, LoRA, bias- or norm-only tuning, fine-tuning, or LP-FT.

    python -m study.run --space regimes --data DIR                    # train|test/animal/canines, …/felines, other/…
    python -m study.run --space regimes --set family=NAME --data DIR  # another network, see python -m study.backbones

`--set task=folder` takes images of your own (docs/own-data.md). Tables of two networks are in docs/networks.md.
"""

from study.space import Space, log_uniform

SPACE = Space(
    task="animals/animal",
    compared={
        "regime": ("feature_extraction", "lora", "bias", "norm", "fine_tune", "lp_ft"),
        "label_fraction": (0.1,),
    },
    tuned={"lr": log_uniform(5e-5, 2e-2)},
    baseline={"lr": 1e-3},
    fixed={"family": "efficientnet_lite0", "image_size": 56, "batch_size": 16, "validation_share": 0.1},
    trials=4,
    epochs=6,
    replicates=5,
    grace_period=2,
    demo={"fixed": {"image_size": 32}, "trials": 2, "epochs": 3, "replicates": 3},
)
