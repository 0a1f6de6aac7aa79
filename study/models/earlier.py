"""A task that a network has learnt before: the network and the head of then, as an entry of the store."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from torch import Tensor, nn

from study.models import families, heads, weights
from study.space.config import Config

if TYPE_CHECKING:
    from study.data.prepare import TaskData


class Earlier(NamedTuple):
    """A task that was learnt."""

    config: Config
    """It was learnt with."""
    data: "TaskData"
    entry: Path
    """Of the store: the network and the head as they were then."""

    def head(self) -> nn.Module:
        """Give the head that it was learnt with."""
        features = families.of(self.config).features
        made = heads.make(self.config.head, features, len(self.data.classes), self.config.dropout)
        made.load_state_dict(weights.tensors(self.entry, weights.HEAD))
        return made

    def batchnorm(self) -> dict[str, Tensor]:
        """Give the BatchNorm buffers of then, named as those of the network's stages are."""
        return {name: each for name, each in weights.tensors(self.entry).items() if _is_buffer(name)}


def _is_buffer(name: str) -> bool:
    """Whether a tensor of a network is a running statistic of a BatchNorm layer, by its name."""
    return name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")
