"""A network as ordered stages and a head, and what it means that some are frozen. Knows no family or optimizer."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn


class Net(nn.Module):
    """A backbone in stages, input first, with dropout and a linear head."""

    def __init__(self, stages: Sequence[nn.Module], head: nn.Linear, dropout: float = 0.0) -> None:
        """Take the parts as they are; nothing is frozen yet.

        Args:
            stages: the last one gives (batch, features).
            head: features to classes.
            dropout: probability before the head, in [0, 1).
        """
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.frozen = 0

    def freeze(self, depth: int) -> None:
        """Freeze the first `depth` stages and thaw the others: no gradient, BatchNorm in eval mode, dropout off."""
        self.frozen = depth
        for index, stage in enumerate(self.stages):
            stage.requires_grad_(index >= depth)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Net":
        """Set the mode of all that is not frozen; frozen stages are always in eval mode."""
        super().train(mode)
        for stage in self.stages[: self.frozen]:
            stage.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Score normalized images.

        Args:
            images: (batch, 3, size, size) float.

        Returns:
            (batch, classes) logits.
        """
        with torch.no_grad():
            for stage in self.stages[: self.frozen]:
                images = stage(images)
        for stage in self.stages[self.frozen :]:
            images = stage(images)
        return self.head(self.dropout(images))

    def changing(self, depth: int) -> dict[str, Tensor]:
        """Name the parameters and buffers, not copied, of the stages from `depth` on and of the head."""
        return {name: tensor for name, tensor in self.state_dict().items() if _stage(name) >= depth}

    def frozen_digest(self) -> str:
        """Hash the names and bytes of all parameters and buffers of the frozen stages."""
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in self._frozen_tensors():
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _frozen_tensors(self) -> Iterator[tuple[str, Tensor]]:
        return ((name, tensor) for name, tensor in self.state_dict().items() if _stage(name) < self.frozen)


def _stage(name: str) -> float:
    """Give the number in `stages.3.0.weight`; the head comes after all stages."""
    part, _, rest = name.partition(".")
    return int(rest.partition(".")[0]) if part == "stages" else float("inf")


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors to the CPU, contiguous, as safetensors wants them."""
    return {name: each.detach().cpu().clone(memory_format=torch.contiguous_format) for name, each in tensors.items()}
