"""What of a stage trains: all of it, low-rank additions to its matrices, its biases, or its norms."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils import parametrize

from study.errors import UserError
from study.models.layers import Layers

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
        rank = min(rank, _rank(weight))
        self.down = nn.Parameter(weight.new_empty(rank, weight[0].numel()))
        self.up = nn.Parameter(weight.new_zeros(len(weight), rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=5**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """Give the weight with the product added, in single precision also where training uses mixed precision.

        So the weight is the same to the bit when it is merged, outside of mixed precision.
        """
        with torch.autocast(weight.device.type, enabled=False):
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
    additions = [module for module in stage.modules() if isinstance(module, LowRank)]
    trained: Iterable[nn.Parameter]
    match tuned:
        case "lora":
            trained = (parameter for module in additions for parameter in module.parameters())
        case "bias":
            trained = _biases(stage)
        case "norm":
            trained = _norms(stage)
        case _:
            trained = stage.parameters()
    stage.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)


def layers(stage: nn.Module) -> Layers:
    """Describe what of a stage can train. Its values do not matter, so it may be on the meta device."""
    ranks = {
        choice: max((_rank(getattr(module, name)) for module, name in _targets(stage, choice)), default=0)
        for choice in ("all", "attention")
    }
    batchnorms = sum(isinstance(module, _BatchNorm) for module in stage.modules())
    return Layers(ranks["all"], ranks["attention"], len(_biases(stage)), len(_norms(stage)), batchnorms)


def _rank(weight: Tensor) -> int:
    """Give the largest rank that a matrix or kernel can have, output first."""
    return min(len(weight), weight[0].numel())


def _biases(stage: nn.Module) -> list[nn.Parameter]:
    """List the vectors that layers add, also those of norms; tables of position biases are none."""
    return [tensor for name, tensor in stage.named_parameters() if name.endswith("bias") and tensor.ndim == 1]


def _norms(stage: nn.Module) -> list[nn.Parameter]:
    """List the scales and shifts of normalization layers: of classes named so, without layers inside that train.

    The second condition leaves out blocks that are named after their norm, such as timm's `NormFreeBlock`.
    """
    return [
        parameter
        for module in stage.modules()
        if "norm" in type(module).__name__.lower()
        and len(list(module.parameters())) == len(own := list(module.parameters(recurse=False)))
        for parameter in own
    ]


def moves_at_once(name: str) -> bool:
    """Whether a parameter has a gradient in the first step; an addition's first matrix has one from the second on."""
    return not (".parametrizations." in name and name.endswith(".down"))


def plain_name(name: str) -> str:
    """Give a tensor's name without its additions: `0.parametrizations.weight.original` is `0.weight`."""
    return name.replace(".parametrizations.", ".").removesuffix(".original") if _is_original(name) else name


def is_addition(name: str) -> bool:
    """Whether a parameter of this name is a low-rank addition's."""
    return ".parametrizations." in name and not _is_original(name)


def _is_original(name: str) -> bool:
    return ".parametrizations." in name and name.endswith(".original")


def additions(module: nn.Module) -> dict[str, tuple[str, Tensor]]:
    """Map the plain name of each weight with an addition to the second matrix, by name; zeros there switch it off."""
    marker = ".parametrizations."
    return {
        ".".join(name.replace(marker, ".").split(".")[:-2]): (name, tensor)
        for name, tensor in module.state_dict().items()
        if marker in name and name.endswith(".up")
    }


def idle(module: nn.Module) -> set[str]:
    """Name the tensors of a module's additions if all additions are 0, as they are at first; else none."""
    if any(bool(up.any()) for _, up in additions(module).values()):
        return set()
    return {name for name in module.state_dict() if is_addition(name)}


@torch.no_grad()
def merged(module: nn.Module) -> dict[str, Tensor]:
    """Give a module's state as if its additions were part of its weights, under the plain names; not copied."""
    state: dict[str, Tensor] = {}
    modules = dict(module.named_modules())
    for name, tensor in module.state_dict().items():
        if _is_original(name):
            path, _, weight = plain_name(name).rpartition(".")
            state[plain_name(name)] = getattr(modules[path], weight).detach()
        elif not is_addition(name):
            state[name] = tensor
    return state
