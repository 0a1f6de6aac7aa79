"""Makes a module of each part of a recorded network; together they do what its own forward does, to the bit."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from torch import Tensor, nn

from study.models.staging import cuts as cutting
from study.models.staging.cuts import Cut
from study.models.staging.recording import (
    Activation,
    BatchMultiple,
    ByMode,
    CannotCut,
    Device,
    OwnTensor,
    Recording,
    Step,
    leaves,
    record,
)

Activations = Tensor | tuple[Tensor, ...]


class Staged(NamedTuple):
    """A network in stages."""

    stages: list["Stage"]
    """Input first. Each owns its parameters and buffers under the network's own names."""
    before: tuple[str, ...]
    """The blocks that the second and later stages begin with."""
    unused: tuple[str, ...]
    """Parameters and buffers that the forward never reads; no stage has them."""


def staged(model: nn.Module, size: int, before: Sequence[str] | None = None, every: bool = False) -> Staged:
    """Cut a network into stages.

    Args:
        model: takes (batch, 3, size, size) images and gives (batch, features). Its modules become the stages'.
        size: side of the images, pixels.
        before: the blocks that stages begin with, as an earlier cut had them; None chooses.
        every: cut wherever it can be cut, which is about once a block.

    Raises:
        study.models.staging.recording.CannotCut: the network stays whole; says why.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> body = [nn.Sequential(nn.Conv2d(3, 3, 3, 2, 1), nn.ReLU()) for _ in range(3)]
        >>> model = nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        >>> parts = staged(model, 32)
        >>> len(parts.stages), parts.before
        (2, ('1.0', '2.0'))
    """
    recording = record(model, size)
    possible = cutting.possible(recording, _by_block(model, recording))
    if before is not None:
        here = {cut.before: cut for cut in possible}
        if absent := [block for block in before if block not in here]:
            raise CannotCut(f"images of {size} px leave no cut before {absent[0]}")
        picked = [here[block] for block in before]
    else:
        picked = list(possible) if every else cutting.chosen(possible)
    return _Assembly(model, recording).stages(picked)


class Stage(nn.Module):
    """The steps between two cuts, on the network's own modules."""

    def __init__(self, steps: Sequence[Step], takes: Sequence[int], gives: Sequence[int]) -> None:
        super().__init__()
        self._calls = [(step.call, _filler(step.arguments), _numbers(step)) for step in steps]
        self._takes, self._gives = tuple(takes), tuple(gives)
        self.__dict__["_holders"] = {}

    def hold(self, path: str, module: nn.Module) -> None:
        """Use a module in calls; unlike an attribute it is not registered, as another stage may own it."""
        self.__dict__["_holders"][path] = module

    def forward(self, passed: Activations) -> Activations:
        """Run the steps."""
        values = dict(zip(self._takes, passed if isinstance(passed, tuple) else (passed,), strict=True))
        frame = Frame(values, self.__dict__["_holders"], values[self._takes[0]], self.training)
        for call, fill, numbers in self._calls:
            positional, named = fill(frame)
            returned = (frame.holders[call] if isinstance(call, str) else call)(*positional, **named)
            if len(numbers) == 1 and isinstance(returned, Tensor):
                values[numbers[0]] = returned
            elif numbers:
                values.update(zip(numbers, leaves(returned, Tensor), strict=True))
        outputs = tuple(values[number] for number in self._gives)
        return outputs if len(outputs) > 1 else outputs[0]


class Frame(NamedTuple):
    """What marks stand for in one call of a stage."""

    values: dict[int, Tensor]
    holders: dict[str, nn.Module]
    first: Tensor
    training: bool


def _numbers(step: Step) -> tuple[int, ...]:
    return tuple(result.number for result in leaves(step.results, Activation))


def _filler(template: Any) -> Callable[[Frame], Any]:
    """Make the function that puts values in the place of a template's marks."""
    match template:
        case Activation(number):
            return lambda frame: frame.values[number]
        case OwnTensor(name):
            return lambda frame: getattr(frame.holders[name], name.rpartition(".")[2])
        case BatchMultiple(factor):
            return lambda frame: factor * len(frame.first)
        case ByMode(evaluation, training):
            return lambda frame: training if frame.training else evaluation
        case Device():
            return lambda frame: frame.first.device
        case Tensor():
            return lambda frame: template.to(frame.first.device)
        case tuple() | list():
            kind, parts = type(template), [_filler(part) for part in template]
            return lambda frame: kind([part(frame) for part in parts])
        case dict():
            by_name = {key: _filler(part) for key, part in template.items()}
            return lambda frame: {key: part(frame) for key, part in by_name.items()}
        case slice():
            ends = [_filler(end) for end in (template.start, template.stop, template.step)]
            return lambda frame: slice(*(end(frame) for end in ends))
    return lambda frame: template


