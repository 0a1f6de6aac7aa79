"""What can be refused about a study's cells before anything is decoded or started.

Knows which values families, regimes and optimizers take; imports no torch.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from study.data import splits, tasks
from study.errors import UserError
from study.models import cards, families, heads, layers, weight_files
from study.pretraining import pretexts, sources
from study.pretraining.imported import WeightsFile
from study.space import distributions
from study.space.config import Config, check_crop, check_pattern, config
from study.space.ranges import check_choices, check_ranges, check_size
from study.space.space import Cell, Value
from study.training import regimes
from study.training.active import unread, unread_by_network

if TYPE_CHECKING:
    from study.data.prepare import Prepared


def check_cells(cells: list[Cell], epochs: int) -> None:
    """Check each cell at its baseline and at the ends of what it samples.

    Args:
        cells: of the study.
        epochs: of a trial.

    Raises:
        UserError: a trial of some cell would fail; the text names the cell, the value and the choices.
    """
    for cell in cells:
        for tuned in [cell.baseline, *_extremes(cell)]:
            try:
                _check(_without(cell, config(cell.values | tuned)), epochs, cell.as_published)
                _check_read(cell)
            except UserError as error:
                raise UserError(f"cell {cell.name!r}: {error}") from None


def _without(cell: Cell, trial: Config) -> Config:
    """Give a cell's configuration with random weights in the place of those that are to be trained.

    Raises:
        UserError: these cannot be trained as the space says.
    """
    source = sources.of(cell)
    if source is None:
        _check_weights(trial)
        return trial
    for learnt in source.learnt:
        task = learnt.config.task
        if task == trial.task:
            message = f"weights {learnt.name!r} are trained on {task}, the trials' own task, with all its labels"
            raise UserError(f"{message}, whatever the label fraction; name another task, as in {learnt.pretext}:TASK")
        if tasks.several(tasks.load(task)):
            raise UserError(f"weights {learnt.name!r}: the images of {task} have several labels, not one class")
    if regimes.regime(replace(trial, weights="none"), len(families.of(trial).stages)).head == "source":
        origin = "from a file" if isinstance(source, WeightsFile) else "trained first"
        raise UserError(f"weights {source.name!r} are {origin} and have no source head; {trial.regime} needs one")
    for each in source.line:
        check_source(each)
    return replace(trial, weights="none")


def check_source(source: sources.Source | WeightsFile) -> None:
    """Refuse weights that cannot be trained as they are to be, and what is no file of weights.

    Raises:
        UserError: names the hyperparameter, or the file.
    """
    if isinstance(source, WeightsFile):
        weight_files.check(source.path)
        return
    _check(source.config if source.before is None else replace(source.config, weights="none"), source.epochs, False)


def _check_weights(trial: Config) -> None:
    """Refuse weights that are neither the family's own nor to be trained first."""
    own = families.load(trial.family, **families.options_of(trial)).weights
    regimes.check_name(trial.regime)
    if trial.regime != "scratch" and trial.weights not in own:
        message = f"unknown weights {trial.weights!r} of family {trial.family}; one of {', '.join(own)}"
        first = f"{', '.join(pretexts.names())}, one of these with a task, as in rotation:gtsrb"
        files = f"a file {', '.join(weight_files.SUFFIXES[:3])}"
        raise UserError(f"{message}; or {files}; or, to be trained first, {first}, or a name under sources")


def last_phase(cell: Cell, epochs: int) -> int:
    """Give the first epoch of a cell's last phase; before it, trials have not yet done what they are compared for."""
    phases = regimes.phases(config(cell.values | cell.baseline))
    return regimes.spans(phases, epochs)[-1].start if len(phases) > 1 else 0


def check_read(cells: list[Cell]) -> None:
    """Refuse hyperparameters that a space compares or sets and that none of its cells reads.

    Args:
        cells: all of the space's.

    Raises:
        UserError: names one.
    """
    configs = [(cell, config(cell.values | cell.baseline)) for cell in cells]
    named = {each.name for cell in cells if (source := sources.of(cell)) for each in source.line}
    named |= {values.weights for _, values in configs if values.regime != "scratch"}
    for name in cells[0].sources if cells else ():
        if name not in named:
            names = ", ".join(sorted(named)) or "none"
            raise UserError(f"sources: no cell starts from weights {name!r}; the cells' weights are {names}")
    for name in dict.fromkeys(name for cell in cells for name in cell.values):
        own = [values for cell, values in configs if name in cell.values]
        unread_by_cell = [unread_by_network(values, (name,)) | unread(values) for values in own]
        if all(name in ignored for ignored in unread_by_cell):
            message = f"{name!r} is set and not read by any cell's {unread_by_cell[0][name]}"
            raise UserError(f"{message}; leave it out, or see study/training/active.py for who reads it")


