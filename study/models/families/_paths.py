"""Modules that pass more than one tensor on to the next stage, as a tuple. Knows no family."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Cells(nn.Sequential):
    """Cells in a row, each of which reads the outputs of the two before it."""

    def __init__(self, *cells: nn.Module, ends: bool = False) -> None:
        """Take the cells.

        Args:
            cells: each gives its output for (the output before, the one before that).
            ends: only the last output is passed on, because no further cells follow.
        """
        super().__init__(*cells)
        self.ends = ends

    def forward(self, paths: Tensor | tuple[Tensor, Tensor]) -> Tensor | tuple[Tensor, Tensor]:  # type: ignore[override]
        """Run the cells on the two last outputs, or on images: there nothing came before.

        Returns:
            The two last outputs, the newer first; or the newer one alone.
        """
        newer, older = paths if isinstance(paths, tuple) else (paths, paths)
        for cell in self:
            newer, older = cell(newer, older), newer
        return newer if self.ends else (newer, older)


class Beside(nn.Module):
    """An encoder that passes its images on beside its features."""

    def __init__(self, stages: Iterable[nn.Module]) -> None:
        """Take an encoder's stages; the last one gives (batch, features)."""
        super().__init__()
        self.encoder = nn.Sequential(*stages)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give the features and the images."""
        return self.encoder(images), images


class Joined(nn.Module):
    """Layers that see the images again and put their features in front of the encoder's."""

    def __init__(self, *layers: nn.Module) -> None:
        """Take the layers, from images to (batch, own features)."""
        super().__init__()
        self.own = nn.Sequential(*layers)

    def forward(self, paths: tuple[Tensor, Tensor]) -> Tensor:
        """Take (the encoder's features, images); give (batch, own features and the encoder's)."""
        features, images = paths
        return torch.cat([self.own(images), features], dim=1)
