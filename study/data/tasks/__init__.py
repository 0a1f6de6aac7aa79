"""Imports a task by its module name, and defines the members of such a module. Knows nothing of stores or splits.

A task is one file in this folder, or a user's own (`study.plugins`), with

- `METRIC: str`, the score by which models are selected,
- `ALSO: tuple[str, ...]`, further metrics that are reported (optional),
- `LABELS_PER_IMAGE: str`, "several" if an image may have any number of the classes (optional; the default is "one").
  Targets are then rows of 1 (present), 0 (absent) and -1 (unknown),
- `AUGMENT: dict[str, float]`, the ranges at strength 1: rotate (degrees), scale, shift, brightness, contrast (shares),
  flip (0 or 1),
- `CROPS: tuple[str, ...]`, the choices for `crop`, the default first,
- `read(folder, crop) -> Source[Listing]`: a line on the source, its classes, and the listings of "train" and "test"
  (for data sets of a few large files, `Source[Arrays]`),
- `stand_in(size, crop) -> Source[Arrays]`: the same from rendered images,
- `ARCHIVES: tuple[Archive, ...]`, which `--download` fetches (optional),
- `SOURCE_LABELS: dict[str, dict[str, tuple[int, ...]]]`: by the source of weights, such as "imagenet", and by class (in
  lower case), the corresponding class numbers of the source (optional),
- `at(path) -> Task`: the task at a lower level, if classes have classes of their own. It has all of the above, and its
  name is the module's and the path, as in animals/animal (optional),
- for the user's own images, whose layout and content must be checked, `choose`, `inspect` and a `read` that takes
  their options (see `OwnTask`; other tasks have none of these).

A file whose name begins with an underscore is a part of a task, not a task.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from study import plugins
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.plugins import files
from study.space.config import Config

if TYPE_CHECKING:
    from study.data.inspection import Inspection
    from study.data.own_images import SourceOptions

_NO_TASK = {"rendered"}  # draws the stand-ins of all tasks


class Task(Protocol):
    """A task's module; see the text above."""

    __file__: str
    METRIC: str
    AUGMENT: dict[str, float]
    CROPS: tuple[str, ...]

    def read(self, folder: Path, crop: str) -> Source[Listing] | Source[Arrays]:
        """List the files of the real data set, or return its images."""

    def stand_in(self, size: int, crop: str) -> Source[Arrays]:
        """Render the stand-in."""


class OwnTask(Task, Protocol):
    """A task whose images are the user's own."""

    def choose(self, folder: Path, layout: str = Config.layout) -> str:
        """Name the task that fits a data set, by the number of labels per image."""

    def inspect(
        self, folder: Path, options: "SourceOptions", size: int, progress: Callable[[int, int], None]
    ) -> "Inspection":
        """Inspect a data set and list its problems."""

    def read(self, folder: Path, crop: str, options: "SourceOptions" = ...) -> Source[Listing]:
        """List a data set, read as the options say; raise an error if it has problems."""


def names() -> tuple[str, ...]:
    """Return the names of all tasks, sorted. Levels are not listed, since they depend on the data."""
    modules = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in modules if not name.startswith("_") and name not in _NO_TASK))


def load(name: str) -> Task:
    """Import a task.

    Args:
        name: of its module or file, or that and the path of a level, as in "animals/animal". Whether the level exists
            depends on the data.

    Raises:
        UserError: there is no task of this name, or it has no levels.
    """
    first, rest = files.split(name)
    path = rest.split("/") if name != first else []
    if not (first in names() or plugins.known("task", first)) or not all(path):
        raise UserError(f"unknown task {name!r}; one of {plugins.choices('task', names())}")
    module = import_module(f"{__name__}.{first}") if first in names() else _own(first)
    if path and not hasattr(module, "at"):
        raise UserError(f"task {first} has no levels, so there is no {name!r}; write {first!r}")
    return cast(Task, module.at("/".join(path)) if path else module)


def _own(name: str) -> ModuleType:
    module = plugins.module("task", name)
    plugins.require("task", name, module, ("METRIC", "AUGMENT", "CROPS", "read", "stand_in"))
    return module


def versions(name: str) -> dict[str, str]:
    """Give what identifies a task's code where it is a user's own."""
    first = data_set(name)
    return plugins.versions("task", first) if plugins.known("task", first) and first not in names() else {}


def own(name: str) -> OwnTask | None:
    """Import a task if it is one of the user's own images; None for all others."""
    module = load(name)
    return cast(OwnTask, module) if hasattr(module, "inspect") else None


def of_data(name: str, data: Path, layout: str = Config.layout) -> str:
    """Name the task that fits a data set. Only tasks of the user's own images depend on the data.

    Args:
        name: of the task that the user chose.
        data: a folder, or a file if the task reads one.
        layout: how it is read, where it could be read in two ways.

    Raises:
        UserError: it is a file, and the task reads a folder.
    """
    if (task := own(name)) is not None:
        return task.choose(data, layout)
    if data.is_file():
        raise UserError(f"--data {data}: is a file, and task {name} reads a folder")
    return name


def data_set(name: str) -> str:
    """Name a task's data set; all levels of a hierarchy share one."""
    return files.split(name)[0]


def several(module: Task) -> bool:
    """Whether an image of a task may have any number of the classes."""
    return getattr(module, "LABELS_PER_IMAGE", "one") == "several"
