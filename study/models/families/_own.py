"""Families of a user's own: what their code returns is checked, and what it raises becomes one line."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial, wraps
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from study import plugins
from study.errors import UserError
from study.models.families import Family
from study.plugins.execution import executed
from study.space.config import Config, show
from study.storage import store

if TYPE_CHECKING:
    from torch import nn

BATCH = 2


def plugin(name: str) -> SimpleNamespace:
    """Import a family's module, and make what stands for it: `FAMILY` or a function `family`.

    Raises:
        UserError: it has neither, or its code fails.
    """
    module = plugins.module("family", name)
    what = f"family {name}"
    if hasattr(module, "FAMILY"):
        return SimpleNamespace(FAMILY=_checked(what, module, module.FAMILY))
    function = getattr(module, "family", None)
    if not inspect.isfunction(function):
        raise UserError(f"{what} has neither FAMILY = Family(…) nor a function family that makes one")
    known = {field.name for field in fields(Config)}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in known or parameter.default is parameter.empty:
            fault = "has no default" if parameter.name in known else "is no hyperparameter"
            raise UserError(f"{what}: parameter {parameter.name!r} of its function family {fault}")

    @wraps(function)  # keeps the signature, which names the options
    def family(**options: Any) -> Family:
        return _checked(what, module, _run(what, module, lambda: function(**options)))

    return SimpleNamespace(family=family)


def try_out(name: str, family: Family, size: int, options: dict[str, Any]) -> None:
    """Build a family's network without numbers and pass images through it, once for each version of its code.

    Args:
        name: of the family.
        family: made with `options`.
        size: side of the images, pixels.
        options: of the family.

    Raises:
        UserError: the network is not what the family says.
    """
    key = {"family": plugins.code("family", name).identity, "size": size, "options": options, "try": 1}

    def tried(_: object) -> dict[str, object]:
        _build(f"family {name}", family, size)
        return {}

    try:
        store.make_once("networks", key, tried)
    except OSError:  # a store that cannot be written costs time only
        tried(None)


def _run(what: str, module: ModuleType, call: Callable[[], Any]) -> Any:
    return executed(what, call, module.__file__)


def _checked(what: str, module: ModuleType, family: object) -> Family:
    """Check a family's fields, and let errors of its functions name it."""
    if not isinstance(family, Family):
        raise UserError(f"{what}: FAMILY is of type {type(family).__name__} and must be a Family")
    for field, (fits, expected) in _EXPECTED.items():
        value = getattr(family, field)
        if not fits(value):
            raise UserError(f"{what}: {field} {show(value)} must be {expected}")
    backbone, fetch = family.backbone, family.fetch

    def guarded(weights: str) -> Any:
        return _of_two(what, _run(what, module, lambda: backbone(weights)), len(family.stages))

    own_fetch = None if fetch is None else partial(_run, what, module, fetch)
    return replace(family, backbone=guarded, fetch=own_fetch)


def _of_two(what: str, made: Any, number: int) -> "tuple[list[nn.Module], nn.Linear | None]":
    """Check what a backbone function returned: stages, and a head or None."""
    from torch import nn

    if (
        not isinstance(made, tuple)
        or len(made) != 2
        or not isinstance(made[0], Sequence | nn.ModuleList | nn.Sequential)
    ):
        raise UserError(f"{what}: backbone must return a list of stages, and a head or None")
    stages, head = list(made[0]), made[1]
    if odd := [stage for stage in stages if not isinstance(stage, nn.Module)]:
        raise UserError(f"{what}: backbone returns a {type(odd[0]).__name__} where a stage belongs, an nn.Module")
    if len(stages) != number:
        raise UserError(f"{what}: backbone returns {len(stages)} stages, and the family names {number}")
    if head is not None and not isinstance(head, nn.Linear):
        raise UserError(f"{what}: backbone returns a {type(head).__name__} as its head; an nn.Linear, or None")
    owners: dict[int, int] = {}
    for stage, module in enumerate(stages, 1):
        for tensor, value in (*module.named_parameters(), *module.named_buffers()):
            if owners.setdefault(id(value), stage) != stage:
                raise UserError(f"{what}: {tensor} of stage {stage} is in stage {owners[id(value)]} too")
    return stages, head


def _build(what: str, family: Family, size: int) -> None:
    """Pass images through a network's stages and compare the last one's features.

    Raises:
        UserError: a stage fails, or gives something else.
    """
    import torch

    try:
        with torch.device("meta"):
            _pass(what, family, size, "meta")
    except UserError:  # its code may need numbers
        with torch.random.fork_rng(devices=[]):
            _pass(what, family, size, "cpu")


def _pass(what: str, family: Family, size: int, device: str) -> None:
    import torch

    stages, _ = family.backbone("none")
    passed: Any = torch.zeros(BATCH, 3, size, size, device=device)
    for number, stage in enumerate(stages, 1):
        with torch.no_grad():
            passed = executed(f"{what}: stage {number}, with images of {size} px,", _call(stage, passed))
        _refuse_activations(f"{what}: stage {number}", passed)
    shape = tuple(passed.shape) if isinstance(passed, torch.Tensor) else ()
    if shape != (BATCH, family.features):
        wanted = f"({BATCH}, {family.features}) for {BATCH} images, since features is {family.features}"
        raise UserError(f"{what}: its last stage gives {shape or 'several tensors'} and must give {wanted}")


def _call(stage: "nn.Module", passed: Any) -> Callable[[], Any]:
    return lambda: stage.eval()(passed)


def _refuse_activations(what: str, passed: object) -> None:
    import torch

    several = passed if isinstance(passed, tuple) else (passed,)
    for each in several:
        if not isinstance(each, torch.Tensor):
            raise UserError(f"{what} gives a {type(each).__name__}; a tensor, or a tuple of tensors")
        if not each.ndim or each.shape[0] != BATCH:
            raise UserError(f"{what} gives a tensor of shape {tuple(each.shape)}, whose first axis must be the images")


def _texts(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(text, str) for text in value)


def _whole(value: object) -> bool:
    return type(value) is int and value >= 1


def _three(value: object) -> bool:
    return isinstance(value, Sequence) and [type(number) in (int, float) for number in value] == [True] * 3


_EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "stages": (_texts, "a tuple of texts, one a stage"),
    "features": (_whole, "a number from 1"),
    "mean": (_three, "three numbers"),
    "std": (lambda value: _three(value) and min(value) > 0, "three numbers above 0"),
    "min_size": (_whole, "a number of pixels from 1"),
    "multiple": (_whole, "a number of pixels from 1"),
    "weights": (lambda value: _texts(value) and "none" in value, 'a tuple of texts with "none" among them'),
    "source_classes": (lambda value: value is None or _whole(value), "a number from 1, or None"),
    "source_size": (lambda value: value is None or _whole(value), "a number of pixels, or None"),
    "backbone": (callable, "a function of the weights' name"),
}
