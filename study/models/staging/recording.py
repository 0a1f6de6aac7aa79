"""Records what a network's forward does outside of its blocks.

The forward is run twice without values (on torch's meta device): in eval mode with 2 images, in train mode with 3.
Calls of blocks and torch functions between them become steps. Integers that differ between the two runs are multiples
of the batch, other values that differ belong to the mode, and all else is constant. Blocks stay opaque, so whatever
happens inside them (stochastic depth, BatchNorm, branches) is the network's own.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Kind = TypeVar("Kind")
COUNTS = (2, 3)
"""Images in the run in eval mode, and in the one in train mode."""


class CannotCut(Exception):
    """Says why a network stays one stage."""


class Activation(NamedTuple):
    """Marks a tensor that the images or an earlier step gave; 0 is the images."""

    number: int


class OwnTensor(NamedTuple):
    """Marks a parameter or buffer of the network, by its name."""

    name: str


class BatchMultiple(NamedTuple):
    """Marks an integer that is a multiple of the number of images."""

    factor: int


class ByMode(NamedTuple):
    """Marks a value that is one in eval mode and another in train mode."""

    evaluation: Any
    training: Any


class Device(NamedTuple):
    """Marks the device that the images are on."""


MARKS = (Activation, OwnTensor, BatchMultiple, ByMode, Device)


class Step(NamedTuple):
    """A call of a block or of a torch function."""

    call: str | Callable[..., Any]
    """A block's path in the network, or the function."""
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    """Positional and by name, with marks in the place of what differs from call to call."""
    results: Any
    """`Activation`s in the structure that the call returns."""


class Recording(NamedTuple):
    """What a network does with a batch of images."""

    steps: tuple[Step, ...]
    shapes: dict[int, tuple[torch.Size, torch.dtype]]
    """Of each activation, for 2 images."""
    result: Activation
    """The features, (batch, features)."""


def record(model: nn.Module, size: int) -> Recording:
    """Record a network without its classifier.

    Args:
        model: takes (batch, 3, size, size) images and gives (batch, features). It is not changed.
        size: side of the images, pixels.

    Raises:
        CannotCut: its output is of another shape, or it does other things in train mode or with more images.
    """
    twin = copy.deepcopy(model)
    try:
        evaluation, training = _both_modes(twin.to("meta"), size, "meta")
    except CannotCut:
        raise
    except Exception:  # some forwards look at values, which meta tensors lack
        evaluation, training = _both_modes(copy.deepcopy(model), size, "cpu")
    if len(evaluation.steps) != len(training.steps) or evaluation.result != training.result:
        raise CannotCut("it does other things in train mode")
    return evaluation._replace(steps=tuple(map(_merged_step, evaluation.steps, training.steps)))


