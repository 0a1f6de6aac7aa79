"""The question that options pose: the space as changed by them, its cells and its folder, checked without any data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from study.cli import checks
from study.cli.catalogue import known, load
from study.cli.options import Options
from study.data import tasks
from study.data.tasks import data_set
from study.errors import UserError
from study.plugins import Code
from study.pretraining import sources
from study.search import own_code
from study.space import Space
from study.space.config import Config, read
from study.space.distributions import Value
from study.space.space import Cell, select
from study.storage import mirror


class Question(NamedTuple):
    """What a study is to answer, and where."""

    name: str
    """The space's: of its file, or of a space that is an object the one that it was run with."""
    space: Space
    """As the options change it."""
    cells: list[Cell]
    """Those that are to run."""
    folder: Path
    """For the results, absolute."""
    code: tuple[Code, ...] = ()
    """Of the user's own that the cells use."""


def resolve(options: Options, here: bool = True) -> Question:
    """Give the question that options pose.

    Args:
        options: as `parse` gave them.
        here: whether the study is to run on this machine, and its folders of images must be there.

    Raises:
        UserError: the options name something that does not exist or contradict each other, or a cell cannot run.
    """
    if not options.space:
        raise UserError(f"--space is missing; one of {', '.join(known())}, or a path to a .py file")
    if here and options.data and not options.data.exists() and not options.download:
        raise UserError(f"--data {options.data}: no such folder (--download fetches the data set into it)")
    if here and options.download and options.data and options.data.is_file():
        raise UserError(f"--data {options.data}: is a file; name a folder to fetch into")
    if here and options.source_data and not options.source_data.is_dir():
        raise UserError(f"--source-data {options.source_data}: no such folder")
    if options.download and not options.data:
        raise UserError("--download needs --data DIR, the folder to fetch into")
    sizes = {key: getattr(options, key) for key in ("trials", "epochs", "replicates")}
    loaded = options.space if isinstance(options.space, Space) else load(options.space)
    checks.check_read(fixed(loaded, options.set).cells())
    resized = replace(loaded.scaled(options.scale), **{key: size for key, size in sizes.items() if size is not None})
    space = fixed(resized, options.set)
    cells = [of_data(cell, options.data) for cell in select(space.cells(), options.only)]
    _check_source_data(options, cells)
    own = tasks.own(str(cells[0].values["task"]))
    pattern = next((value for cell in cells if (value := cell.values.get("group_pattern")) is not None), None)
    if own and pattern is not None and not options.data:
        raise UserError(f"group_pattern {pattern!r} names groups of your own images: say where they are with --data")
    if own and not options.data and any(cell.values.get("copies") == "note" for cell in cells):
        raise UserError("copies 'note' is about copies in your own images: say where they are with --data")
    if options.inspect and not (options.data and own):
        raise UserError("--inspect is for images of your own: --space folder, or one with task folder, and --data")
    checks.check_cells(cells, space.epochs)
    name = options.name or "study" if isinstance(options.space, Space) else Path(str(options.space)).stem
    return Question(name, space, cells, _folder(options.out, name), own_code.of(cells))


def fixed(space: Space, changes: Sequence[str]) -> Space:
    """Fix hyperparameters that a space neither compares nor tunes nor sets in some cells.

    Args:
        space: as it is.
        changes: KEY=VALUE, each a hyperparameter.

    Raises:
        UserError: an unknown one, one of another role, or a value of another type.
    """
    values: dict[str, Value] = {}
    for item in changes:
        key, equals, text = item.partition("=")
        if not equals:
            raise UserError(f"--set {item}: write KEY=VALUE, as in --set image_size=64")
        if key in space.compared:
            raise UserError(f"--set {item}: {key!r} is compared here; --only {item} keeps some of its values")
        own = [where for where, settings in space.settings.items() if key in settings]
        if key == "task" or key in space.tuned or own:
            role = "the space's own" if key == "task" else "tuned here" if key in space.tuned else f"set for {own[0]}"
            raise UserError(f"--set {item}: {key!r} is {role}; copy the space's file and change it there")
        try:
            values[key] = read(key, text)
        except UserError as error:
            raise UserError(f"--set {item}: {error}") from None
    return replace(space, fixed={**space.fixed, **values})


def of_data(cell: Cell, data: Path | None) -> Cell:
    """Give a cell the task that the data set is for, where a task's data say that."""
    if data is None or not data.exists():
        return cell
    layout = str(cell.values.get("layout", Config.layout))
    return replace(cell, values=cell.values | {"task": tasks.of_data(str(cell.values["task"]), data, layout)})


def _check_source_data(options: Options, cells: list[Cell]) -> None:
    """Refuse real images with weights of a stand-in, unless that is meant, and a folder that nothing reads."""
    recipes = {each.name: each for cell in cells if (source := sources.of(cell)) for each in source.line}
    own = {data_set(str(cell.values["task"])) for cell in cells}
    other = [each for each in recipes.values() if data_set(each.config.task) not in own]
    if options.source_data and not other:
        raise UserError(
            f"--source-data {options.source_data}: no weights of these cells are trained on another data set"
        )
    if options.data and other and not options.source_data:
        weights = f"weights {other[0].name!r} are trained on task {other[0].config.task}"
        raise UserError(
            f"{weights}: name its real data set with --source-data DIR, since --data has that of the trials"
        )


def _folder(out: Path | str | None, name: str) -> Path:
    """Give the folder that the study works in, absolute."""
    if isinstance(out, str):
        return mirror.workplace(out)
    return (out or Path("results") / name).absolute()
