"""A network as ordered stages and a head, and what it means that some are frozen. Knows no family or optimizer."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Net(nn.Module):
    """A backbone in stages, input first, with dropout and a head."""

    def __init__(self, stages: Sequence[nn.Module], head: nn.Module, dropout: float = 0.0) -> None:
        """Take the parts as they are; nothing is frozen yet.

        Args:
            stages: what one gives the next one takes, be it a tensor or several; the last gives (batch, features).
            head: features to outputs.
            dropout: probability before the head, in [0, 1).
        """
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.frozen: frozenset[int] = frozenset()
        self._drifts = False

    def freeze(self, frozen: Collection[int], batchnorm: bool = True) -> None:
        """Freeze these stages and thaw the others: no gradient, BatchNorm in eval mode, dropout off.

        Args:
            frozen: numbers of stages; 0 is at the input.
            batchnorm: False leaves the frozen stages in train mode: their BatchNorm statistics follow the batches.
        """
        self.frozen, self._drifts = frozenset(frozen), not batchnorm
        for index, stage in enumerate(self.stages):
            stage.requires_grad_(index not in self.frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Net":
        """Set the mode of all that is not frozen; frozen stages are in eval mode unless their BatchNorm may drift."""
        super().train(mode)
        for index in () if self._drifts else self.frozen:
            self.stages[index].eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Score normalized images.

        Args:
            images: (batch, 3, size, size) float.

        Returns:
            (batch, outputs) logits.
        """
        return self.head(self.dropout(self.features(images)))

    def features(self, images: Tensor) -> Tensor:
        """Give what the last stage makes of normalized images, (batch, features); frozen first stages keep no graph."""
        prefix = next((index for index in range(len(self.stages)) if index not in self.frozen), len(self.stages))
        passed: Any = images
        with torch.no_grad():
            for stage in self.stages[:prefix]:
                passed = stage(passed)
        for stage in self.stages[prefix:]:
            passed = stage(passed)
        return passed

    def changing(self, stages: Collection[int]) -> dict[str, Tensor]:
        """Name the parameters and buffers, not copied, of these stages and of the head, and the buffers that drift."""
        drifting = self.drifting()
        return {
            name: tensor
            for name, tensor in self.state_dict().items()
            if _stage(name) in stages or _stage(name) is None or name in drifting
        }

    def drifting(self) -> dict[str, Tensor]:
        """Name the buffers, not copied, of frozen stages that may follow the batches; none unless asked for."""
        return {
            name: tensor
            for name, tensor in self.named_buffers()
            if self._drifts and _stage(name) in self.frozen  # state dicts have them under the same names
        }

    def frozen_digest(self) -> str | None:
        """Hash the names and bytes of all that must stay: frozen stages' parameters and buffers; None if none is."""
        if not self.frozen:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for name, tensor in self._frozen_tensors():
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _frozen_tensors(self) -> Iterator[tuple[str, Tensor]]:
        drifting = self.drifting()
        for name, tensor in self.state_dict().items():
            if _stage(name) in self.frozen and name not in drifting:
                yield name, tensor


def batchnorms(net: nn.Module) -> list[_BatchNorm]:
    """List the BatchNorm layers, input first."""
    return [module for module in net.modules() if isinstance(module, _BatchNorm)]


def set_batchnorm(net: nn.Module, momentum: float | None, epsilon: float | None) -> None:
    """Set BatchNorm's momentum (PyTorch's convention: the batch's weight) and epsilon; None leaves them."""
    for layer in batchnorms(net):
        layer.momentum = layer.momentum if momentum is None else momentum
        layer.eps = layer.eps if epsilon is None else epsilon


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors to the CPU, contiguous, as safetensors wants them."""
    return {name: each.detach().cpu().clone(memory_format=torch.contiguous_format) for name, each in tensors.items()}


def _stage(name: str) -> int | None:
    """Give the number in `stages.3.0.weight`; None for the head, which comes after all stages."""
    part, _, rest = name.partition(".")
    return int(rest.partition(".")[0]) if part == "stages" else None