class _Assembly:
    """Hands the modules and tensors of a network to its stages, each to the first one that uses it."""

    def __init__(self, model: nn.Module, recording: Recording) -> None:
        self._model, self._recording = model, recording
        self._named = dict([*model.named_parameters(), *model.named_buffers()])
        self._owned: set[int] = set()
        self._holders: dict[str, nn.Module] = {}

    def stages(self, cuts: Sequence[Cut]) -> Staged:
        """Make the stages between these cuts."""
        steps, result = self._recording.steps, self._recording.result
        moving = cutting.depending(self._recording)
        constant = [step for step in steps if not cutting.read(step) & moving]
        ends = [(0, (0,)), *((cut.step, cut.passed) for cut in cuts), (len(steps), (result.number,))]
        stages = []
        for (begin, takes), (end, gives) in pairwise(ends):
            own = [step for step in steps[begin:end] if not any(step is other for other in constant)]
            stages.append(self._stage([*_needed(constant, own), *own], takes, gives))
        unused = tuple(name for name, tensor in self._named.items() if id(tensor) not in self._owned)
        return Staged(stages, tuple(cut.before for cut in cuts), unused)

    def _stage(self, steps: list[Step], takes: Sequence[int], gives: Sequence[int]) -> Stage:
        stage = Stage(steps, takes, gives)
        for step in steps:
            if isinstance(step.call, str):
                stage.hold(step.call, self._block(stage, step.call))
            for tensor in leaves(step.arguments, OwnTensor):
                stage.hold(tensor.name, self._holder(stage, tensor.name))
        return stage

    def _block(self, stage: Stage, path: str) -> nn.Module:
        module = self._model.get_submodule(path)
        tensors = {id(tensor) for tensor in [*module.parameters(), *module.buffers()]}
        if path not in self._holders and (tensors - self._owned or not tensors):
            _register(stage, path, module)
            self._owned |= tensors
        return self._holders.setdefault(path, module)

    def _holder(self, stage: Stage, name: str) -> nn.Module:
        """The module that has a tensor of the network that no block has read."""
        tensor = self._named[name]
        if id(tensor) not in self._owned:
            self._holders[name] = _register(stage, name, tensor)
            self._owned.add(id(tensor))
        return self._holders.setdefault(name, self._model.get_submodule(name.rpartition(".")[0]))


def _needed(constant: Sequence[Step], own: Sequence[Step]) -> list[Step]:
    """The steps that depend on no image and that a stage's own steps read, such as those of position embeddings."""
    reads = {number for step in own for number in cutting.read(step)}
    needed: list[Step] = []
    for step in reversed(constant):
        made = {result.number for result in leaves(step.results, Activation)}
        if reads & (made | cutting.read(step)):  # what changes in place what another made is needed as well
            needed.insert(0, step)
            reads |= cutting.read(step)
    return needed


def _register(stage: nn.Module, path: str, part: nn.Module | Tensor) -> nn.Module:
    """Give a stage a module or tensor of the network under its own name; returns the module that has it then."""
    holder = stage
    *outer, last = path.split(".")
    for name in outer:
        if name not in holder._modules:
            holder.add_module(name, nn.Module())
        holder = holder._modules[name]  # type: ignore[assignment]
    if isinstance(part, nn.Module):
        holder.add_module(last, part)
    elif isinstance(part, nn.Parameter):
        holder.register_parameter(last, part)
    else:
        holder.register_buffer(last, part)
    return holder


def _by_block(model: nn.Module, recording: Recording) -> dict[str, list[Tensor]]:
    """By the path of each block that is called, its parameters and buffers."""
    paths = {step.call for step in recording.steps if isinstance(step.call, str)}
    modules = {path: model.get_submodule(path) for path in paths}
    return {path: [*module.parameters(), *module.buffers()] for path, module in modules.items()}
