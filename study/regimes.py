"""What each regime trains, as data: initial weights, and one learning-rate multiplier per stage for each phase.

Knows nothing of networks, optimizers or torch.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from study.config import UserError

ALL: Final = "all"
REGIMES = ("scratch", "zero_shot", "feature_extraction", "partial_freeze", "fine_tune")
READS_FREEZE_DEPTH = ("partial_freeze",)
"""The regimes that need `freeze_depth`; the others refuse it."""


class Phase(NamedTuple):
    """A stretch of training; the head always trains at the full rate."""

    frozen: int | Literal["all"]
    """Number of frozen stages, counted from the input."""
    decay: float = 1.0
    """The rate shrinks by this factor with each stage from the head towards the input."""
    share: float = 1.0
    """Of the epochs, relative to the other phases."""


class Regime(NamedTuple):
    """Initial weights plus phases; no phases means that nothing is trained."""

    weights: str
    phases: tuple[Phase, ...]


def regime(name: str, weights: str, freeze_depth: int | None = None) -> Regime:
    """Look a regime up.

    Args:
        name: one of `REGIMES`.
        weights: initial weights of every regime but scratch.
        freeze_depth: number of frozen stages, for `READS_FREEZE_DEPTH` alone.

    Raises:
        UserError: an unknown name, or a freeze depth that is missing or not read.

    Source: Yosinski et al. 2014, arXiv:1411.1792 (partial_freeze).
    """
    depth = _freeze_depth(name, freeze_depth)
    match name:
        case "scratch":
            return Regime("none", (Phase(0),))
        case "zero_shot":
            return Regime(weights, ())
        case "feature_extraction":
            return Regime(weights, (Phase(ALL),))
        case "partial_freeze":
            return Regime(weights, (Phase(depth),))
        case "fine_tune":
            return Regime(weights, (Phase(0),))
    raise UserError(f"unknown regime {name!r}; one of {', '.join(REGIMES)}")


def multipliers(phase: Phase, stages: int) -> tuple[float, ...]:
    """Give each stage's learning rate as a share of the head's; 0 is frozen.

    Args:
        phase: what trains.
        stages: number of stages of the family.

    Returns:
        One multiplier per stage, input first; the last trained stage has `decay`, the one before `decay` squared.

    Raises:
        UserError: more stages are to be frozen than there are.

    Source: Howard & Ruder 2018, arXiv:1801.06146, §3.2 (discriminative rates).
    """
    frozen = stages if phase.frozen == ALL else phase.frozen
    if not 0 <= frozen <= stages:
        raise UserError(f"freeze_depth {frozen} does not fit a family of {stages} stages; one of 0 to {stages}")
    return (0.0,) * frozen + tuple(phase.decay ** (stages - stage) for stage in range(frozen, stages))


def spans(phases: Sequence[Phase], epochs: int) -> tuple[range, ...]:
    """Divide the epochs 1 to `epochs` among the phases by their shares, at least one each.

    Raises:
        UserError: fewer epochs than phases.
    """
    if phases and epochs < len(phases):
        raise UserError(f"epochs {epochs}: a regime of {len(phases)} phases needs at least {len(phases)}")
    total, ends = sum(phase.share for phase in phases), [0]
    for index in range(len(phases)):
        wanted = round(epochs * sum(phase.share for phase in phases[: index + 1]) / total)
        room = epochs - (len(phases) - index - 1)  # the phases that follow need an epoch each
        ends.append(min(max(wanted, ends[-1] + 1), room))
    return tuple(range(first + 1, last + 1) for first, last in pairwise(ends))


def _freeze_depth(name: str, depth: int | None) -> int:
    if depth is None and name in READS_FREEZE_DEPTH:
        raise UserError(f"regime {name!r} needs freeze_depth, the number of frozen stages")
    if depth is not None and name in REGIMES and name not in READS_FREEZE_DEPTH:
        raise UserError(f"freeze_depth {depth} is not read by regime {name!r}; only by {', '.join(READS_FREEZE_DEPTH)}")
    return depth or 0
