"""Fetches pretrained weights from their hosts before a study starts, and says which cells cannot get theirs."""

from study.errors import UserError
from study.models import families
from study.pretraining import sources
from study.space.config import Config, config
from study.space.space import Cell


def fetch_weights(cells: list[Cell]) -> dict[int, str]:
    """Get pretrained weights that come from a host now, once, rather than in every worker.

    Returns:
        Number of a cell whose weights cannot be had → why.

    Raises:
        UserError: there is no cell whose weights can be had; the text says how to place them by hand.
    """
    absent, problems = {}, {}
    for number, cell in enumerate(cells):
        asked, source = config(cell.values | cell.baseline), sources.of(cell)
        if source is not None:
            asked = source.line[0].config
        key = (asked.family, asked.weights, *families.options_of(asked).values())
        if asked.weights == "none":
            continue
        if key not in problems and asked.regime != "scratch":
            problems[key] = _problem(asked)
        if asked.regime != "scratch" and (problem := problems.get(key)):
            absent[number] = problem
    if len(absent) == len(cells):
        raise UserError("; ".join(dict.fromkeys(absent.values())))
    return absent


def _problem(asked: Config) -> str | None:
    """Fetch a family's weights; returns what is wrong where that fails."""
    try:
        if (fetch := families.load(asked.family, **families.options_of(asked)).fetch) is not None:
            fetch()
    except UserError as error:
        return str(error)
    return None
