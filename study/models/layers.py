"""What the stages of a network have that a regime can train, without building it: read from the store.

Finding it out takes seconds and imports torch, so it is done once for each network and version of the code.
"""

import functools
from typing import Any, NamedTuple

from study.errors import UserError
from study.models import families
from study.space.config import Config
from study.storage import store
from study.storage.study_folder import code_fingerprint

SHAPING = ("encoder", "stem", "stages")
"""Options of families that decide which layers a network has."""


class Layers(NamedTuple):
    """What of a stage can train."""

    rank: int
    """Largest rank of a matrix or dense kernel; 0 without any."""
    attention_rank: int
    """The same of the matrices of attention."""
    biases: int
    """Number of bias vectors."""
    norms: int
    """Number of scales and shifts of normalization layers."""
    batchnorms: int
    """Number of BatchNorm layers."""


def of(config: Config) -> tuple[Layers, ...]:
    """Describe the stages of a trial's network, input first."""
    options = {key: value for key, value in families.options_from(config.family, vars(config)).items() if value}
    shaping = tuple((key, value) for key, value in options.items() if key in SHAPING)
    return _of(config.family, shaping, str(store.root()))


@functools.cache
def _of(family: str, options: tuple[tuple[str, Any], ...], root: str) -> tuple[Layers, ...]:
    key = {"layers": family, "options": dict(options), "code": code_fingerprint(), **families.versions(family)}
    try:
        described = store.make_once("networks", key, lambda _: {"stages": _describe(family, dict(options))}).meta
    except OSError:  # a store that cannot be written costs time only
        described = {"stages": _describe(family, dict(options))}
    return tuple(Layers(*stage) for stage in described["stages"])


def _describe(family: str, options: dict[str, Any]) -> list[Layers]:
    import torch

    from study.models import tuning

    try:
        with torch.device("meta"):
            net = families.build(family, "none", 2, **options)
    except (NotImplementedError, RuntimeError):  # a few constructors need values
        with torch.random.fork_rng(devices=[]):
            net = families.build(family, "none", 2, **options)
    return [tuning.layers(stage) for stage in net.stages]


def check(config: Config, tuned: str) -> None:
    """Refuse to train what the stages that are not frozen lack; where all are frozen, nothing of them trains.

    Args:
        config: of a trial.
        tuned: what of its stages trains, see `study.models.tuning.Tuned`.

    Raises:
        UserError: names what is lacking.
    """
    trained = of(config)[config.freeze_depth or 0 :]
    if tuned == "all" or not trained:
        return
    stages = f"the stages of {config.family} that train"
    if tuned == "lora":
        attention = config.lora_layers == "attention"
        largest = max(stage.attention_rank if attention else stage.rank for stage in trained)
        if not largest:
            raise UserError(f"lora_layers {config.lora_layers!r}: {stages} have no matrix{' of attention' * attention}")
        if config.lora_rank > largest:
            raise UserError(f"lora_rank {config.lora_rank}: no matrix in {stages} has a rank above {largest}")
    elif not any(stage.biases if tuned == "bias" else stage.norms for stage in trained):
        raise UserError(f"regime {tuned!r}: {stages} have no {'biases' if tuned == 'bias' else 'normalization layers'}")
