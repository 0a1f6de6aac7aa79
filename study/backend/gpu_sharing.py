"""How many trials share a GPU: what to try on one, and what follows from the memory that it took.

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
"""Times what was measured: the memory of a worker that trains one cell after the other falls into pieces."""
MOST = 99
"""Trials a GPU, at most: Ray counts GPUs in ten-thousandths, which are too coarse for more shares."""
HUNGRIEST: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(names(memory="grows"), max),
    **dict.fromkeys(names(memory="shrinks"), min),
}
"""Tuned hyperparameter → which end of its range takes most memory."""
NEUTRAL = names(memory="neutral")
"""What leaves the memory of a step as it is."""
ON_OR_OFF = names(memory="on or off")
"""Of what it matters only whether it is above 0."""


class Case(NamedTuple):
    """A configuration to be tried for all cells that take as much memory."""

    name: str
    """Of one of the cells, and what is tuned otherwise than at its baseline."""
    config: Config
    prepared: Prepared
    images: int
    """Bytes of all the study's images: every worker comes to keep them on its device."""
    kept: int
    """Bytes a number of what is kept of frozen stages' outputs: 4 or 2, or 0 where nothing is."""
    bundle: int = 0
    """Bytes that trials which are trained together take besides; 0 where none are."""


def cases(cells: Sequence[Cell], prepared: Sequence[Prepared], absent: Collection[int], kept: int) -> list[Case]:
    """List what is to be tried: of cells that differ in nothing that a step's memory depends on, the most labels.

    To keep them few, what is tuned departs from the baseline one at a time: a head and an optimizer of two choices each
    make three cases, not four. What two of them take together beyond that is left to `MARGIN`.

    Args:
        cells: of the study.
        prepared: one a cell.
        absent: numbers of cells that are not run.
        kept: see `Case`.
    """
    images = _images(cells, prepared)
    found: dict[str, Case] = {}
    for number, (cell, source) in enumerate(zip(cells, prepared, strict=True)):
        asked = config(cell.values | cell.baseline)
        if sources.of(cell):
            asked = replace(asked, weights="none")  # what a step takes does not depend on them
        plain = Case(cell.name, asked, source, images, kept)
        for case in _tried(plain, cell) if number not in absent else ():
            known = found.setdefault(key := _memory(case), case)
            if known.config.label_fraction < case.config.label_fraction:
                found[key] = case
    return list(found.values())


def bundle(heads: int, batch: int, features: int, classes: int) -> int:
    """Give the bytes that heads take which are trained together (`training/fused_heads.py`), beyond the network's own.

    Args:
        heads: trained together; 1 takes nothing besides.
        batch: images a step.
        features: that a head takes.
        classes: that a head tells apart.
    """
    if heads < 2:
        return 0
    shown = batch * features * (4 + 4 + 2)  # a batch, the one before it, and its copy in half precision
    weights = classes * features * (4 * 4 + 4 * 4)  # with gradient and AdamW's moments; stacked, and as they began
    return heads * (shown + weights)


def share(needs: Collection[float], free: float, most: float) -> float:
    """Give the part of a GPU that a trial is to have.

    Args:
        needs: what trials take of a GPU's memory, bytes; the largest decides.
        free: of its memory, bytes.
        most: trials that the CPUs beside it are enough for.

    Returns:
        In (0, 1], in ten-thousandths, rounded down so that as many parts as trials fit make one GPU at most.
    """
    need = max(needs, default=0.0)
    fit = min(most, MOST, free / need if need else MOST)
    return 10_000 // max(1, int(fit)) / 10_000


def chosen(
    tried: Sequence[Case], needs: Sequence[int | str], free: int, most: float, say: Callable[[str], None]
) -> float:
    """Give the part of a GPU that a trial is to have, and say in a line how that came.

    Args:
        tried: from `cases`.
        needs: of each, bytes, or why it could not be tried; of none where no GPU is free.
        free: of the memory of the GPU that has least, bytes.
        most: trials that the CPUs beside a GPU are enough for.
        say: gets the line.
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


def _tried(case: Case, cell: Cell) -> Iterator[Case]:
    """Give a cell's baseline at the ends that take most memory, then that with each other end or choice by itself."""
    most = {name: end(distributions.ends(cell.tuned[name])) for name, end in HUNGRIEST.items() if name in cell.tuned}
    asked = replace(case.config, **most)
    yield case._replace(config=asked, bundle=_bundle(cell, asked, len(case.prepared.classes)))
    for name in (name for name in cell.tuned if name not in (*HUNGRIEST, *NEUTRAL)):
        for value in distributions.ends(cell.tuned[name]):
            yield case._replace(name=f"{cell.name} with {name}={value}", config=config(vars(asked) | {name: value}))


def _bundle(cell: Cell, asked: Config, classes: int) -> int:
    heads = bundles.size(cell, trials=sys.maxsize, workers=1)  # at most
    features = families.of(asked).features
    return bundle(heads, asked.batch_size, features, asked.head_classes or classes)


def _memory(case: Case) -> str:
    """Write what a step's memory depends on."""
    same = {name: getattr(Config, name) for name in NEUTRAL}
    same |= {name: float(getattr(case.config, name) > 0) for name in ON_OR_OFF}
    return repr((replace(case.config, **same), case.bundle))


def _images(cells: Sequence[Cell], prepared: Sequence[Prepared]) -> int:
    """Add up the bytes of the study's images, each array once."""
    sides = [config(cell.values).image_size for cell in cells]
    counts = {one.path: 3 * side**2 * sum(one.counts.values()) for side, one in zip(sides, prepared, strict=True)}
    return sum(counts.values())
