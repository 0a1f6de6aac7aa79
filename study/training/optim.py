"""The optimizer of a phase: its parameter groups, its learning rate at each step, its state by parameter name.

Knows nothing of regimes, data or losses.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from study.errors import UserError
from study.models.net import Net
from study.space.config import CHOICES, Config


def build(net: Net, multipliers: Sequence[float], config: Config) -> torch.optim.Optimizer:
    """Make the optimizer of a network's trained parameters.

    Args:
        net: its frozen stages are left out.
        multipliers: one per stage, 0 for frozen ones; the head's is `head_rate`.
        config: optimizer, lr, weight_decay, momentum, head_rate.

    Raises:
        UserError: unknown optimizer.
    """
    return _optimizer(_groups(net, multipliers, config), config)


def build_heads(nets: Sequence[Net], configs: Sequence[Config]) -> torch.optim.Optimizer:
    """Make one optimizer for the heads of several networks; the multiplier of a group is its head's peak rate.

    Args:
        nets: all their stages are frozen.
        configs: one for each network; they differ in lr and weight_decay only.
    """
    groups = [
        group | {"multiplier": config.lr}
        for net, config in zip(nets, configs, strict=True)
        for group in _groups(net, (0.0,) * len(net.stages), config)
    ]
    return _optimizer(groups, configs[0])


def _optimizer(groups: list[dict], config: Config) -> torch.optim.Optimizer:
    """Make torch's fused form; on a CPU its steps are 2 to 5 times as fast as the loop's (docs/speed.md)."""
    match config.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=config.lr, fused=True)
        case "sgd":
            nesterov = config.momentum > 0
            return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=nesterov, fused=True)
    raise UserError(f"unknown optimizer {config.optimizer!r}; one of {', '.join(CHOICES['optimizer'])}")


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set each group's learning rate to its multiplier times `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["multiplier"]


def schedule(step: int, steps: int, warmup: float, shape: str = "cosine") -> float:
    """Give a step's learning rate as a share of the peak: a linear rise, then a shape.

    Args:
        step: 0 <= step < steps.
        steps: number of steps in the phase.
        warmup: share of the steps in which the rate rises, in [0, 1].
        shape: cosine (half a period, down to almost 0), constant, or step (divided by 10 after each 28 % of the phase's
            steps, which is every 7 of 25 epochs).

    Raises:
        UserError: unknown shape.
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    match shape:
        case "cosine":
            return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
        case "constant":
            return 1.0
        case "step":
            return 0.1 ** math.floor(step / (0.28 * steps) + 1e-9)
    raise UserError(f"unknown schedule {shape!r}; one of {', '.join(CHOICES['schedule'])}")


def unoptimized(optimizer: torch.optim.Optimizer, net: Net) -> list[str]:
    """Name the parameters that require a gradient and are in no group of the optimizer."""
    grouped = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return [
        name for name, parameter in net.named_parameters() if parameter.requires_grad and id(parameter) not in grouped
    ]


def state(optimizer: torch.optim.Optimizer, net: Net) -> dict[str, Tensor]:
    """Give the optimizer's tensors for a network's parameters, not copied, named as `stages.1.0.weight.exp_avg`."""
    return {
        f"{name}.{key}": value
        for name, parameter in net.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
        if value is not None
    }


def restore(optimizer: torch.optim.Optimizer, net: Net, tensors: Mapping[str, Tensor]) -> None:
    """Load what `state` gave for an optimizer of the same groups."""
    names = {id(parameter): name for name, parameter in net.named_parameters()}
    by_parameter: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        name, _, kind = key.rpartition(".")
        by_parameter.setdefault(name, {})[kind] = value
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    values = {
        number: {kind: _laid_out(value, parameter) for kind, value in by_parameter[names[id(parameter)]].items()}
        for number, parameter in enumerate(parameters)
        if names[id(parameter)] in by_parameter
    }
    optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """Copy a tensor into its parameter's memory layout, as the optimizer reads both in the order of their memory."""
    return torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value.clone()


def _groups(net: Net, multipliers: Sequence[float], config: Config) -> list[dict]:
    """Split each trained part into kernels and matrices, which decay, and norms and biases, which do not."""
    parts = [*zip(net.stages, multipliers, strict=True), (net.head, config.head_rate)]
    groups = []
    for part, multiplier in ((part, multiplier) for part, multiplier in parts if multiplier):
        for decays in (True, False):
            parameters = _parameters(part, decays)
            if parameters:
                decay = config.weight_decay if decays else 0.0
                groups.append({"params": parameters, "multiplier": multiplier, "weight_decay": decay})
    return groups or [{"params": [], "multiplier": 0.0}]  # nothing trains, and yet BatchNorm may drift


def _parameters(part: nn.Module, decays: bool) -> list[nn.Parameter]:
    return [parameter for parameter in part.parameters() if (parameter.ndim > 1) == decays]
