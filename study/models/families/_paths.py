"""Modules that pass more than one tensor on to the next stage, as a tuple. Knows no family."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Cells(nn.Sequential):
    """A sequence of cells, each of which reads the outputs of the two before it."""

    def __init__(self, *cells: nn.Module, ends: bool = False) -> None:
        """Take the cells.

        Args:
            cells: each maps (the previous output, the one before that) to its output.
            ends: passes on the last output only, because no further cells follow.
        """
        super().__init__(*cells)
        self.ends = ends

    def forward(self, paths: Tensor | tuple[Tensor, Tensor]) -> Tensor | tuple[Tensor, Tensor]:  # type: ignore[override]
        """Run the cells on the last two outputs, or on images, which stand for both.

        Returns:
            The last two outputs, the newer first; or the newer one alone.
        """
        newer, older = paths if isinstance(paths, tuple) else (paths, paths)
        for cell in self:
            newer, older = cell(newer, older), newer
        return newer if self.ends else (newer, older)


class WithImages(nn.Module):
    """An encoder that passes on its images together with its features."""

    def __init__(self, stages: Iterable[nn.Module]) -> None:
        """Take an encoder's stages; the last one gives (batch, features)."""
        super().__init__()
        self.encoder = nn.Sequential(*stages)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give the features and the images."""
        return self.encoder(images), images


class JoinedFeatures(nn.Module):
    """Layers that see the images again and put their own features in front of the encoder's."""

    def __init__(self, *layers: nn.Module) -> None:
        """Take the layers, which map images to (batch, own features)."""
        super().__init__()
        self.own = nn.Sequential(*layers)

    def forward(self, paths: tuple[Tensor, Tensor]) -> Tensor:
        """Map (the encoder's features, images) to (batch, own features + the encoder's features)."""
        features, images = paths
        return torch.cat([self.own(images), features], dim=1)
