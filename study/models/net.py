"""A network as ordered stages and a head, any of whose stages can be frozen. Knows no family."""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from study.models import tuning
from study.models.tuning import Tuned

Activations = Tensor | tuple[Tensor, ...]
"""Activations that one stage passes to the next."""
STILL: tuple[Tuned, ...] = ("lora", "bias")
"""What trains while the statistics of BatchNorm stay as they were loaded."""
LEAST = 32
"""Smallest batch of the frozen first stages: from 16 images on, no family's outputs depended on the batch size."""


class Net(nn.Module):
    """A backbone in stages, input first, with dropout and a head."""

    def __init__(
        self, stages: Sequence[nn.Module], head: nn.Module, dropout: float = 0.0, undecayed: Collection[str] = ()
    ) -> None:
        """Join the parts; nothing is frozen yet.

        Args:
            stages: each takes the outputs of the one before, one tensor or several; the last gives (batch, features).
            head: features to outputs.
            dropout: probability before the head, in [0, 1).
            undecayed: matrices that weight decay leaves alone, as `STAGE.NAME`, such as position embeddings.
        """
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.frozen: frozenset[int] = frozenset()
        self.tuned: Tuned = "all"
        self.undecayed = frozenset(undecayed)
        self.contiguous = False
        self._drifts = False
        self._prefix_digest: str | None = None

    def freeze(self, frozen: Collection[int], batchnorm: bool = True, tuned: Tuned = "all") -> None:
        """Freeze these stages and thaw the others: no gradient, BatchNorm in eval mode, dropout off.

        Args:
            frozen: numbers of stages; 0 is the first.
            batchnorm: False leaves frozen stages in train mode, so that their BatchNorm statistics follow the batches.
            tuned: what of the other stages trains. With lora and bias all BatchNorm is in eval mode, so that the
                whole network that was loaded stays, whatever `batchnorm` is.
        """
        self.frozen, self.tuned, self._prefix_digest = frozenset(frozen), tuned, None
        self._drifts = not batchnorm and tuned not in STILL
        for index, stage in enumerate(self.stages):
            if index in self.frozen:
                stage.requires_grad_(False)
            else:
                tuning.select(stage, tuned)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Net":
        """Set the mode of all but the frozen stages, which stay in eval mode unless their BatchNorm may drift."""
        super().train(mode)
        for index in () if self._drifts else self.frozen:
            self.stages[index].eval()
        if self.tuned in STILL:
            for layer in batchnorms(self.stages):
                layer.eval()
        return self

    def with_head(self, head: nn.Module) -> "Net":
        """Make a network that shares these stages, frozen as they are here, and has another head."""
        net = Net(list(self.stages), head, self.dropout.p, self.undecayed)
        net.frozen, net._drifts, net._prefix_digest = self.frozen, self._drifts, self._prefix_digest
        net.tuned = self.tuned
        net.contiguous = self.contiguous
        return net.train(self.training)

    def lay_out(self, device: str, contiguous: bool = False) -> "Net":
        """Put the network on a device, channels last unless it must be contiguous (see `families.Family`).

        The layout is the same on all devices, as it decides which kernels run. On a CPU too a step is 1.05 to 2.4 times
        as fast channels last.
        """
        self.contiguous = contiguous
        layout = torch.contiguous_format if contiguous else torch.channels_last
        return self.to(device).to(memory_format=layout)  # type: ignore[no-any-return, call-overload]

    @property
    def prefix(self) -> int:
        """Number of first stages whose outputs cannot change: they are frozen, and their statistics do not drift."""
        frozen = next((index for index in range(len(self.stages)) if index not in self.frozen), len(self.stages))
        return 0 if self._drifts else frozen

    def forward(self, activations: Activations, start: int = 0) -> Tensor:
        """Score normalized images, or the first stages' activations of them.

        Args:
            activations: (batch, 3, size, size) float, or the inputs of stage `start`.
            start: the first stage to be run.

        Returns:
            (batch, outputs) logits.
        """
        return self.head(self.dropout(self.features(activations, start)))

    def features(self, activations: Activations, start: int = 0) -> Tensor:
        """Give the last stage's output, (batch, features); frozen first stages build no graph."""
        if start < self.prefix:
            activations, start = self.begin(activations, self.prefix, start), self.prefix
        if start == 0:
            activations = self._laid_out(activations)
        for index, stage in enumerate(self.stages[start:], start):
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self._without_graph(index)):
                activations = stage(activations)
        return activations  # type: ignore[return-value]

    def begin(self, activations: Activations, end: int, start: int = 0) -> Activations:
        """Run the stages from `start` up to `end`, in eval mode and without a graph.

        A smaller batch is padded to `LEAST` images. Below that, libraries choose other kernels, and the outputs of an
        image would depend on the batch size.
        """
        activations = self._laid_out(activations) if start == 0 else activations
        count = len(activations[0] if isinstance(activations, tuple) else activations)
        padded = _map(activations, lambda tensor: _padded(tensor, LEAST)) if count < LEAST else activations
        with torch.no_grad():
            for stage in self.stages[start:end]:
                padded = stage(padded)
        return _map(padded, lambda tensor: tensor[:count]) if count < LEAST else padded

    def _laid_out(self, images: Activations) -> Activations:
        """Make images contiguous if the network must be, since it is their layout that decides which kernels run."""
        return _map(images, torch.Tensor.contiguous) if self.contiguous else images

    def _without_graph(self, index: int) -> bool:
        """Whether a stage and all before it are frozen, even if their statistics drift."""
        return all(before in self.frozen for before in range(index + 1))

    def changing(self, stages: Collection[int]) -> dict[str, Tensor]:
        """Give the parameters and buffers of these stages and of the head, and the buffers that drift; not copied."""
        drifting, fixed = self.drifting(), set() if self.tuned == "all" else self._fixed()
        return {
            name: tensor
            for name, tensor in self.state_dict().items()
            if (_stage(name) in stages and name not in fixed) or _stage(name) is None or name in drifting
        }

    def drifting(self) -> dict[str, Tensor]:
        """Give the buffers of frozen stages that follow the batches, not copied; none by default."""
        return {
            name: tensor
            for name, tensor in self.named_buffers()
            if self._drifts and _stage(name) in self.frozen  # state dicts have them under the same names
        }

    def frozen_digest(self) -> str | None:
        """Hash the parameters and buffers that must not change; None if there are none."""
        if self.tuned != "all":
            return self._hash(lambda name: name in fixed) if (fixed := self._fixed()) else None
        digest = self.digest(self.frozen) if self.frozen else None
        if len(self.frozen) == self.prefix:  # nothing but the first stages is frozen
            self._prefix_digest = digest
        return digest

    def frozen_state(self) -> list[Tensor]:
        """List the tensors that must not change, not copied. Comparing a copy is several times as fast as hashing."""
        fixed = self._fixed()
        return [tensor for name, tensor in self.state_dict().items() if name in fixed]

    def _fixed(self) -> set[str]:
        """Name the stages' tensors that must not change: those of frozen stages, and what of others does not train."""
        drifting, moves = self.drifting(), {name for name, tensor in self.named_parameters() if tensor.requires_grad}
        buffers = {name for name, _ in self.named_buffers()} if self.tuned in ("all", "norm") else set()
        return {
            name
            for name in self.state_dict()
            if (_stage(name) in self.frozen and name not in drifting)
            or (_stage(name) is not None and _stage(name) not in self.frozen and name not in moves | buffers)
        }

    def prefix_digest(self) -> str:
        """Hash the first `prefix` stages. The hash is cached until the next `freeze`, as they cannot change before."""
        if self._prefix_digest is None:
            self._prefix_digest = self.digest(range(self.prefix))
        return self._prefix_digest

    def first_digest(self, depth: int) -> str:
        """Hash the first stages, frozen or not."""
        return self.prefix_digest() if depth == self.prefix else self.digest(range(depth))

    def digest(self, stages: Collection[int]) -> str:
        """Hash the names and bytes of these stages' parameters and buffers, without those that drift.

        Low-rank additions that are 0 are left out, so that the hash does not depend on how they were drawn.
        """
        ignored = self.drifting().keys() | tuning.idle(self)
        return self._hash(lambda name: _stage(name) in stages and name not in ignored)

    def _hash(self, wanted: Callable[[str], bool]) -> str:
        """Hash the names and bytes of tensors, low-rank additions apart, so that additions change no name."""
        digest = hashlib.sha256()
        for name, tensor in self.state_dict().items():
            if wanted(name):
                digest.update(tuning.plain_name(name).encode())
                digest.update(tensor.cpu().contiguous().numpy())
        return digest.hexdigest()[:32]