def check_data(cells: list[Cell], prepared: list["Prepared"]) -> None:
    """Check each cell against its data, before any worker starts.

    Raises:
        UserError: a head that has too few outputs, or splits that cannot be cut.
    """
    from study.data import prepare

    for cell, source in zip(cells, prepared, strict=True):
        trial = config(cell.values | cell.baseline)
        if trial.head_classes is not None and trial.head_classes < len(source.classes):
            message = f"head_classes {trial.head_classes} are too few for task {trial.task}"
            raise UserError(f"cell {cell.name!r}: {message} of {len(source.classes)} classes")
        if source.several:
            _check_several(cell, trial)
        if trial.validation == "groups":
            prepare.open_data(source, splits.cut(trial), 0, 0, sealed=True)


def _check_several(cell: Cell, trial: Config) -> None:
    """Refuse what has no meaning where an image has several labels.

    Raises:
        UserError: names it.
    """
    odd = {"regime": trial.regime in ("zero_shot", "prototype"), "subset": trial.subset == "random"}
    odd |= {"label_smoothing": trial.label_smoothing > 0, "balance": trial.balance == "on"}
    for name in (name for name, wrong in odd.items() if wrong):
        message = f"{name} {getattr(trial, name)!r} is for tasks whose images have one class"
        raise UserError(f"cell {cell.name!r}: {message}; those of {trial.task} have several labels")


def _check(trial: Config, epochs: int, as_published: bool) -> None:
    check_choices(trial)
    check_size(trial.image_size)
    if trial.upsample is not None:
        check_size(trial.upsample, "upsample")
    check_crop(trial.crop, trial.task, tasks.load(trial.task).CROPS)
    if trial.group_pattern is not None:
        check_pattern(trial.group_pattern)
        if not tasks.own(trial.task):
            raise UserError(f"group_pattern {trial.group_pattern!r} is read by task folder alone, not by {trial.task}")
    if trial.layout != Config.layout and not tasks.own(trial.task):
        raise UserError(f"layout {trial.layout!r} is read by task folder alone, not by {trial.task}")
    if trial.copies != "stop" and not tasks.own(trial.task):
        raise UserError(f"copies {trial.copies!r} is read by task folder alone, not by {trial.task}")
    if trial.validation == "test" and not as_published:
        raise UserError("validation 'test' belongs to cells with version=published alone: the test is sealed elsewhere")
    splits.check_share(trial.validation_share)
    _check_regime(trial, epochs)
    check_ranges(trial)


def _check_regime(trial: Config, epochs: int) -> None:
    """Check that regime, family, weights, head and epochs go together."""
    options = families.options_of(trial)
    stages = len(families.load(trial.family, **options).stages)
    regime = regimes.regime(trial, stages)
    family = families.check(trial.family, regime.weights, trial.upsample or trial.image_size, **options)
    families.try_out(trial.family, family, trial.upsample or trial.image_size, **options)
    for phase in regime.phases:
        regimes.multipliers(phase, stages)
        if phase.tuned != "all":
            check_ranges(trial)
            layers.check(trial, phase.tuned)
    regimes.spans(regime.phases, epochs)
    heads.widths(trial.head)
    if regime.head == "source" and (family.source_classes is None or regime.weights == "none"):
        message = f"family {trial.family!r} with weights {regime.weights!r} has no source head"
        raise UserError(f"{message}; {trial.regime} needs one")
    if regime.head == "source" and (trial.head_classes or 0) > (family.source_classes or 0):
        raise UserError(f"head_classes {trial.head_classes}: the source head has {family.source_classes} outputs")
    if trial.head_classes is not None and trial.head_classes < 2:
        raise UserError(f"head_classes {trial.head_classes} must be at least 2")
    if trial.head_classes is not None and trial.head_classes > cards.OUTPUTS:
        raise UserError(f"head_classes {trial.head_classes} must be at most {cards.OUTPUTS:,}")


def _check_read(cell: Cell) -> None:
    """Refuse to tune what no trial of the cell reads: a search would spend its trials on nothing."""
    trial = config(cell.values | cell.baseline)
    ignored = unread_by_network(trial, cell.tuned) | unread(trial)
    if "optimizer" in cell.tuned and "sgd" in distributions.ends(cell.tuned["optimizer"]):
        ignored.pop("momentum", None)
    for name in cell.tuned.keys() & ignored.keys():
        message = f"tuned {name!r} is not read by {ignored[name]} {getattr(trial, ignored[name])!r}"
        raise UserError(f"{message}; tune it elsewhere alone: only={{{name!r}: {{…}}}}")


def _extremes(cell: Cell) -> list[dict[str, Value]]:
    """The baseline with one hyperparameter at each end of its range, or at each of its choices."""
    return [cell.baseline | {name: end} for name, tuned in cell.tuned.items() for end in distributions.ends(tuned)]
