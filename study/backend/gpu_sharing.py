"""How many trials share a GPU: which configurations to measure, and the share that follows from their memory.

Knows neither torch nor Ray nor how memory is measured (`gpu_memory.py`).
"""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from study.data.prepare import Prepared
from study.models import families
from study.pretraining import sources
from study.search import bundles
from study.space import distributions
from study.space.config import Config, config, names
from study.space.space import Cell

MARGIN = 1.2
"""Factor on the measured memory: a worker that trains one cell after another fragments it."""
MOST = 99
"""Trials a GPU, at most: Ray counts GPUs in ten-thousandths, which are too coarse for more shares."""
HUNGRIEST: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(names(memory="grows"), max),
    **dict.fromkeys(names(memory="shrinks"), min),
}
"""Tuned hyperparameter → which end of its range takes most memory."""
NEUTRAL = names(memory="neutral")
"""Hyperparameters that do not change the memory of a step."""
ON_OR_OFF = names(memory="on or off")
"""Hyperparameters of which only 0 or above 0 matters."""


class Case(NamedTuple):
    """A configuration to measure, for all cells that take as much memory."""

    name: str
    """Name of one of the cells, and the tuned hyperparameter that departs from its baseline."""
    config: Config
    prepared: Prepared
    images: int
    """Bytes of all the study's images: in the end every worker has them on its device."""
    cache_itemsize: int
    """Bytes a number in the cache of frozen stages' outputs: 4 or 2, or 0 without a cache."""
    bundle: int = 0
    """Bytes that trials need besides because they are trained together; 0 if they are not."""


def cases(
    cells: Sequence[Cell], prepared: Sequence[Prepared], absent: Collection[int], cache_itemsize: int
) -> list[Case]:
    """List the configurations to measure. Cells with equal memory a step share one, that with the most labels.

    To keep them few, tuned hyperparameters depart from the baseline one at a time. A head and an optimizer of two
    choices each make three cases, not four. `MARGIN` covers what two of them take together.

    Args:
        cells: the study's cells.
        prepared: one a cell.
        absent: numbers of cells that are not run.
        cache_itemsize: see `Case`.
    """
    images = _images(cells, prepared)
    by_memory: dict[str, Case] = {}
    for number, (cell, source) in enumerate(zip(cells, prepared, strict=True)):
        baseline = config(cell.values | cell.baseline)
        if sources.of(cell):
            baseline = replace(baseline, weights="none")  # the memory does not depend on them
        plain = Case(cell.name, baseline, source, images, cache_itemsize)
        for case in _variants(plain, cell) if number not in absent else ():
            known = by_memory.setdefault(key := _memory(case), case)
            if known.config.label_fraction < case.config.label_fraction:
                by_memory[key] = case
    return list(by_memory.values())


def bundle(heads: int, batch: int, features: int, classes: int) -> int:
    """Return the bytes of heads that are trained together (`training/fused_heads.py`), beyond the network's own.

    Args:
        heads: number of heads; a single one needs nothing more.
        batch: images a step.
        features: inputs of a head.
        classes: outputs of a head.
    """
    if heads < 2:
        return 0
    inputs = batch * features * (4 + 4 + 2)  # a batch, the one before it, and its copy in half precision
    weights = classes * features * (4 * 4 + 4 * 4)  # with gradient and AdamW's moments; stacked, and as they began
    return heads * (inputs + weights)


def share(needs: Collection[float], free: float, most: float) -> float:
    """Return the share of a GPU that a trial gets.

    Args:
        needs: GPU memory of trials, bytes; the largest decides.
        free: free GPU memory, bytes.
        most: number of trials that the CPUs beside the GPU suffice for.

    Returns:
        In (0, 1], in ten-thousandths, rounded down so that the shares of all trials that fit make one GPU at most.
    """
    need = max(needs, default=0.0)
    fit = min(most, MOST, free / need if need else MOST)
    return 10_000 // max(1, int(fit)) / 10_000


def chosen(
    tried: Sequence[Case], needs: Sequence[int | str], free: int, most: float, say: Callable[[str], None]
) -> float:
    """Return the share of a GPU that a trial gets, and explain it in a line.

    Args:
        tried: configurations, from `cases`.
        needs: memory of each, bytes, or why it could not be measured; empty if no GPU was free.
        free: free memory of the GPU that has least, bytes.
        most: number of trials that the CPUs beside a GPU suffice for.
        say: prints the line.
    """
    if not needs:
        say("1 trial a GPU: no GPU is free to try on")
        return 1.0
    wanted: dict[str, float] = {}
    for case, need in zip(tried, needs, strict=True):
        if isinstance(need, str):
            say(f"1 trial a GPU: {case.name} could not be tried on one ({need})")
            return 1.0
        wanted[case.name] = MARGIN * need
    part, name = share(wanted.values(), free, most), max(wanted, key=lambda name: wanted[name])
    trials, fit = int(1 / part), int(free / wanted[name])
    memory = f"the largest cell needs {wanted[name] / 1e9:.1f} of {free / 1e9:.1f} GB free ({name})"
    limit = f"; there is room for {fit}, but no more CPUs" if trials == max(1, int(most)) < fit else ""
    say(f"{trials} trial{'s' * (trials > 1)} a GPU: {memory}{limit}")
    return part


def _variants(case: Case, cell: Cell) -> Iterator[Case]:
    """Yield a cell's baseline at the ends that take most memory, then that with each other end or choice by itself."""
    most = {name: end(distributions.ends(cell.tuned[name])) for name, end in HUNGRIEST.items() if name in cell.tuned}
    largest = replace(case.config, **most)
    yield case._replace(config=largest, bundle=_bundle(cell, largest, len(case.prepared.classes)))
    for name in (name for name in cell.tuned if name not in (*HUNGRIEST, *NEUTRAL)):
        for value in distributions.ends(cell.tuned[name]):
            yield case._replace(name=f"{cell.name} with {name}={value}", config=config(vars(largest) | {name: value}))


def _bundle(cell: Cell, trial: Config, classes: int) -> int:
    heads = bundles.size(cell, trials=sys.maxsize, workers=1)  # at most
    features = families.of(trial).features
    return bundle(heads, trial.batch_size, features, trial.head_classes or classes)


def _memory(case: Case) -> str:
    """Return a key of all that a step's memory depends on."""
    same = {name: getattr(Config, name) for name in NEUTRAL}
    same |= {name: float(getattr(case.config, name) > 0) for name in ON_OR_OFF}
    return repr((replace(case.config, **same), case.bundle))


def _images(cells: Sequence[Cell], prepared: Sequence[Prepared]) -> int:
    """Return the bytes of the study's images, each array counted once."""
    sides = [config(cell.values).image_size for cell in cells]
    sizes = {
        images.path: 3 * side**2 * sum(images.counts.values()) for side, images in zip(sides, prepared, strict=True)
    }
    return sum(sizes.values())