def _map(activations: Activations, change: Callable[[Tensor], Tensor]) -> Activations:
    return tuple(map(change, activations)) if isinstance(activations, tuple) else change(activations)


def _padded(batch: Tensor, count: int) -> Tensor:
    """Repeat a batch's first image until there are `count`; the layout in memory stays."""
    padding = batch[:1].expand(count - len(batch), *batch.shape[1:])
    padded = torch.cat([batch, padding])
    last = batch.ndim == 4 and batch.is_contiguous(memory_format=torch.channels_last)
    return padded.contiguous(memory_format=torch.channels_last) if last else padded


def batchnorms(net: nn.Module) -> list[_BatchNorm]:
    """List the BatchNorm layers, input first."""
    return [module for module in net.modules() if isinstance(module, _BatchNorm)]


def set_batchnorm(net: nn.Module, momentum: float | None, epsilon: float | None) -> None:
    """Set BatchNorm's momentum (PyTorch's convention: the batch's weight) and epsilon; None leaves them."""
    for layer in batchnorms(net):
        layer.momentum = layer.momentum if momentum is None else momentum
        layer.eps = layer.eps if epsilon is None else epsilon


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors to the CPU, contiguous, as safetensors needs them."""
    contiguous = torch.contiguous_format
    return {name: tensor.detach().cpu().clone(memory_format=contiguous) for name, tensor in tensors.items()}


def _stage(name: str) -> int | None:
    """Read the stage's number from a name like `stages.3.0.weight`; None for the head."""
    part, _, rest = name.partition(".")
    return int(rest.partition(".")[0]) if part == "stages" else None
