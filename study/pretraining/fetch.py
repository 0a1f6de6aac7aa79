"""Fetches pretrained weights from their hosts before a study starts, and lists the cells whose weights are missing."""

from study.errors import UserError
from study.models import families
from study.pretraining import sources
from study.pretraining.imported import WeightsFile
from study.space.config import Config, config
from study.space.space import Cell

NAMED = 2
"""Most families whose reasons are all written out."""


def fetch_weights(cells: list[Cell]) -> dict[int, str]:
    """Fetch pretrained weights from their hosts once, now, rather than in every worker.

    Returns:
        Number of a cell whose weights cannot be fetched → the reason.

    Raises:
        UserError: no cell's weights can be fetched; the text says how to place them by hand.
    """
    absent, problems = {}, {}
    for number, cell in enumerate(cells):
        values, source = config(cell.values | cell.baseline), sources.of(cell)
        first = source.line[0] if source else None
        if isinstance(first, WeightsFile):
            continue
        if first is not None:
            values = first.config
        key = (values.family, values.weights, *families.options_of(values).values())
        if values.weights == "none":
            continue
        if key not in problems and values.regime != "scratch":
            problems[key] = _problem(values)
        if values.regime != "scratch" and (problem := problems.get(key)):
            absent[number] = problem
    if len(absent) == len(cells):
        raise UserError(_all({str(key[0]): problem for key, problem in problems.items() if problem}))
    return absent


def _all(problems: dict[str, str]) -> str:
    """Join the reasons of some families; of more than `NAMED` the first one alone, with the names of the others."""
    first, *others = problems
    if len(problems) <= NAMED:
        return "; ".join(dict.fromkeys(problems.values()))
    rest = f"nor those of {', '.join(others)}: python -m study.backbones NAME says where each belongs"
    return f"{problems[first]}; {rest}"


def _problem(values: Config) -> str | None:
    """Fetch a family's weights; returns the reason if that fails, else None."""
    try:
        if (fetch := families.load(values.family, **families.options_of(values)).fetch) is not None:
            fetch()
    except UserError as error:
        return str(error)
    return None
