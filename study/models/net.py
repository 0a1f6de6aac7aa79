"""A network as ordered stages and a head, and what it means that some are frozen. Knows no family or optimizer."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Passed = Tensor | tuple[Tensor, ...]
"""What goes from stage to stage."""
LEAST = 32
"""Images in a batch of the frozen first stages, at least: from 16 on, no family's outputs depended on the number."""


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
        self._prefix_digest: str | None = None

    def freeze(self, frozen: Collection[int], batchnorm: bool = True) -> None:
        """Freeze these stages and thaw the others: no gradient, BatchNorm in eval mode, dropout off.

        Args:
            frozen: numbers of stages; 0 is at the input.
            batchnorm: False leaves the frozen stages in train mode: their BatchNorm statistics follow the batches.
        """
        self.frozen, self._drifts, self._prefix_digest = frozenset(frozen), not batchnorm, None
        for index, stage in enumerate(self.stages):
            stage.requires_grad_(index not in self.frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Net":
        """Set the mode of all that is not frozen; frozen stages are in eval mode unless their BatchNorm may drift."""
        super().train(mode)
        for index in () if self._drifts else self.frozen:
            self.stages[index].eval()
        return self

    def with_head(self, head: nn.Module) -> "Net":
        """Give a network of the very same stages, frozen as they are here, and another head."""
        other = Net(list(self.stages), head, self.dropout.p)
        other.frozen, other._drifts, other._prefix_digest = self.frozen, self._drifts, self._prefix_digest
        return other.train(self.training)

    @property
    def prefix(self) -> int:
        """Number of first stages whose outputs cannot change: frozen, and without statistics that drift."""
        frozen = next((index for index in range(len(self.stages)) if index not in self.frozen), len(self.stages))
        return 0 if self._drifts else frozen

    def forward(self, passed: Passed, start: int = 0) -> Tensor:
        """Score normalized images, or what the first stages made of them.

        Args:
            passed: (batch, 3, size, size) float, or what stage `start` takes.
            start: the first stage to be run.

        Returns:
            (batch, outputs) logits.
        """
        return self.head(self.dropout(self.features(passed, start)))

    def features(self, passed: Passed, start: int = 0) -> Tensor:
        """Give what the last stage makes of them, (batch, features); frozen first stages keep no graph."""
        if start < self.prefix:
            passed, start = self.begin(passed, self.prefix, start), self.prefix
        for index, stage in enumerate(self.stages[start:], start):
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self._without_graph(index)):
                passed = stage(passed)
        return passed  # type: ignore[return-value]

    def begin(self, passed: Passed, end: int, start: int = 0) -> Passed:
        """Run the stages from `start` up to `end`, in eval mode and without a graph.

        A batch is filled up to `LEAST` images: below that, libraries choose other kernels, and what an image becomes
        would depend on how many go with it.
        """
        count = len(passed[0] if isinstance(passed, tuple) else passed)
        filled = _each(passed, lambda one: _filled(one, LEAST)) if count < LEAST else passed
        with torch.no_grad():
            for stage in self.stages[start:end]:
                filled = stage(filled)
        return _each(filled, lambda one: one[:count]) if count < LEAST else filled

    def _without_graph(self, index: int) -> bool:
        """Whether a stage and all before it are frozen, though their statistics may drift."""
        return all(before in self.frozen for before in range(index + 1))

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
        """Hash all that must stay, frozen stages' parameters and buffers; None if none is frozen."""
        found = self.digest(self.frozen) if self.frozen else None
        if len(self.frozen) == self.prefix:  # nothing but the first stages is frozen
            self._prefix_digest = found
        return found

    def frozen_state(self) -> list[Tensor]:
        """List all that must stay, not copied: to compare it with a copy is several times as fast as to hash it."""
        drifting = self.drifting()
        return [
            each for name, each in self.state_dict().items() if _stage(name) in self.frozen and name not in drifting
        ]

    def prefix_digest(self) -> str:
        """Hash the first `prefix` stages, once for each freezing: until the next one they cannot change."""
        if self._prefix_digest is None:
            self._prefix_digest = self.digest(range(self.prefix))
        return self._prefix_digest

    def digest(self, stages: Collection[int]) -> str:
        """Hash the names and bytes of these stages' parameters and buffers, without those that drift."""
        digest, drifting = hashlib.sha256(), self.drifting()
        for name, tensor in self.state_dict().items():
            if _stage(name) in stages and name not in drifting:
                digest.update(name.encode())
                digest.update(tensor.cpu().contiguous().numpy())
        return digest.hexdigest()[:32]


def _each(passed: Passed, change: Callable[[Tensor], Tensor]) -> Passed:
    return tuple(map(change, passed)) if isinstance(passed, tuple) else change(passed)


def _filled(batch: Tensor, count: int) -> Tensor:
    """Repeat a batch's first image until there are `count`; the layout in memory stays."""
    more = batch[:1].expand(count - len(batch), *batch.shape[1:])
    whole = torch.cat([batch, more])
    return whole.contiguous(memory_format=torch.channels_last) if batch.ndim == 4 else whole


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
