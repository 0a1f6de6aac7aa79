"""Another family's whole backbone as one stage, to be frozen as a whole in front of a classifier.

Everything else is the encoder's: features, input contract, weights and source head.

Source: the MetaNet seed's meta-extractor, resnet18 with a new head: https://github.com/SuSFCTV/MetaNet.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from study.models.families import Family, load_encoder

if TYPE_CHECKING:
    from torch import nn


def family(encoder: str = "resnet18") -> Family:
    """Describe the family around an encoder.

    Raises:
        UserError: there is no such encoder.
    """
    inner = load_encoder(encoder, "meta_extractor")

    def backbone(weights: str) -> "tuple[list[nn.Module], nn.Linear | None]":
        from torch import nn

        stages, head = inner.backbone(weights)
        return [nn.Sequential(*stages)], head

    return replace(inner, stages=(f"all of {encoder}",), backbone=backbone)
