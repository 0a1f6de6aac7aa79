"""Which hyperparameters a trial reads: the others are left empty in the table, and tuning one is a mistake.

Knows nothing of how a value is used.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from study.models import families
from study.space.config import Config, config, names
from study.training import regimes

GRADIENTS = names(reader="training by gradients")
"""What only a training by gradients reads."""


def unread(asked: Config) -> dict[str, str]:
    """Name the hyperparameters that a trial does not read, each with the hyperparameter that decides it."""
    found = dict.fromkeys(("momentum",) if asked.optimizer != "sgd" else (), "optimizer")
    described = {name for names in regimes.READS.values() for name in names}
    found |= dict.fromkeys(described - set(regimes.READS.get(asked.regime, ())), "regime")
    found |= dict.fromkeys(set(families.OPTIONS) - set(families.options(asked.family)), "family")
    if asked.validation != "groups":
        found |= {"validation_share": "validation"}
    if asked.regime in ("zero_shot", "prototype"):
        found |= dict.fromkeys((*GRADIENTS, "momentum"), "regime")
    if asked.regime == "zero_shot":
        found |= {"label_fraction": "regime", "subset": "regime"}
    if asked.regime == "prototype":
        found |= {"head_classes": "regime"}
    return found


def read_values(values: Mapping[str, object]) -> dict[str, Any]:
    """Give all hyperparameters of a trial as its rows show them: defaults filled in, empty where nothing reads them."""
    asked = config(values)
    weights = {"weights": "none"} if asked.regime == "scratch" else {}
    return asdict(asked) | dict.fromkeys(unread(asked)) | weights
