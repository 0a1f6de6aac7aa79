"""What each regime trains, as data: initial weights, a head, and one learning-rate multiplier per stage for each phase.

Knows nothing of networks or optimizers, and imports no torch.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from study.errors import UserError
from study.models import families
from study.space.config import Config

ALL: Final = "all"
STEEPEST = 1000.0
"""Largest ratio of the rates of neighbouring stages or phases; its powers stay finite in any network."""
REGIMES = (
    *("scratch", "zero_shot", "prototype", "feature_extraction", "partial_freeze"),
    *("lp_ft", "gradual_unfreeze", "discriminative", "stage_rates", "lora", "bias", "norm", "fine_tune"),
)
READS: dict[str, tuple[str, ...]] = {
    "partial_freeze": ("freeze_depth",),
    "discriminative": ("lr_decay",),
    "stage_rates": ("stage_rates",),
    "lp_ft": ("probe_share", "phase_decay"),
    "gradual_unfreeze": ("phase_decay",),
    "lora": ("freeze_depth", "lora_rank", "lora_alpha", "lora_layers"),
    "bias": ("freeze_depth",),
    "norm": ("freeze_depth",),
}
"""Regime → the hyperparameters that describe it; other regimes do not read them."""
NEEDED = ("freeze_depth", "stage_rates")
"""Hyperparameters without a default: a regime that reads one needs it, the others refuse it."""
OPTIONAL = ("lora", "bias", "norm")
"""Regimes that freeze no stage where `freeze_depth` is left out."""
_RATES = re.compile(r"\d*\.?\d+(/\d*\.?\d+)*")


class Phase(NamedTuple):
    """What a part of the training freezes, and at which rates it trains; the head always trains at the full rate."""

    frozen: int | Literal["all"]
    """Number of frozen stages, counted from the input."""
    decay: float = 1.0
    """Factor by which the rate shrinks with each stage from the head towards the input."""
    share: float = 1.0
    """Share of the epochs, relative to the other phases."""
    rate: float = 1.0
    """Peak rate of this phase, as a share of the trial's."""
    rates: tuple[float, ...] = ()
    """Each stage's multiplier, input first, in place of `frozen` and `decay`; 0 freezes."""
    tuned: Literal["all", "lora", "bias", "norm"] = "all"
    """What of the other stages trains."""


class Regime(NamedTuple):
    """Initial weights, phases and a head; without phases nothing is trained by gradients."""

    weights: str
    phases: tuple[Phase, ...]
    head: Literal["new", "source", "prototype"] = "new"
    """new: drawn at random. source: the head of the pretrained weights. prototype: the class means of the features."""


def regime(config: Config, stages: int) -> Regime:
    """Look up a trial's regime.

    Args:
        config: `regime`, `weights` (of every regime but scratch) and the hyperparameters that `READS` names.
        stages: number of stages of the family.

    Raises:
        UserError: an unknown name, or a hyperparameter that is missing, not read or outside its range.

    Source: Yosinski et al. 2014, arXiv:1411.1792 (partial_freeze); Kumar et al. 2022, arXiv:2202.10054 (lp_ft);
    Howard & Ruder 2018, arXiv:1801.06146, §3.2 (discriminative), §3.3 (gradual_unfreeze); Snell et al. 2017,
    arXiv:1703.05175 (prototype); Hu et al. 2021, arXiv:2106.09685 (lora); Ben Zaken et al. 2021, arXiv:2106.10199
    (bias); Frankle et al. 2020, arXiv:2003.00152 (norm).
    """
    _check(config)
    weights = config.weights
    match config.regime:
        case "scratch":
            return Regime("none", (Phase(0),))
        case "zero_shot":
            return Regime(weights, (), "source")
        case "prototype":
            return Regime(weights, (), "prototype")
        case "feature_extraction":
            return Regime(weights, (Phase(ALL),))
        case "partial_freeze":
            return Regime(weights, (Phase(config.freeze_depth or 0),))
        case "lp_ft":
            probe, decay = config.probe_share, config.phase_decay
            return Regime(weights, (Phase(ALL, share=probe), Phase(0, share=1 - probe, rate=decay)))
        case "gradual_unfreeze":
            depths = range(stages, -1, -1)
            return Regime(weights, tuple(Phase(n, rate=config.phase_decay ** (stages - n)) for n in depths))
        case "discriminative":
            return Regime(weights, (Phase(0, decay=config.lr_decay),))
        case "lora" | "bias" | "norm" as tuned:
            return Regime(weights, (Phase(config.freeze_depth or 0, tuned=tuned),))
        case "stage_rates":
            return Regime(weights, (Phase(0, rates=_rates(config.stage_rates or "")),))
    return Regime(weights, (Phase(0),))


