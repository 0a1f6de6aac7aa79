"""Which hyperparameters a trial reads; the others are left empty in the table, and tuning one is a mistake."""

from collections.abc import Collection, Mapping
from dataclasses import asdict

from study.models import families, layers
from study.space.config import Config, config, names
from study.space.distributions import Value
from study.training import regimes

GRADIENTS = names(reader="training by gradients")
"""Hyperparameters that only training by gradients reads."""
STILL = ("lora", "bias")
"""Regimes under which the statistics of BatchNorm stay as they were loaded."""
BATCHNORM = ("freeze_batchnorm", "batchnorm_momentum", "batchnorm_epsilon")
"""Hyperparameters of BatchNorm layers alone."""


def unread(trial: Config) -> dict[str, str]:
    """Map each hyperparameter that a trial does not read to the hyperparameter that decides so."""
    deciders = dict.fromkeys(("momentum",) if trial.optimizer != "sgd" else (), "optimizer")
    of_regimes = {name for names in regimes.READS.values() for name in names}
    deciders |= dict.fromkeys(of_regimes - set(regimes.READS.get(trial.regime, ())), "regime")
    deciders |= dict.fromkeys(set(families.OPTIONS) - set(families.options(trial.family)), "family")
    if trial.validation != "groups":
        deciders |= {"validation_share": "validation"}
    if trial.regime in ("zero_shot", "prototype"):
        deciders |= dict.fromkeys((*GRADIENTS, "momentum"), "regime")
    if trial.regime == "zero_shot":
        deciders |= {"label_fraction": "regime", "subset": "regime"}
    if trial.regime == "prototype":
        deciders |= {"head_classes": "regime"}
    if trial.regime in STILL:
        deciders |= dict.fromkeys(("freeze_batchnorm", "batchnorm_momentum"), "regime")
    return deciders


def unread_by_network(trial: Config, names: Collection[str]) -> dict[str, str]:
    """Map those of some hyperparameters that are BatchNorm's to the family, if the trial's network has no BatchNorm.

    Rows do not depend on it: a table can be made where a library's network cannot. Every family that is a file here has
    BatchNorm, as a test checks, so that only libraries' networks and families of one's own are looked at.
    """
    set_here = [name for name in BATCHNORM if name in names]
    if not set_here or _of_package(trial.family) or any(stage.batchnorms for stage in layers.of(trial)):
        return {}
    return dict.fromkeys(set_here, "family")


def _of_package(family: str) -> bool:
    return "/" not in family and not families.is_own(family)


def read_values(values: Mapping[str, object]) -> dict[str, Value]:
    """Give all hyperparameters of a trial as its rows show them: defaults filled in, None where nothing reads them."""
    trial = config(values)
    weights = {"weights": "none"} if trial.regime == "scratch" else {}
    return asdict(trial) | dict.fromkeys(unread(trial)) | weights
