"""Lists the code of a user's own that a study's cells use: of families, tasks and pretexts."""

from collections.abc import Iterator, Sequence

from study import plugins
from study.data import tasks
from study.data.tasks import data_set
from study.models import families
from study.plugins import Code
from study.pretraining import pretexts, sources
from study.space.config import config
from study.space.space import Cell


def of(cells: Sequence[Cell]) -> tuple[Code, ...]:
    """Read the code that the cells use, each once.

    Raises:
        UserError: a file is gone.
    """
    names = dict.fromkeys(name for cell in cells for name in _names(cell))
    return tuple(plugins.code(kind, name) for kind, name in names)


def _names(cell: Cell) -> Iterator[tuple[str, str]]:
    """Give kind and name of what a cell uses and the package does not have."""
    values, source = config(cell.values | cell.baseline), sources.of(cell)
    trainings = [each for each in (source.line if source else ()) if isinstance(each, sources.Source)]
    for each in (values, *(training.config for training in trainings)):
        if families.is_own(each.family):
            yield "family", each.family
        if tasks.versions(each.task):
            yield "task", data_set(each.task)
    for training in trainings:
        if pretexts.versions(training.pretext):
            yield "pretext", training.pretext