def multipliers(phase: Phase, stages: int) -> tuple[float, ...]:
    """Give each stage's learning rate as a share of the head's; 0 is frozen.

    Args:
        phase: of a regime.
        stages: number of stages of the family.

    Returns:
        One multiplier per stage, input first; the last trained stage has `decay`, the one before `decay` squared.

    Raises:
        UserError: more stages are frozen than the family has, or the number of rates is not the number of stages.

    Source: Howard & Ruder 2018, arXiv:1801.06146, §3.2 (discriminative rates); freezing any stages, not only the first
    ones: Lee et al. 2023, arXiv:2210.11466.
    """
    if phase.rates:
        if len(phase.rates) != stages:
            raise UserError(f"stage_rates has {len(phase.rates)} rates; the family has {stages} stages")
        return phase.rates
    frozen = stages if phase.frozen == ALL else phase.frozen
    if not 0 <= frozen <= stages:
        raise UserError(f"freeze_depth {frozen} does not fit a family of {stages} stages; one of 0 to {stages}")
    return (0.0,) * frozen + tuple(phase.decay ** (stages - stage) for stage in range(frozen, stages))


def spans(phases: Sequence[Phase], epochs: int) -> tuple[range, ...]:
    """Divide the epochs 1 to `epochs` among the phases by their shares; each phase has at least one.

    Raises:
        UserError: fewer epochs than phases.
    """
    if phases and epochs < len(phases):
        raise UserError(f"epochs {epochs}: a regime of {len(phases)} phases needs at least {len(phases)}")
    total, ends = sum(phase.share for phase in phases), [0]
    for index in range(len(phases)):
        by_share = round(epochs * sum(phase.share for phase in phases[: index + 1]) / total)
        latest = epochs - (len(phases) - index - 1)  # each phase that follows needs an epoch
        ends.append(min(max(by_share, ends[-1] + 1), latest))
    return tuple(range(first + 1, last + 1) for first, last in pairwise(ends))


def check_name(regime: str) -> None:
    """Check that a regime exists.

    Raises:
        UserError: unknown regime; names the choices.
    """
    if regime not in REGIMES:
        raise UserError(f"unknown regime {regime!r}; one of {', '.join(REGIMES)}")


def _check(config: Config) -> None:
    check_name(config.regime)
    for name in NEEDED:
        readers = [regime for regime, names in READS.items() if name in names]
        value = getattr(config, name)
        if value is None and config.regime in readers and config.regime not in OPTIONAL:
            raise UserError(f"regime {config.regime!r} needs {name}")
        if value is not None and config.regime not in readers:
            raise UserError(f"{name} {value} is not read by regime {config.regime!r}; only by {', '.join(readers)}")
    if not 0 < config.probe_share < 1:
        raise UserError(f"probe_share {config.probe_share} must be between 0 and 1, both excluded")
    for name in ("lr_decay", "phase_decay"):
        if not 0 < getattr(config, name) <= STEEPEST:
            raise UserError(f"{name} {getattr(config, name)} must be above 0, and at most {STEEPEST:g}")


def _rates(text: str) -> tuple[float, ...]:
    """Parse rates as `0.4/0.65/1`."""
    if not _RATES.fullmatch(text):
        raise UserError(f"stage_rates {text!r}: write a number per stage, input first, e.g. 0.4/0.65/1; 0 freezes")
    return tuple(float(part) for part in text.split("/"))


def phases(config: Config) -> tuple[Phase, ...]:
    """Give a trial's phases in order; none where nothing is trained by gradients."""
    return regime(config, len(families.load(config.family, **families.options_of(config)).stages)).phases
