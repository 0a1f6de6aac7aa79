"""What of a stage trains: all of it, low-rank additions to its matrices, its biases, or its norms."""

from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from study.errors import UserError

Tuned = Literal["all", "lora", "bias", "norm"]
ATTENTION = ("attn", "attention")
"""Parts of the paths of attention layers, in any library."""


class LowRank(nn.Module):
    """Adds a product of two thin matrices to a weight; the product is 0 at first.

    Source: Hu et al. 2021, arXiv:2106.09685.
    """

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        """Draw the first matrix from torch's global generator.

        Args:
            weight: a matrix or kernel, output first.
            rank: of the product; at most as large as the weight's own.
            alpha: the product is scaled by alpha / rank.
        """
        super().__init__()
        rank = min(rank, len(weight), weight[0].numel())
        self.down = nn.Parameter(weight.new_empty(rank, weight[0].numel()))
        self.up = nn.Parameter(weight.new_zeros(len(weight), rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """Give the weight with the product added."""
        return weight + (self.scale * (self.up @ self.down)).view_as(weight)


def adapt(stages: Sequence[nn.Module], rank: int, alpha: float, layers: str) -> None:
    """Give the matrices and dense kernels of stages low-rank additions.

    Args:
        stages: in place; the additions are drawn from torch's global generator.
        rank: of the additions.
        alpha: their scale is alpha / rank.
        layers: all, or attention.

    Raises:
        UserError: these stages have no such layer.
    """
    targets = [target for stage in stages for target in _targets(stage, layers)]
    if not targets and stages:
        where = "of attention " if layers == "attention" else ""
        raise UserError(f"lora_layers {layers!r}: the stages that train have no matrix {where}to add to")
    for module, name in targets:
        weight = getattr(module, name)
        parametrize.register_parametrization(module, name, LowRank(weight.detach(), rank, alpha))


def _targets(stage: nn.Module, layers: str) -> Iterator[tuple[nn.Module, str]]:
    for path, module in stage.named_modules():
        if layers == "attention" and not any(part in path.lower() for part in ATTENTION):
            continue
        if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1):
            yield module, "weight"
        elif isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
            yield module, "in_proj_weight"


def select(stage: nn.Module, tuned: Tuned) -> None:
    """Let these parameters of a stage get gradients, and no others.

    Source: biases: Ben Zaken et al. 2021, arXiv:2106.10199 (BitFit); norms: Frankle et al. 2020, arXiv:2003.00152.
    """
    norms = {
        id(parameter)
        for module in stage.modules()
        if "norm" in type(module).__name__.lower()
        for parameter in module.parameters(recurse=False)
    }
    additions = {
        id(parameter) for module in stage.modules() if isinstance(module, LowRank) for parameter in module.parameters()
    }
    for name, parameter in stage.named_parameters():
        match tuned:
            case "lora":
                trains = id(parameter) in additions
            case "bias":
                trains = name.endswith("bias")
            case "norm":
                trains = id(parameter) in norms
            case _:
                trains = True
        parameter.requires_grad_(trains)


def plain_name(name: str) -> str:
    """Give a tensor's name without its additions: `0.parametrizations.weight.original` is `0.weight`."""
    return name.replace(".parametrizations.", ".").removesuffix(".original") if _is_original(name) else name


def _is_original(name: str) -> bool:
    return ".parametrizations." in name and name.endswith(".original")


@torch.no_grad()
def merged(module: nn.Module) -> dict[str, Tensor]:
    """Give a module's state as if its additions were part of its weights, under the plain names; not copied."""
    state: dict[str, Tensor] = {}
    modules = dict(module.named_modules())
    for name, tensor in module.state_dict().items():
        if _is_original(name):
            path, _, weight = plain_name(name).rpartition(".")
            state[plain_name(name)] = getattr(modules[path], weight).detach()
        elif ".parametrizations." not in name:
            state[name] = tensor
    return state
