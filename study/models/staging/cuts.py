"""Where a recorded network may be cut, and where it is: before each halving of its maps, or at each quarter."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from study.models.staging.recording import COUNTS, Activation, Recording, Step, leaves

WIDEST = 2
"""Most tensors that one stage hands to the next."""
QUARTERS = 4
"""Parts of a network whose maps never halve, such as a ViT, behind its embedding."""
MOST = 6
"""Most stages."""
Tensors = Mapping[str, Sequence[Tensor]]
"""By the path of a block its parameters and buffers."""


class Cut(NamedTuple):
    """A place between two steps where one stage may end and the next begin."""

    step: int
    """The first step behind it."""
    passed: tuple[int, ...]
    """Numbers of the activations that are needed behind it."""
    positions: int
    """Positions, pixels or tokens, of the largest of them."""
    before: str
    """Path of the block that follows."""


def possible(recording: Recording, tensors: Tensors) -> list[Cut]:
    """List the cuts that leave the network as it is.

    At most `WIDEST` activations are needed behind such a cut, each with the images first; a block with a matrix or
    kernel follows; no weight is used on both sides. So a norm, activation or pool stays with what comes before it.
    """
    steps, shapes = recording.steps, recording.shapes
    first, last = _lives(recording)
    moving = depending(recording)
    shared = _inside(tensors[step.call] if isinstance(step.call, str) else () for step in steps)
    begins = [
        number for number, step in enumerate(steps) if isinstance(step.call, str) and _has_matrix(tensors[step.call])
    ]
    by_block: dict[int, Cut] = {}
    for number in range(begins[0] + 1 if begins else len(steps), len(steps)):
        passed = tuple(sorted(key for key in moving if first[key] < number <= last.get(key, -1)))
        block = next((begin for begin in begins if begin >= number), None)
        if block is None or number in shared or not 0 < len(passed) <= WIDEST:
            continue
        if all(shapes[key][0][:1] == COUNTS[:1] and shapes[key][1].is_floating_point for key in passed):
            positions = max(_positions(shapes[key][0]) for key in passed)
            by_block[block] = Cut(number, passed, positions, str(steps[block].call))  # the last one before the block
    return list(by_block.values())


def chosen(cuts: Sequence[Cut]) -> list[Cut]:
    """Choose four to six stages: cut before each halving of the maps, with the stem in the first stage.

    A network whose maps halve less than twice is cut behind its embedding and at each quarter of its blocks. Cuts with
    one activation are preferred if they are enough. The hidden layers of a head stay in the last stage.
    """
    for some in ([cut for cut in cuts if len(cut.passed) == 1], cuts):
        maps = [cut for cut in some if cut.positions > 1]
        halvings = [cut for cut, after in pairwise(maps) if after.positions <= cut.positions / 2 and cut is not maps[0]]
        if len(halvings) >= 2 or len(maps) <= QUARTERS:
            best = halvings[1 - MOST :] or maps
        else:
            best = [maps[place] for place in sorted({round(len(maps) * n / QUARTERS) for n in range(QUARTERS)})]
        if len(best) >= 2:
            return best
    return best


def depending(recording: Recording) -> set[int]:
    """The activations that depend on the images; others, such as rotary embeddings, are the same for all."""
    moving = {0}
    for step in recording.steps:
        if read(step) & moving:
            moving |= {result.number for result in leaves(step.results, Activation)}
    return moving


def read(step: Step) -> set[int]:
    """The activations that a step takes."""
    return {argument.number for argument in leaves(step.arguments, Activation)}


def _lives(recording: Recording) -> tuple[dict[int, int], dict[int, int]]:
    """The steps at which each activation is made, and at which it is read last."""
    made, last = {0: 0}, {0: 0}
    for number, step in enumerate(recording.steps):
        last |= dict.fromkeys(read(step), number)
        for result in leaves(step.results, Activation):
            made.setdefault(result.number, number)
    last[recording.result.number] = len(recording.steps)
    return made, last


def _inside(uses: Iterable[Iterable[Tensor]]) -> set[int]:
    """The steps before which no cut may lie, as a weight is used before and behind it."""
    spans = defaultdict(list)
    for number, tensors in enumerate(uses):
        for tensor in tensors:
            spans[id(tensor)].append(number)
    return {number for span in spans.values() for number in range(span[0] + 1, span[-1] + 1)}


def _has_matrix(tensors: Iterable[Tensor]) -> bool:
    return any(tensor.ndim > 1 for tensor in tensors)


def _positions(shape: torch.Size) -> int:
    """Count the pixels of maps, channels first or last, or the tokens of a sequence."""
    if len(shape) == 4:
        _, one, two, three = shape
        return one * two if one == two != three else two * three
    return shape[1] if len(shape) == 3 else 1
