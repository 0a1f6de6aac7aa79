"""Finds out what a library's network is, and makes its stages; imports torch."""

import contextlib
import math
import re
from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops import StochasticDepth

from study.errors import UserError
from study.models.families._networks import Description, Library
from study.models.staging.recording import CannotCut
from study.models.staging.stages import Stage, Staged, staged

SIZES = (8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512)
"""Sides of images that are tried, pixels, for the smallest that a network takes."""


def describe(library: Library, network: str, stages: str | None) -> Description:
    """Build a network without values, cut it at its weights' own size, and describe it."""
    contract = library.contract(network)
    model = _without_values(library, network, contract.size).requires_grad_(False)  # which the counter needs
    named = dict(model.named_parameters())
    images = torch.empty(1, 3, contract.size, contract.size, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        outputs = model(images)
    undecayed = _undecayed(model)
    multiple = _multiple(model)
    pooled = isinstance(outputs, torch.Tensor) and outputs.ndim > 2
    parts, why = _cut(_Whole(model) if pooled else model, contract.size, stages == "blocks", None)
    passed = _passed(parts.stages, images)
    counts = [sum(parameter.numel() for parameter in stage.parameters()) for stage in parts.stages]
    total = sum(parameter.numel() for parameter in named.values())
    return Description(
        stages=tuple(_contents(stage) for stage in parts.stages),
        before=parts.before,
        shares=tuple(count / max(sum(counts), 1) for count in counts),
        passed=passed,
        whole=why,
        pooled=pooled,
        features=passed[-1][0][0],
        parameters=total,
        macs=counter.get_total_flops() // 2,
        min_size=_smallest(library, network, multiple, contract.size),
        multiple=multiple,
        contiguous=any(map(_corrupts_channels_last, model.modules())),
        undecayed=tuple(
            f"{number}.{name}"
            for number, stage in enumerate(parts.stages)
            for name, parameter in stage.named_parameters()
            if any(parameter is named[other] for other in undecayed)
        ),
        contract=contract,
    )


def backbone(
    library: Library, network: str, facts: Description, side: int, drop_path: float, pretrained: bool
) -> tuple[list[nn.Module], nn.Linear | None]:
    """Make a network's stages for images of a side, and its classifier where it has published weights."""
    head = None
    if pretrained:
        model, head = library.pretrained(network, side, drop_path)
    else:
        model = library.make(network, side, drop_path)
    _switch_off_dropout(model, network, drop_path)
    return list(_as_described(model, side, facts).stages), head


def _as_described(model: nn.Module, side: int, facts: Description) -> Staged:
    """Cut a network where its description says, at any size.

    Raises:
        CannotCut: at this size it has no such places.
    """
    if facts.whole:
        return Staged([_Whole(model)], (), ())  # type: ignore[list-item]
    return staged(_Whole(model) if facts.pooled else model, side, facts.before)


def runs(library: Library, network: str, size: int, facts: Description) -> bool:
    """Whether a network can be built for images of this side, and is cut as described."""
    try:
        model, images = _without_values(library, network, size), torch.empty(2, 3, size, size, device="meta")
        return _passed(_as_described(model, size, facts).stages, images)[-1] == ((facts.features,),)
    except Exception:  # whatever a library's code raises at a size that it was not made for
        return False


def _takes(library: Library, network: str, size: int) -> bool:
    """Whether a network can be built for images of this side and runs on them."""
    try:
        with torch.no_grad():
            _without_values(library, network, size)(torch.empty(2, 3, size, size, device="meta"))
    except Exception:  # as above
        return False
    return True


def _switch_off_dropout(model: nn.Module, network: str, drop_path: float) -> None:
    """Switch off all dropout of a network, and scale its stochastic depth, linear over the blocks, to a last rate.

    Raises:
        UserError: stochastic depth is asked for, and the network has none.
    """
    layers = [(module, "drop_prob") for module in model.modules() if hasattr(module, "drop_prob")]  # timm's
    layers += [(module, "p") for module in model.modules() if isinstance(module, StochasticDepth)]
    rates = [getattr(module, name) or 0.0 for module, name in layers]
    for (module, name), rate in zip(layers, rates, strict=True):
        setattr(module, name, rate * drop_path / max(rates) if drop_path and rate else 0.0)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    if drop_path and not any(rates):
        raise UserError(f"drop_path {drop_path:g} is not read by network {network}; it has no stochastic depth")


def _without_values(library: Library, network: str, size: int) -> nn.Module:
    """Make a network on the meta device; a few constructors need values, and these are made in full first."""
    try:
        with torch.device("meta"):
            return library.make(network, size).eval()
    except (NotImplementedError, RuntimeError):
        return library.make(network, size).eval().to("meta")


def _cut(model: nn.Module, size: int, every: bool, before: Sequence[str] | None) -> tuple[Staged, str | None]:
    """Cut a network, or make one stage of it; also says why."""
    try:
        parts = staged(model, size, before, every)
        if len(parts.stages) == 1:
            raise CannotCut("between its blocks it passes on more than two tensors")
        return parts, None
    except CannotCut as reason:
        whole = model if isinstance(model, _Whole) else _Whole(model)
        return Staged([whole], (), ()), str(reason)  # type: ignore[list-item]


class _Whole(nn.Module):
    """A network that gives (batch, features), whatever it gave before."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.network = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Average over tokens or pixels where the network does not."""
        features = self.network(images)
        if features.ndim == 4:
            return features.mean((2, 3))
        return features.mean(1) if features.ndim == 3 else features


def _contents(stage: nn.Module) -> str:
    """Name what a stage holds: its modules' paths, without those inside of them."""
    if isinstance(stage, Stage):
        paths = [call.removeprefix("network.") for call, _, _ in stage._calls if isinstance(call, str)]
        return f"{paths[0]} to {paths[-1]}" if len(paths) > 1 else paths[0] if paths else "functions"
    return "all of the network"


def _passed(stages: Sequence[nn.Module], images: torch.Tensor) -> tuple[tuple[tuple[int, ...], ...], ...]:
    shapes, passed = [], images
    with torch.no_grad():
        for stage in stages:
            passed = stage.eval()(passed)
            several = passed if isinstance(passed, tuple) else (passed,)
            shapes.append(tuple(tuple(tensor.shape[1:]) for tensor in several))
    return tuple(shapes)


def _smallest(library: Library, network: str, multiple: int, own: int) -> int:
    """The smallest of `SIZES`, rounded up to the multiple, that the network takes; its own if none does."""
    rounded = dict.fromkeys(math.ceil(size / multiple) * multiple for size in SIZES)
    return next((size for size in rounded if size < own and _takes(library, network, size)), own)


def _multiple(model: nn.Module) -> int:
    """The side of the patches that a network cuts images into, 1 without patches; of several the common multiple."""
    sides = [1]
    for module in model.modules():
        patch, kind = getattr(module, "patch_size", None), type(module).__name__
        if (kind.startswith("PatchEmbed") or kind == "VisionTransformer") and patch is not None:
            sides += [patch] if isinstance(patch, int) else list(patch)
    return math.lcm(*sides)


_EMBEDDINGS = re.compile(r"(^|[._])(pos|cls|class|reg|dist|relative_position|mask)_?(embed|token|bias_table)\w*$")
"""Names of parameters that are no weights of a layer: embeddings of positions and tokens."""


def _undecayed(model: nn.Module) -> set[str]:
    """Name the parameters that weight decay leaves alone: embeddings, and what the network's authors exempt."""
    named = dict(model.named_parameters())
    exempt = {name for name in named if _EMBEDDINGS.search(name)}
    with contextlib.suppress(AttributeError, NotImplementedError):
        exempt |= set(model.no_weight_decay()) & named.keys()  # type: ignore[operator]
    return exempt


def _corrupts_channels_last(module: nn.Module) -> bool:
    """Whether training a layer in channels_last corrupts memory on a CPU: 1 × 1, stride ≥ 2, of 3 or 4 channels.

    Seen in torch 2.15.0: a segmentation fault or a double free in the backward of `Conv2d(3, 64, 1, 2)`.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and max(module.stride) > 1
        and module.in_channels in (3, 4)
    )
