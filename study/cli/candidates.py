"""The networks that `study.rank` compares, and the study that it proposes of the best: a space, and its file's text.

Knows what a space is, and nothing of features or probes; imports no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from study.errors import UserError
from study.models import families
from study.space import Space, log_uniform
from study.space.space import Cell, Value

SEPARATOR = "@"
"""Between a family and its weights: `timm/NAME@FILE`."""
FROZEN = "feature_extraction"
REGIMES = (FROZEN, "fine_tune")
RATES, DECAYS = (3e-5, 3e-2), (1e-5, 1e-1)
MOST = 4
"""Networks in the study that is proposed."""


class Candidate(NamedTuple):
    """A network with its weights."""

    family: str
    weights: str

    def __str__(self) -> str:
        """As it is written in `--families`."""
        return self.family + (f"{SEPARATOR}{self.weights}" if self.weights != "pretrained" else "")


def candidates(written: Sequence[str], weights: str) -> list[Candidate]:
    """Read networks that are written as FAMILY or FAMILY@WEIGHTS.

    Args:
        written: of each network.
        weights: of networks that are written without.

    Raises:
        UserError: none is named, one is named twice, or there is no such family.
    """
    if not written:
        raise UserError("--families is missing; name networks with commas between them: resnet18,timm/convnext_atto")
    read: list[Candidate] = []
    for each in written:
        family, separator, own = each.strip().partition(SEPARATOR)
        if not family or (separator and not own):
            raise UserError(f"--families: {each!r} names no network; write FAMILY or FAMILY{SEPARATOR}WEIGHTS")
        families.load(family)
        if family in [candidate.family for candidate in read]:
            raise UserError(f"--families: {family} is named twice; a study compares a network with one set of weights")
        read.append(Candidate(family, own or weights))
    return read


def space(networks: Sequence[Candidate], task: str, fixed: Mapping[str, Value]) -> Space:
    """Make the study of some networks: frozen features, which `study.rank` has left in the store, and fine-tuning.

    Args:
        networks: to compare.
        task: of `study.data.tasks`.
        fixed: hyperparameters that all trials share.
    """
    usual = networks[0].weights
    settings: dict[str, dict[str, Value]] = {f"regime={FROZEN}": {"augment": 0.0}}
    settings |= {f"family={each.family}": {"weights": each.weights} for each in networks if each.weights != usual}
    if len(settings) > 1:
        settings |= {f"family={each.family}": {"weights": each.weights} for each in networks}
    return Space(
        task=task,
        compared={"family": tuple(each.family for each in networks), "regime": REGIMES},
        settings=settings,
        tuned={"lr": log_uniform(*RATES), "weight_decay": log_uniform(*DECAYS)},
        baseline={"lr": 1e-3, "weight_decay": 1e-2},
        fixed=({} if len(settings) > 1 else {"weights": usual}) | {"batch_size": 32, **fixed},
        trials=8,
        epochs=8,
        replicates=5,
    )


def narrowed(whole: Space, families: Sequence[str]) -> Space:
    """Leave some families of a space."""
    gone = [f"family={each}" for each in whole.compared["family"] if each not in families]
    settings = {where: values for where, values in whole.settings.items() if where not in gone}
    return replace(whole, compared={**whole.compared, "family": tuple(families)}, settings=settings)


def frozen(whole: Space) -> list[Cell]:
    """Give the cells whose features are ranked, one a family."""
    return [cell for cell in whole.cells() if cell.values["regime"] == FROZEN]


def text(proposed: Space) -> str:
    """Write a space as the file that `study.run` takes."""
    lines = [
        '"""The networks that study.rank could not tell apart from the best: frozen, or fine-tuned?',
        "",
        "Frozen features are of the images themselves, and already in the store.",
        '"""',
        "",
        "from study.space import Space, log_uniform",
        "",
        "SPACE = Space(",
        f"    task={proposed.task!r},",
        *_mapping("compared", proposed.compared),
        *_mapping("settings", proposed.settings),
        f'    tuned={{"lr": log_uniform{RATES!r}, "weight_decay": log_uniform{DECAYS!r}}},',
        *_mapping("baseline", proposed.baseline),
        *_mapping("fixed", proposed.fixed),
        *(f"    {name}={getattr(proposed, name)!r}," for name in ("trials", "epochs", "replicates")),
        ")",
    ]
    return "\n".join(lines) + "\n"


def _mapping(name: str, values: Mapping[str, object]) -> list[str]:
    return [f"    {name}={{", *(f"        {key!r}: {value!r}," for key, value in values.items()), "    },"]
