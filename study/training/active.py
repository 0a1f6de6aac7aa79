"""Which hyperparameters a trial reads; the others are left empty in the table, and tuning one is a mistake."""

from collections.abc import Mapping
from dataclasses import asdict

from study.models import families
from study.space.config import Config, config, names
from study.space.distributions import Value
from study.training import regimes

GRADIENTS = names(reader="training by gradients")
"""Hyperparameters that only training by gradients reads."""


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
    return deciders


def read_values(values: Mapping[str, object]) -> dict[str, Value]:
    """Give all hyperparameters of a trial as its rows show them: defaults filled in, None where nothing reads them."""
    trial = config(values)
    weights = {"weights": "none"} if trial.regime == "scratch" else {}
    return asdict(trial) | dict.fromkeys(unread(trial)) | weights
