"""Weights that a study trains itself before its trials: what they are called, and what they are made from.

Trials name them as their `weights`: a pretext (`patches`), a pretext and the task whose images it takes
(`rotation:gtsrb`), or a name that the space explains under `sources`, as it does for the tasks of a chain. Weights may
be trained from others' weights on. Knows no torch, and trains nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from study.data.tasks import data_set
from study.errors import UserError
from study.models import families
from study.pretraining import pretexts
from study.space.config import Config, check_type, config, names
from study.space.rules import MOST_TASKS

if TYPE_CHECKING:
    from study.space.space import Cell

INHERITED = names(pretraining="inherited")
"""Hyperparameters that weights share with the trials that start from them."""
TRAINED = (*names(pretraining="own"), *names(pretraining="own head"))
"""Hyperparameters of the pretraining itself, each with `Config`'s default."""
LATER = (*names(pretraining="resumed"), *names(pretraining="resumed head"))
"""Hyperparameters that a training which goes on from trained weights shares with the trials: what of them it keeps."""
EPOCHS = 20
MOST = 20_000
"""Epochs of a pretraining: its scores after each of them are one line of the ledger."""
STUDY, REPLICATE = "study", "replicate"
_OWN: dict[str, tuple[type, ...]] = {
    "pretext": (str,),
    "task": (str,),
    "weights": (str,),
    "per": (str,),
    "epochs": (int,),
    "images": (int, type(None)),
}


@dataclass(frozen=True)
class Source:
    """A training whose weights trials start from."""

    name: str
    """As trials call it."""
    pretext: str
    options: dict[str, pretexts.Option]
    """All of the pretext's."""
    config: Config
    """Of the network and its training; its task gives the images."""
    epochs: int
    images: int | None
    """Training images that are used, drawn at random; None uses all."""
    before: "Source | None" = None
    """What it begins with; None: random weights, or the family's own."""
    per: str = STUDY
    """study: one training, for all. replicate: one for the search, and each replicate has one of its own."""

    @property
    def task(self) -> str:
        """What the rows of its scores call their task."""
        return f"{self.pretext}:{self.config.task}"

    @property
    def line(self) -> tuple["Source", ...]:
        """All trainings that lead to these weights, the first one first."""
        return (*(self.before.line if self.before else ()), self)

    @property
    def learnt(self) -> tuple["Source", ...]:
        """Those of them that learnt a task, in the order in which it was learnt."""
        return tuple(each for each in self.line if pretexts.load(each.pretext).LABELS)


def of(cell: "Cell") -> Source | None:
    """Give the training that a cell's weights come from; None where they are random or a family's own.

    Raises:
        UserError: the space explains them wrongly.
    """
    values = config(cell.values | cell.baseline)
    return None if values.regime == "scratch" else source(values.weights, cell.sources, values)


def source(name: str, explained: Mapping[str, Mapping[str, Any]], values: Config) -> Source | None:
    """Read what weights are made from.

    Args:
        name: of the weights.
        explained: what the space says of these and others: pretext, task, weights (which the training begins with; none
            is the default), per (study or replicate), epochs, images, the pretext's options, `TRAINED` and `LATER`.
        values: of a trial that starts from them.

    Returns:
        The training; None where the name is none of a pretext, and nothing is said of it.

    Raises:
        UserError: an unknown pretext, key or option, or a value that is of another type or out of range.
    """
    first, _, second = name.partition(":")
    given = explained.get(name)
    if given is None and (first not in pretexts.names() or first in families.load(values.family).weights):
        return None
    said = dict(given or {})
    _refuse_long(name, explained)
    if name in families.load(values.family).weights:
        raise UserError(f"sources: {name!r} are weights of family {values.family} itself; give those another name")
    try:
        others = {key: value for key, value in explained.items() if key != name}
        return _source(name, said.pop("pretext", first), said.pop("task", second or values.task), said, values, others)
    except UserError as error:
        raise UserError(f"weights {name!r}: {error}") from None


def _source(
    name: str, pretext: Any, task: Any, said: dict[str, Any], values: Config, others: Mapping[str, Mapping[str, Any]]
) -> Source:
    for key, value in {"pretext": pretext, "task": task, **said}.items():
        if key in _OWN:
            check_type(key, value, *_OWN[key])
    found = pretexts.load(pretext)
    epochs, images, per = said.pop("epochs", EPOCHS), said.pop("images", None), said.pop("per", STUDY)
    if not 1 <= epochs <= MOST:
        raise UserError(f"epochs {epochs} must be at least 1, and at most {MOST:,}")
    if images is not None and images < 2:
        raise UserError(f"images {images} must be at least 2")
    if per not in (STUDY, REPLICATE):
        raise UserError(f"unknown per {per!r}; one of {STUDY}, {REPLICATE}")
    before = _before(weights := said.pop("weights", "none"), values, others)
    if before and name in [each.name for each in before.line]:
        raise UserError(f"{name!r} go on from themselves")
    later = {key: said.pop(key) for key in LATER if key in said}
    if before:
        later = {key: getattr(values, key) for key in LATER} | later
    trained = {key: said.pop(key) for key in TRAINED if key in said} | {"regime": "fine_tune"} | later
    if odd := [key for key in said if key not in found.OPTIONS]:
        known = ", ".join([*_OWN, *found.OPTIONS, *TRAINED, *LATER])
        raise UserError(f"unknown key {odd[0]!r}; one of {known}")
    options = pretexts.options(pretext, said)
    inherited = {key: getattr(values, key) for key in INHERITED}
    if data_set(task) != data_set(values.task):
        inherited |= {"crop": None, "group_pattern": None}  # crops and file names are a data set's own
    asked = config({"head": found.HEAD, **inherited, **trained, "task": task, "weights": weights})
    found.check(options, asked.image_size)
    return Source(name, pretext, options, asked, epochs, images, before, per)


def _before(weights: str, values: Config, others: Mapping[str, Mapping[str, Any]]) -> Source | None:
    """Read which training another one goes on from; None where it begins with a family's own weights."""
    own = families.of(values).weights
    if weights in own:
        return None
    if (found := source(weights, others, values)) is None:
        told = ", ".join([*own, *others])
        raise UserError(f"unknown weights {weights!r} of family {values.family} to begin with; one of {told}")
    return found


def _refuse_long(name: str, explained: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse weights that go on from others', and these from others', more often than study.json could tell."""
    seen: set[str] = set()
    following: Any = name
    while isinstance(following, str) and following in explained and following not in seen:
        seen.add(following)
        following = explained[following].get("weights")
    if len(seen) > MOST_TASKS:
        raise UserError(f"weights {name!r} go on from others, and these from others, in a line of over {MOST_TASKS}")


def least(source: Source) -> int:
    """Give the side that the network's images must have at least, pixels."""
    asked = families.of(source.config)
    return -(-asked.min_size // asked.multiple) * asked.multiple
