"""Chooses a saved model of a study: that of the best cell on validation, or of a cell that the user names.

Knows the study's folder and the names of its models; knows nothing of tensors or images.
"""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from study.errors import UserError
from study.models.cards import CARD

if TYPE_CHECKING:
    from analysis.numbers.best_models import BestModel


class Chosen(NamedTuple):
    """A model and the reason for its choice."""

    folder: Path
    why: str
    """A sentence; empty where the user named the model's own folder."""


def choose(place: Path, cell: str | None = None) -> Chosen:
    """Choose a model of a study; scores on the test split play no part.

    Args:
        place: a study's folder, or a model's own.
        cell: the name of a cell; None is the one whose replicates have the highest mean validation score. Cells that
            were validated on the test split must be named.

    Raises:
        UserError: no such folder, or it has no model (of this cell).
        analysis.numbers.table.NoTableError: it is no study's folder.
        analysis.numbers.table.TableError: its table is damaged.
    """
    if (place / CARD).exists():
        if cell is not None:
            raise UserError(f"--cell {cell}: {place} is a model's own folder; give the study's, {place.parent.parent}")
        return Chosen(place, "")
    if not place.is_dir():
        raise UserError(f"no folder {place}: give a study's, e.g. results/gtsrb, or one of its models'")
    models = _models(place)
    if cell is not None:
        return _named(models, cell, place)
    fair = [model for model in models if not model.on_test]
    if not fair:
        reason = f"all models of {place} were validated on the test split, so none is chosen by that"
        raise UserError(f"{reason}: name one with --cell; {_choices(models)}")
    return _best(fair, len(models), place)


def _models(place: Path) -> "list[BestModel]":
    from analysis.numbers.best_models import NoModelError, best_models  # loads pandas, which a wrong folder never needs

    saved = [path.parent.name for path in place.glob(f"models/*/{CARD}")]
    try:
        return best_models(place, saved)
    except NoModelError as error:
        rule = "the first complete replicate of each cell leaves one in models/"
        raise UserError(f"{place} has no model: {rule}; {error}") from None


def _named(models: "list[BestModel]", cell: str, place: Path) -> Chosen:
    for model in models:
        if model.cell == cell:
            return Chosen(place / "models" / model.trial, f"cell {cell}, as named")
    raise UserError(f"--cell {cell}: {place} has no model of such a cell; {_choices(models)}")


def _best(fair: "list[BestModel]", total: int, place: Path) -> Chosen:
    """The model with the highest score among `fair`; `total` counts the models validated on the test split too."""
    best = max(fair, key=lambda model: model.val)
    cells = f"{total:,} cell{'s' * (total != 1)} with a model"
    unfair = f"; {total - len(fair)} validated on the test split passed over" if total > len(fair) else ""
    why = f"cell {best.cell}: highest mean validation score ({best.score}) of {cells}{unfair}"
    return Chosen(place / "models" / best.trial, f"{why}; test scores play no part")


def _choices(models: "list[BestModel]") -> str:
    return f"one of {'; '.join(repr(model.cell) for model in models)}"
