"""A made-up study of six networks, each with a ceiling and costs."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from tests.analysis import synthetic


class Network(NamedTuple):
    """A network's ceiling, millions of parameters, giga-MACs, images a second, and licence."""

    ceiling: float
    parameters: float
    macs: float
    speed: float
    licence: str | None


NETWORKS = {  # real sizes at 224 px; scores and speeds are made up
    "timm/vit_small_patch14_dinov2.lvd142m": Network(0.95, 22.1, 6.12, 21, "apache-2.0"),
    "timm/convnext_atto.d2_in1k": Network(0.91, 3.4, 0.547, 74, "apache-2.0"),
    "timm/tf_efficientnet_lite0": Network(0.90, 3.4, 0.384, 98, "apache-2.0"),
    "torchvision/resnet50": Network(0.88, 23.5, 4.09, 32, "not stated"),
    "timm/swin_tiny_patch4_window7_224.ms_in1k": Network(0.945, 27.5, 4.49, 26, "mit"),
    "timm/convnextv2_atto.fcmae_ft_in1k": Network(0.86, 3.4, 0.552, 60, "cc-by-nc-4.0"),
}


def networks(
    names=tuple(NETWORKS), regimes=("feature_extraction", "fine_tune"), fractions=(0.1, 1.0), repeated=5, seed=0
) -> pd.DataFrame:
    """Networks compared in regimes and label fractions, with what each costs."""
    draw, rows = np.random.default_rng(seed), []
    grid = [(n, r, f) for n in names for r in regimes for f in fractions]
    for place, (name, regime, share) in enumerate(grid):
        network, frozen = NETWORKS[name], regime == "feature_extraction"
        base = {"space": "backbones", "cell": synthetic._name(family=name, regime=regime, label_fraction=share)}
        base |= {"family": name, "regime": regime, "label_fraction": share, "weights": "pretrained"}
        base |= {"ceiling": network.ceiling - 0.02 * frozen - 0.05 * (share < 1)}
        parameters = round(network.parameters * 1e6)
        base |= {"parameters": parameters, "trained": 20_000 + parameters * (not frozen), "frozen_share": float(frozen)}
        base |= {"macs": round(network.macs * 1e9), "features": 384, "licence": network.licence}
        cell_rows = synthetic._cell(place, base, 3, repeated, 4, draw)
        for row in cell_rows:
            noise = 1 + 0.01 * int(row["trial"][-1])
            row["predict_images_per_second"] = network.speed * noise
            row["peak_memory"] = round(1e9 + 8 * row["parameters"])
            if row.get("epoch"):
                row["train_images_per_second"] = network.speed * noise * (400 if frozen else 0.3)
        rows += cell_rows
    return synthetic.frame(rows)
