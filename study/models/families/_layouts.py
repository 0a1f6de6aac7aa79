"""Under which names a file may have a family's tensors, and which of its stages' tensors each one is; imports torch."""

from collections.abc import Collection, Mapping
from functools import partial

from torch import Tensor, nn

from study.models import families
from study.models.families import Family, _networks
from study.models.weight_tensors import Layout
from study.space.config import Config

Names = Mapping[str, str]
"""Name of a stage's tensor, as `nn.ModuleList(stages).state_dict()` has it → its name in a layout."""

TOKENS = ("cls_token", "reg_token", "pos_embed")
"""How the names of parameters end that timm's networks have, or have as None."""


def layouts(values: Config) -> list[tuple[Layout, Names]]:
    """List the names that a file of a configuration's family may have: its library's, and this project's own.

    Args:
        values: of a trial; the family, its options and the images' size are read.
    """
    family = families.of(values)
    stages = nn.ModuleList(family.backbone("none")[0]).state_dict()
    own = Layout(stages), {name: name for name in stages}
    return [own] if family.origin is None else [_of_library(family, stages, values), own]


def _of_library(family: Family, stages: Mapping[str, Tensor], values: Config) -> tuple[Layout, Names]:
    library, _, network = (family.origin or "").partition("/")
    module, side = _networks.module_of(library), values.upsample or values.image_size
    model = module.make(network, side)
    tensors = model.state_dict()
    names = _in_order(stages, tensors) if family.origin != values.family else _by_name(stages, tensors)
    used = {names[name]: stages[name] for name in stages}
    return Layout(
        built={name: tensor for name, tensor in tensors.items() if name in used},
        unused=frozenset(tensors.keys() - used.keys()),
        classifiers=module.classifiers(network),
        absent=_absent(model, module.classifiers(network)),
        translate=partial(module.translated, network, model),
    ), names


def _absent(model: nn.Module, classifiers: Collection[str]) -> frozenset[str]:
    """Name what stands in a network for a parameter or a layer that others of its kind have: None, or an identity."""
    parameters = {name for name, value in vars(model).items() if value is None and name.endswith(TOKENS)}
    layers = {name for name, child in model.named_children() if isinstance(child, nn.Identity)}
    return frozenset(parameters | layers) - {name.partition(".")[0] for name in classifiers}


def _by_name(stages: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> Names:
    """Stages that were cut have the network's own names behind the stage's number; one that is whole has `network.`."""
    inner = {name: name.partition(".")[2] for name in stages}
    return {name: own if own in tensors else own.removeprefix("network.") for name, own in inner.items()}


def _in_order(stages: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> Names:
    """Stages that are written by hand have the network's modules in its own order."""
    names = dict(zip(stages, tensors, strict=True))
    assert all(stages[stage].shape == tensors[name].shape for stage, name in names.items())
    return names
