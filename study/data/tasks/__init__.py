"""Finds a task by its module name and fixes what such a module gives. Knows nothing of stores, splits or training.

A task is one file in this folder with

- `METRIC: str`, the score that selects,
- `ALSO: tuple[str, ...]`, further metrics that are reported (may be missing),
- `LABELS_PER_IMAGE: str`, "several" where an image may have any number of the classes (may be missing: one); targets
  are rows of 1 (there), 0 (not there) and -1 (unknown) then,
- `AUGMENT: dict[str, float]`, the ranges at strength 1: rotate (degrees), scale, shift, brightness, contrast (shares),
  flip (0 or 1),
- `CROPS: tuple[str, ...]`, the choices for `crop`, the first being the default,
- `read(folder, crop) -> Source[Listing]`: a line on the source, its classes, and the listings of "train" and "test"
  (or, of data sets that are few files, `Source[Arrays]`),
- `stand_in(size, crop) -> Source[Arrays]`: the same from rendered images,
- `ARCHIVES: tuple[Archive, ...]`, what `--download` fetches (may be missing),
- `SOURCE_LABELS: dict[str, dict[str, tuple[int, ...]]]`: for weights trained on a source, say "imagenet", the source's
  class numbers that each class (in lower case) stands for (may be missing),
- `at(path) -> Task`: where its classes have classes of their own, the task at a level below, with all of the above; its
  name is the module's and the path, as in animals/animal (may be missing),
- of the user's own images, whose form and content nobody has seen before, `choose`, `inspect` and a `read` that takes
  groups' names (see `OwnTask`; else they are missing).

A file whose name begins with an underscore is a part of a task, not a task.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from study.data.types import Arrays, Listing, Source
from study.errors import UserError

if TYPE_CHECKING:
    from study.data.inspection import Inspection

_NO_TASK = {"rendered"}  # draws the stand-ins of all tasks


class Task(Protocol):
    """What a task's module gives; see the text above."""

    __file__: str
    METRIC: str
    AUGMENT: dict[str, float]
    CROPS: tuple[str, ...]

    def read(self, folder: Path, crop: str) -> Source[Listing] | Source[Arrays]:
        """List the real data set's files, or give its images."""

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Render the stand-in."""


class OwnTask(Task, Protocol):
    """A task whose images are the user's own."""

    def choose(self, folder: Path) -> str:
        """Name the task that a data set is for: the data say how many labels an image has."""

    def inspect(
        self, folder: Path, group_pattern: str | None, size: int, progress: Callable[[int, int], None]
    ) -> "Inspection":
        """Look at a data set; something may be wrong with it."""

    def read(self, folder: Path, crop: str, group_pattern: str | None = None) -> Source[Listing]:
        """List it, its groups named as the pattern says; end where something is wrong with it."""


def names() -> tuple[str, ...]:
    """Return the names of all tasks, sorted; levels are not listed, since data decide which there are."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in found if not name.startswith("_") and name not in _NO_TASK))


def load(name: str) -> Task:
    """Import a task.

    Args:
        name: of its module; or that and the path of a level, as in "animals/animal". Whether there is such a level is
            up to the data.

    Raises:
        UserError: there is no task of this name, or it has no levels.
    """
    first, *path = name.split("/")
    if first not in names() or not all(path):
        raise UserError(f"unknown task {name!r}; one of {', '.join(names())}")
    found = import_module(f"{__name__}.{first}")
    if path and not hasattr(found, "at"):
        raise UserError(f"task {first} has no levels, so there is no {name!r}; write {first!r}")
    return cast(Task, found.at("/".join(path)) if path else found)


def own(name: str) -> OwnTask | None:
    """Give a task of the user's own images; None for all others."""
    module = load(name)
    return cast(OwnTask, module) if hasattr(module, "inspect") else None


def of_data(name: str, data: Path) -> str:
    """Name the task that a data set is for, where a task's data say that; else it is the task itself.

    Args:
        name: of the task that was asked for.
        data: a folder, or a file where the task reads one.

    Raises:
        UserError: it is a file that the task does not read.
    """
    if (found := own(name)) is not None:
        return found.choose(data)
    if data.is_file():
        raise UserError(f"--data {data}: is a file, and task {name} reads a folder")
    return name


def data_set(name: str) -> str:
    """Name a task's data set: all levels of a hierarchy are read from one."""
    return name.partition("/")[0]


def several(module: Task) -> bool:
    """Say whether an image of a task may have any number of its classes."""
    return getattr(module, "LABELS_PER_IMAGE", "one") == "several"
