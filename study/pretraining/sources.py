"""Reads which weights a study trains before its trials: what they are called, and how they are trained.

Trials name them as their `weights`: a pretext (`patches`), a pretext and the task whose images it takes
(`rotation:gtsrb`), or a name that the space explains under `sources`, as it does for the tasks of a chain. A training
may start from the weights of another one. Knows no torch.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from study.data.tasks import data_set
from study.errors import UserError
from study.models import families, weight_files
from study.pretraining import pretexts
from study.pretraining.imported import WeightsFile
from study.space.config import Config, config, names
from study.space.rules import MOST_TASKS
from study.space.values import check_type

if TYPE_CHECKING:
    from study.space.space import Cell

INHERITED = names(pretraining="inherited")
"""Hyperparameters that weights share with the trials that start from them."""
TRAINED = (*names(pretraining="own"), *names(pretraining="own head"))
"""Hyperparameters of the pretraining itself, each with `Config`'s default."""
LATER = (*names(pretraining="resumed"), *names(pretraining="resumed head"))
"""Hyperparameters that decide how much of its first weights a training keeps. A training that starts from trained
weights shares them with the trials."""
EPOCHS = 20
MOST = 20_000
"""Largest number of epochs of a pretraining, whose scores are one line of the ledger."""
STUDY, REPLICATE = "study", "replicate"
_OWN: dict[str, tuple[type, ...]] = {
    "pretext": (str,),
    "task": (str,),
    "weights": (str,),
    "per": (str,),
    "epochs": (int,),
    "images": (int, type(None)),
}
"""A training's own keys and their types; an error lists the keys in this order."""


@dataclass(frozen=True)
class SourceSettings:
    """One training's entry under `sources` of a space, sorted by who reads it."""

    pretext: str
    task: str
    weights: str = "none"
    """Weights that the training starts from: of another training, the family's own, or none."""
    per: str = STUDY
    epochs: int = EPOCHS
    images: int | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    """Values for `TRAINED` and `LATER`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """All other keys: options of the pretext, not checked yet."""


@dataclass(frozen=True)
class Source:
    """A training whose weights trials start from."""

    name: str
    """The weights' name in the trials' settings."""
    pretext: str
    options: dict[str, pretexts.Option]
    """All options of the pretext."""
    config: Config
    """Of the network and its training; its task gives the images."""
    epochs: int
    images: int | None
    """Number of training images, drawn at random; None uses all."""
    before: "Source | WeightsFile | None" = None
    """The training or file whose weights it starts from; None: random weights, or the family's own."""
    per: str = STUDY
    """study: one training for all trials. replicate: one for the search, and another for each replicate."""

    @property
    def task(self) -> str:
        """Name of the task in the rows of its scores."""
        return f"{self.pretext}:{self.config.task}"

    @property
    def line(self) -> tuple["Source | WeightsFile", ...]:
        """All trainings that lead to these weights, and this one as the last; a file may be the first."""
        return (*(self.before.line if self.before else ()), self)

    @property
    def learnt(self) -> tuple["Source", ...]:
        """Those trainings of `line` that learnt a task from its labels, in order."""
        trainings = [training for training in self.line if isinstance(training, Source)]
        return tuple(training for training in trainings if pretexts.load(training.pretext).LABELS)


def of(cell: "Cell") -> Source | WeightsFile | None:
    """Give the training or file that a cell's weights come from; None if they are random or a family's own.

    Raises:
        UserError: the space's recipe for the weights is wrong.
    """
    values = config(cell.values | cell.baseline)
    return None if values.regime == "scratch" else source(values.weights, cell.sources, values)


def files(cells: Iterable["Cell"]) -> list[WeightsFile]:
    """List the files of weights that cells start from, each once."""
    lines = [each.line for cell in cells if (each := of(cell))]
    return list(dict.fromkeys(each for line in lines for each in line if isinstance(each, WeightsFile)))


def source(name: str, recipes: Mapping[str, Mapping[str, Any]], values: Config) -> Source | WeightsFile | None:
    """Read how weights are trained, or which file has them.

    Args:
        name: of the weights.
        recipes: the space's `sources`, by name of the weights. A recipe's keys are pretext, task, weights (that the
            training starts from; none by default), per (study or replicate), epochs, images, the pretext's options,
            `TRAINED` and `LATER`.
        values: of a trial that starts from them.

    Returns:
        The training or file; None if the name is no path, no pretext's, and has no recipe.

    Raises:
        UserError: an unknown pretext, key or option, or a value that is of another type or out of range.
    """
    first, _, second = name.partition(":")
    recipe = recipes.get(name)
    if recipe is None and weight_files.is_file(name) and not pretexts.known(first):
        return WeightsFile(name, values)
    if families.published(name) == "imagenet" and (file := families.of(values).file):
        return WeightsFile(file, values)
    if recipe is None and (not pretexts.known(first) or first in families.load(values.family).weights):
        return None
    _refuse_long(name, recipes)
    if name in families.load(values.family).weights:
        raise UserError(f"sources: {name!r} are weights of family {values.family} itself; give those another name")
    try:
        settings = _parse({"pretext": first, "task": second or values.task, **(recipe or {})})
        return _source(name, settings, values=values, recipes={key: recipes[key] for key in recipes if key != name})
    except UserError as error:
        raise UserError(f"weights {name!r}: {error}") from None


