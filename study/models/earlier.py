"""A task that a network learnt before: the network and the head of that time, as an entry of the store."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn

from study.models import families, heads, weights
from study.space.config import Config

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Earlier(NamedTuple):
    """A task that a network learnt before its present one."""

    config: Config
    """Of the training on this task."""
    data: "TaskData"
    entry: Path
    """The store's entry: the network and the head at the end of this task."""

    def head(self) -> nn.Module:
        """Build the head that this task was learnt with."""
        features = families.of(self.config).features
        head = heads.make(self.config.head, features, len(self.data.classes), self.config.dropout)
        head.load_state_dict(weights.tensors(self.entry, weights.HEAD))
        return head

    def batchnorm(self) -> dict[str, Tensor]:
        """Give the BatchNorm buffers of that time, under the names of the network's stages."""
        return {name: tensor for name, tensor in weights.tensors(self.entry).items() if _is_buffer(name)}


def _is_buffer(name: str) -> bool:
    """Whether a tensor's name is that of a BatchNorm layer's running statistic."""
    return name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")
