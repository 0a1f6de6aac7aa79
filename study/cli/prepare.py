"""Data sets are looked at, and decoded or rendered, before anything starts; how far that is can be seen.
Knows nothing of stores, cells' trials or how a study runs."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.cli import messages
from study.data import splits, tasks
from study.data.own_images import source_options
from study.data.tasks import data_set
from study.pretraining import sources
from study.pretraining.imported import ImportedWeights, of_file
from study.space.config import Config, config
from study.space.space import Cell

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from study.data.inspection import Inspection
    from study.data.prepare import Prepared
    from study.pretraining.initial_weights import InitialWeights


def inspect(cells: list[Cell], folder: Path | None, check: Callable[[], None], console: "Console", seed: int) -> None:
    """Show what is in images of the user's own; ends where something in them would make results wrong.

    Args:
        cells: of the study.
        folder: of the images, or a CSV file.
        check: called meanwhile; what it raises ends it.
        console: to show it on.
        seed: of the study.
    """
    for seen, size in inspections(cells, folder, check, console, seed):
        messages.print_inspection(seen, size, console)
        seen.refuse()


def inspections(
    cells: list[Cell], folder: Path | None, check: Callable[[], None], console: "Console", seed: int
) -> Iterator[tuple["Inspection", int]]:
    """Inspect images of the user's own in each way that the cells read them; the arguments are `inspect`'s.

    Yields:
        The inspection, and the side of the images that networks get, pixels.
    """
    from study.data.inspection import as_trained

    trials = [config(cell.values) for cell in cells]
    size = max(trial.image_size for trial in trials)
    for task, options in dict.fromkeys((trial.task, source_options(trial)) for trial in trials):
        own = tasks.own(task)
        if own is None or folder is None:
            continue
        with progress(console, "looking at the images", check) as advance:
            seen = own.inspect(folder, options, size, advance)
        cuts = [splits.cut(trial) for trial in trials if (trial.task, source_options(trial)) == (task, options)]
        yield as_trained(seen, cuts, seed), size


@contextlib.contextmanager
def progress(console: "Console", what: str, check: Callable[[], None]) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far something is; gives what is called with the number done and the total.

    Args:
        console: to show it on.
        what: is done.
        check: called meanwhile; what it raises ends it.
    """
    from rich.progress import Progress

    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        yield _told(shown, shown.add_task(what, total=None), check)


def prepare(
    wanted: list[Config], folder: Path | None, check: Callable[[], None], console: "Console"
) -> list["Prepared"]:
    """Decode or render each data set that is wanted, once; gives one entry for each configuration."""
    from rich.progress import Progress

    from study.data import prepare

    made: dict[tuple[Any, ...], Prepared] = {}
    keys = [(trial.task, trial.image_size, trial.crop, source_options(trial)) for trial in wanted]
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for key in dict.fromkeys(keys):
            task, size, crop, options = key
            bar = progress.add_task(f"{task} at {size} px", total=None)
            made[key] = prepare.prepare(task, folder, size, crop, _told(progress, bar, check), options)
            notes = [] if tasks.own(task) else prepare.notes(made[key])  # the inspection reports on a user's own images
            for note in notes:
                console.print(f"note: {note}", soft_wrap=True)
    return [made[key] for key in keys]


def import_weights(cells: list[Cell], write: Callable[[str], None]) -> None:
    """Read the files of weights that trials start from into the store, and say what of each was taken.

    Raises:
        UserError: one holds another network, or none.
    """
    files = sources.files(cells)
    if not files:
        return
    from study.pretraining import import_weights  # imports torch

    for start in {start.path: start for start in map(of_file, files)}.values():
        card = import_weights.make(start).meta
        write(f"weights {start.source.name}: {card['taken']}")


def starts(
    cells: list[Cell],
    replicates: int,
    seed: int,
    folders: tuple[Path | None, Path | None],
    check: Callable[[], None],
    console: "Console",
) -> list[tuple["InitialWeights | ImportedWeights", ...]]:
    """Prepare the images of weights that are trained first.

    Args:
        cells: of the study.
        replicates: of each cell's winner.
        seed: of the study.
        folders: of the trials' own data set, and of another that weights are trained on; None renders a stand-in.
        check: called meanwhile; what it raises ends it.
        console: to show on how far it is.

    Returns:
        What each cell's trials start from, see `Study.starts`.
    """
    from study.pretraining import initial_weights

    recipes = [sources.of(cell) for cell in cells]
    same_data = {
        each.config: data_set(each.config.task) == data_set(str(cell.values["task"]))
        for source, cell in zip(recipes, cells, strict=True)
        for each in (source.line if source else ())
        if isinstance(each, sources.Source)
    }
    ready: dict[Config, Prepared] = {}
    for own, folder in zip((True, False), folders, strict=True):
        wanted = [each for each, same in same_data.items() if same == own]
        ready.update(zip(wanted, prepare(wanted, folder, check, console), strict=True))
    return [initial_weights.starts(source, ready, seed, replicates) if source else () for source in recipes]


def _told(progress: "Progress", bar: Any, check: Callable[[], None]) -> Callable[[int, int], None]:
    def advance(done: int, total: int) -> None:
        progress.update(bar, completed=done, total=total)
        check()

    return advance