def _parse(recipe: Mapping[str, Any]) -> SourceSettings:
    """Sort a recipe's keys by who reads them, and check the types of a training's own."""
    own = {key: value for key, value in recipe.items() if key in _OWN}
    for key, value in own.items():
        check_type(key, value, *_OWN[key])
    hyperparameters = {key: recipe[key] for key in (*TRAINED, *LATER) if key in recipe}
    options = {key: value for key, value in recipe.items() if key not in own and key not in hyperparameters}
    return SourceSettings(**own, hyperparameters=hyperparameters, options=options)


def _source(name: str, settings: SourceSettings, *, values: Config, recipes: Mapping[str, Mapping[str, Any]]) -> Source:
    """Check settings and build their training; `recipes` are those of other weights."""
    pretext = pretexts.load(settings.pretext)
    _check_ranges(settings)
    before = _before(settings.weights, recipes, values)
    if before and name in [each.name for each in before.line]:
        raise UserError(f"{name!r} go on from themselves")
    options = _options(settings, pretext)
    training_config = _config(settings, pretext, values=values, later=before is not None)
    pretext.check(options, training_config.image_size)
    return Source(
        name=name,
        pretext=settings.pretext,
        options=options,
        config=training_config,
        epochs=settings.epochs,
        images=settings.images,
        before=before,
        per=settings.per,
    )


def _check_ranges(settings: SourceSettings) -> None:
    """Refuse values of a training's own keys that are out of range."""
    if not 1 <= settings.epochs <= MOST:
        raise UserError(f"epochs {settings.epochs} must be at least 1, and at most {MOST:,}")
    if settings.images is not None and settings.images < 2:
        raise UserError(f"images {settings.images} must be at least 2")
    if settings.per not in (STUDY, REPLICATE):
        raise UserError(f"unknown per {settings.per!r}; one of {STUDY}, {REPLICATE}")


def _options(settings: SourceSettings, pretext: pretexts.Pretext) -> dict[str, pretexts.Option]:
    """Complete the pretext's options with its defaults, and refuse keys that nothing reads."""
    if unknown := [key for key in settings.options if key not in pretext.OPTIONS]:
        known = ", ".join([*_OWN, *pretext.OPTIONS, *TRAINED, *LATER])
        raise UserError(f"unknown key {unknown[0]!r}; one of {known}")
    return pretexts.options(settings.pretext, settings.options)


def _config(settings: SourceSettings, pretext: pretexts.Pretext, *, values: Config, later: bool) -> Config:
    """Make the configuration of the network and its training.

    Args:
        settings: of the training; its hyperparameters override all defaults.
        pretext: gives the default head.
        values: of the trials; give the defaults of `INHERITED`, and those of `LATER` where they are shared.
        later: whether the training starts from trained weights, so that it shares `LATER` with the trials.
    """
    inherited = {key: getattr(values, key) for key in (*INHERITED, *(LATER if later else ()))}
    if data_set(settings.task) != data_set(values.task):
        own = ("crop", "group_pattern", "layout", "copies")  # a data set's own
        inherited |= {name: getattr(Config, name) for name in own}
    defaults = {"head": pretext.HEAD, "regime": "fine_tune"} | inherited
    return config({**defaults, **settings.hyperparameters, "task": settings.task, "weights": settings.weights})


def _before(weights: str, recipes: Mapping[str, Mapping[str, Any]], values: Config) -> Source | WeightsFile | None:
    """Read the training or file that another one starts from; None if it starts from a family's own weights."""
    own = families.of(values).weights
    if weights in own:
        return None
    training = source(weights, recipes, values)
    if training is None:
        choices = ", ".join([*own, *recipes])
        raise UserError(f"unknown weights {weights!r} of family {values.family} to begin with; one of {choices}")
    return training


def _refuse_long(name: str, recipes: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a line of trainings, each starting from the one before, that is too long for study.json."""
    seen: set[str] = set()
    weights: Any = name
    while isinstance(weights, str) and weights in recipes and weights not in seen:
        seen.add(weights)
        weights = recipes[weights].get("weights")
    if len(seen) > MOST_TASKS:
        raise UserError(f"weights {name!r} go on from others, and these from others, in a line of over {MOST_TASKS}")


def least(source: Source) -> int:
    """Give the smallest side that images of the source's network may have, pixels."""
    family = families.of(source.config)
    return -(-family.min_size // family.multiple) * family.multiple