def change_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Rebuild nested tuples, lists, dicts and slices with each leaf changed; marks are leaves."""
    if isinstance(value, MARKS):
        return change(value)
    if isinstance(value, (tuple, list)):
        items = [change_leaves(item, change) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, dict):
        return {key: change_leaves(item, change) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(change_leaves(item, change) for item in (value.start, value.stop, value.step)))
    return change(value)


def leaves(value: Any, kind: type[Kind]) -> list[Kind]:
    """List the leaves of a type, in order."""
    matching: list[Kind] = []
    change_leaves(value, lambda leaf: matching.append(leaf) if isinstance(leaf, kind) else None)
    return matching


def _both_modes(model: nn.Module, size: int, device: str) -> tuple[Recording, Recording]:
    first, second = COUNTS
    return _run(model.eval(), first, size, device), _run(model.train(), second, size, device)


def _run(model: nn.Module, count: int, size: int, device: str) -> Recording:
    images = torch.rand(count, 3, size, size, device=device)
    recorder = _Recorder(model, images)
    with torch.no_grad(), recorder.listening(model), recorder:
        result = model(images)
    if not isinstance(result, Tensor) or result.ndim != 2:
        shape = f" of shape {tuple(result.shape)}" if isinstance(result, Tensor) else ""
        raise CannotCut(f"it gives {type(result).__name__}{shape} in the place of (batch, features)")
    return Recording(tuple(recorder.steps), recorder.shapes, recorder.mark(result))


class _Recorder(TorchFunctionMode):
    """Writes down the calls of a forward, outside of blocks."""

    def __init__(self, model: nn.Module, images: Tensor) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.shapes = {0: (images.shape, images.dtype)}
        self._in_block = False
        self._device = images.device
        self._own = {id(tensor): name for name, tensor in [*model.named_parameters(), *model.named_buffers()]}
        self._numbers = {id(images): 0}
        self._alive = [images]  # so that no other tensor gets the id of one of them

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function and note it."""
        returned = func(*args, **(kwargs or {}))
        if not self._in_block:
            self._note(func, (args, kwargs or {}), returned)
        return returned

    @contextmanager
    def listening(self, model: nn.Module) -> Iterator[None]:
        """Note the calls of the model's blocks meanwhile."""
        blocks = [(path, module) for path, module in model.named_modules() if path and not is_container(module)]
        before = [module.__dict__.get("forward") for _, module in blocks]  # a few set their own on the instance
        for path, module in blocks:
            module.forward = self._heard(path, module.forward)
        try:
            yield
        finally:
            for (_, module), forward in zip(blocks, before, strict=True):
                del module.forward
                if forward is not None:
                    module.forward = forward

    def _heard(self, path: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def block(*args: Any, **kwargs: Any) -> Any:
            if self._in_block:
                return forward(*args, **kwargs)
            self._in_block = True
            try:
                returned = forward(*args, **kwargs)
            finally:
                self._in_block = False
            self._note(path, (args, kwargs), returned)
            return returned

        return block

    def _note(self, call: str | Callable[..., Any], arguments: Any, returned: Any) -> None:
        if leaves(returned, Tensor) or getattr(call, "__name__", "") == "__setitem__":
            self.steps.append(Step(call, change_leaves(arguments, self.mark), change_leaves(returned, self._number)))

    def mark(self, value: Any) -> Any:
        """Replace a tensor or device by its mark; constants stay.

        Raises:
            CannotCut: the tensor comes from nowhere that is known.
        """
        if isinstance(value, torch.device):
            return Device()
        if not isinstance(value, Tensor):
            return value
        if id(value) in self._numbers:
            return Activation(self._numbers[id(value)])
        if id(value) in self._own:
            return OwnTensor(self._own[id(value)])
        if value.device != self._device or value.device.type == "meta":
            raise CannotCut("it uses a tensor that is neither its parameter or buffer nor made by its forward")
        return value

    def _number(self, value: Any) -> Any:
        """Number a tensor, anew where a call returns what it took, such as dropout in eval mode."""
        if not isinstance(value, Tensor):
            return value
        number = self._numbers[id(value)] = len(self._alive)
        self._alive.append(value)
        self.shapes[number] = (value.shape, value.dtype)
        return Activation(number)


def is_container(module: nn.Module) -> bool:
    """Whether a module only strings blocks together: a list of modules, or it holds a list with two like blocks.

    A module with a single matrix or kernel, such as a convolution with its norm, is a layer and no block; lists of
    layers, as inside a residual block, are never opened.
    """
    lists = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
    if isinstance(module, lists):
        return True
    for row in module.modules():
        if isinstance(row, (nn.Sequential, nn.ModuleList)) and len(row) > 1:
            kinds = [type(block) for block in row if not type(block).__module__.startswith("torch.nn")]
            repeated = {kind for kind in kinds if kinds.count(kind) > 1}
            if any(type(block) in repeated and _matrices(block) > 1 for block in row):
                return True
    return False


def _matrices(module: nn.Module) -> int:
    return sum(parameter.ndim > 1 for parameter in module.parameters())


def _merged_step(evaluation: Step, training: Step) -> Step:
    if evaluation.call != training.call:
        raise CannotCut("it does other things in train mode")
    return evaluation._replace(arguments=_merged(evaluation.arguments, training.arguments))


def _merged(evaluation: Any, training: Any) -> Any:
    """Find what of a step's arguments depends on the batch and what on the mode."""
    if isinstance(evaluation, slice) and isinstance(training, slice):
        ends = (_merged(getattr(evaluation, end), getattr(training, end)) for end in ("start", "stop", "step"))
        return slice(*ends)
    if type(evaluation) is type(training) and not isinstance(evaluation, MARKS):
        if isinstance(evaluation, (tuple, list)) and len(evaluation) == len(training):
            items = [_merged(one, other) for one, other in zip(evaluation, training, strict=True)]
            return items if isinstance(evaluation, list) else tuple(items)
        if isinstance(evaluation, dict) and list(evaluation) == list(training):
            return {key: _merged(evaluation[key], training[key]) for key in evaluation}
    return _merged_leaf(evaluation, training)


def _merged_leaf(evaluation: Any, training: Any) -> Any:
    if evaluation is training or _equal(evaluation, training):
        return evaluation
    if isinstance(evaluation, (bool, float)) and isinstance(training, (bool, float)):
        return ByMode(evaluation, training)
    if type(evaluation) is int and type(training) is int:
        factor = evaluation // COUNTS[0]
        if (factor * COUNTS[0], factor * COUNTS[1]) == (evaluation, training):
            return BatchMultiple(factor)
        raise CannotCut(f"a number depends on the batch, and not linearly: {evaluation}, {training}")
    raise CannotCut("it does other things in train mode")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return isinstance(one, Tensor) and isinstance(other, Tensor) and torch.equal(one, other)
    return type(one) is type(other) and cast(bool, one == other)
