"""How many trials share a GPU: what to try on one, and what follows from the memory that it took.

Knows neither torch nor Ray nor how memory is measured (`gpu_memory.py`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from study import checks
from study.config import Config, config
from study.data import Prepared
from study.space import Cell

MARGIN = 1.2
"""Times what was measured: the memory of a worker that trains one cell after the other falls into pieces."""
MOST = 99
"""Trials a GPU, at most: Ray counts GPUs in ten-thousandths, which are too coarse for more shares."""
HUNGRIEST: dict[str, Callable[..., Any]] = {"batch_size": max, "upsample": max, "freeze_depth": min}
"""Tuned hyperparameter → which end of its range takes most memory."""
NEUTRAL = (
    *("lr", "weight_decay", "momentum", "schedule", "warmup", "label_smoothing", "label_fraction", "normalization"),
    *("lr_decay", "probe_share", "phase_decay", "batchnorm_momentum", "batchnorm_epsilon"),
)
"""What leaves the memory of a step as it is."""


class Case(NamedTuple):
    """A configuration to be tried for all cells that take as much memory."""

    name: str
    """Of one of the cells."""
    config: Config
    prepared: Prepared
    images: int
    """Bytes of all the study's images: every worker comes to keep them on its device."""
    kept: int
    """Bytes a number of what is kept of frozen stages' outputs: 4 or 2, or 0 where nothing is."""


def cases(cells: Sequence[Cell], prepared: Sequence[Prepared], absent: Collection[int], kept: int) -> list[Case]:
    """List what is to be tried: of cells that differ in nothing that a step's memory depends on, the most labels.

    Args:
        cells: of the study.
        prepared: one a cell.
        absent: numbers of cells that are not run.
        kept: see `Case`.
    """
    found: dict[str, Case] = {}
    images = _images(cells, prepared)
    for number, (cell, source) in enumerate(zip(cells, prepared, strict=True)):
        most = {name: end(checks.ends(cell.tuned[name])) for name, end in HUNGRIEST.items() if name in cell.tuned}
        case = Case(cell.name, config(cell.values | cell.baseline | most), source, images, kept)
        key = repr(replace(case.config, **{name: getattr(Config, name) for name in NEUTRAL}))
        known = found.get(key, case)
        if number not in absent and known.config.label_fraction <= case.config.label_fraction:
            found[key] = case
    return list(found.values())


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
        needs: of each, bytes, or why it could not be tried.
        free: of the memory of the GPU that has least, bytes.
        most: trials that the CPUs beside a GPU are enough for.
        say: gets the line.
    """
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


def _images(cells: Sequence[Cell], prepared: Sequence[Prepared]) -> int:
    """Add up the bytes of the study's images, each array once."""
    sides = [config(cell.values).image_size for cell in cells]
    counts = {one.path: 3 * side**2 * sum(one.counts.values()) for side, one in zip(sides, prepared, strict=True)}
    return sum(counts.values())
