"""The optimizer of a phase: its parameter groups, its learning rate at each step, its state by parameter name.

Knows nothing of regimes, data or losses.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from study.errors import UserError
from study.models.net import Net
from study.space.config import CHOICES, Config

State = dict[Tensor, dict[str, Tensor]]
"""The tensors that an optimizer keeps for each parameter."""


class Group(TypedDict):
    """Parameters with one learning rate and one weight decay."""

    params: list[Tensor]
    multiplier: float
    """The group's learning rate as a multiple of the phase's."""
    lr: float
    weight_decay: float


class Optimizer:
    """Steps groups of parameters by torch's fused kernels; on a CPU they are 2 to 5 times as fast as its loops.

    It does what `torch.optim.Optimizer` does, to the bit. That class imports the machinery of `torch.compile` once one
    is made, which takes as long as importing torch does, in each process that trains (docs/speed.md).
    """

    def __init__(self, groups: list[Group], step: Callable[[Group, State], None]) -> None:
        self.param_groups = groups
        self.state: State = defaultdict(dict)
        self._step = step

    @torch.no_grad()
    def step(self) -> None:
        """Move all parameters that have a gradient."""
        for group in self.param_groups:
            moved = [parameter for parameter in group["params"] if parameter.grad is not None]
            if moved:
                self._step(group | {"params": moved}, self.state)

    def zero_grad(self) -> None:
        """Drop all gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None


def _adamw(group: Group, state: State) -> None:
    """Take a step of AdamW.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, by `torch.optim.adamw.adamw`, whose defaults these are.
    """
    parameters = group["params"]
    for parameter in parameters:
        if not state[parameter]:
            state[parameter]["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state[parameter]["exp_avg"] = torch.zeros_like(parameter)
            state[parameter]["exp_avg_sq"] = torch.zeros_like(parameter)
    adamw(
        parameters,
        _gradients(parameters),
        [state[parameter]["exp_avg"] for parameter in parameters],
        [state[parameter]["exp_avg_sq"] for parameter in parameters],
        [],
        [state[parameter]["step"] for parameter in parameters],
        fused=True,
        amsgrad=False,
        beta1=0.9,
        beta2=0.999,
        lr=group["lr"],
        weight_decay=group["weight_decay"],
        eps=1e-8,
        maximize=False,
    )


def _sgd(momentum: float) -> Callable[[Group, State], None]:
    """Take steps of SGD, with Nesterov's momentum where there is any; by `torch.optim.sgd.sgd`."""

    def step(group: Group, state: State) -> None:
        parameters = group["params"]
        buffers: list[Tensor | None] = [state[parameter].get("momentum_buffer") for parameter in parameters]
        sgd(
            parameters,
            _gradients(parameters),
            buffers,
            fused=True,
            weight_decay=group["weight_decay"],
            momentum=momentum,
            lr=group["lr"],
            dampening=0.0,
            nesterov=momentum > 0,
            maximize=False,
        )
        if momentum:
            for parameter, buffer in zip(parameters, buffers, strict=True):
                assert buffer is not None  # the first step has made it
                state[parameter]["momentum_buffer"] = buffer

    return step


def _gradients(parameters: Sequence[Tensor]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def build(net: Net, multipliers: Sequence[float], config: Config) -> Optimizer:
    """Make the optimizer of a network's trained parameters.

    Args:
        net: its frozen stages are left out.
        multipliers: one per stage, 0 for frozen ones; the head's is `head_rate`.
        config: optimizer, lr, weight_decay, momentum, head_rate.

    Raises:
        UserError: unknown optimizer.
    """
    return _optimizer(_groups(net, multipliers, config), config)


def build_heads(nets: Sequence[Net], configs: Sequence[Config]) -> Optimizer:
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


def _optimizer(groups: list[Group], config: Config) -> Optimizer:
    match config.optimizer:
        case "adamw":
            return Optimizer(groups, _adamw)
        case "sgd":
            return Optimizer(groups, _sgd(config.momentum))
    raise UserError(f"unknown optimizer {config.optimizer!r}; one of {', '.join(CHOICES['optimizer'])}")


def set_rate(optimizer: Optimizer, rate: float) -> None:
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


def unoptimized(optimizer: Optimizer, net: Net) -> list[str]:
    """Name the parameters that require a gradient and are in no group of the optimizer."""
    grouped = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return [
        name for name, parameter in net.named_parameters() if parameter.requires_grad and id(parameter) not in grouped
    ]


def state(optimizer: Optimizer, net: Net) -> dict[str, Tensor]:
    """Give the optimizer's tensors for a network's parameters, not copied, named as `stages.1.0.weight.exp_avg`."""
    return {
        f"{name}.{key}": value
        for name, parameter in net.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
        if value is not None
    }


def restore(optimizer: Optimizer, net: Net, tensors: Mapping[str, Tensor]) -> None:
    """Load what `state` gave for an optimizer of the same groups."""
    parameters = dict(net.named_parameters())
    for key, value in tensors.items():
        name, _, kind = key.rpartition(".")
        optimizer.state[parameters[name]][kind] = _laid_out(value, parameters[name])


def _laid_out(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """Copy a tensor into its parameter's memory layout, as the optimizer reads both in the order of their memory."""
    return (
        torch.empty_like(parameter).copy_(value)
        if value.shape == parameter.shape
        else value.to(parameter.device, copy=True)
    )


def _groups(net: Net, multipliers: Sequence[float], config: Config) -> list[Group]:
    """Split each trained part into kernels and matrices, which decay, and norms, biases and the like, which do not."""
    parts = [*zip(map(str, range(len(net.stages))), net.stages, multipliers, strict=True)]
    parts.append(("head", net.head, config.head_rate))
    groups: list[Group] = []
    for part, module, multiplier in (part for part in parts if part[2]):
        for decays in (True, False):
            parameters: list[Tensor] = [
                parameter
                for name, parameter in module.named_parameters()
                if (parameter.ndim > 1 and f"{part}.{name}" not in net.undecayed) == decays and parameter.requires_grad
            ]
            if parameters:
                decay = config.weight_decay if decays else 0.0
                groups.append({"params": parameters, "multiplier": multiplier, "lr": config.lr, "weight_decay": decay})
    return groups  # none where nothing trains, and yet BatchNorm may drift
