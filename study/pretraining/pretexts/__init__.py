"""Finds a pretext task by its module name, and defines what such a module provides.

A pretext is one file in this folder, or a user's own (`study.plugins`), with

- `LABELS: bool`, whether it reads the images' labels; a source task does, self-supervision must not and gets none,
- `OPTIONS: dict[str, int | str | None]`, its options with their defaults; None is derived from the images' size,
- `VIEWS: int`, the number of images of an example; their features are concatenated for the head,
- `HEAD: str`, the default head, see `study.models.heads`,
- `answers`, `check` and `examples`, as described in `Pretext`.

Checking a study's space imports these modules, so they import torch only inside `examples`.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from study import plugins
from study.errors import UserError
from study.space.values import check_type, show

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Option = int | str | None
Options = Mapping[str, Option]


class Pretext(Protocol):
    """A pretext's module, as described above."""

    __file__: str
    LABELS: bool
    OPTIONS: dict[str, Option]
    VIEWS: int
    HEAD: str

    def answers(self, labels: int, options: Options) -> int:
        """Give the number of possible answers; `labels` is the number of the data set's classes."""

    def check(self, options: Options, size: int) -> None:
        """Refuse options that do not fit images of `size` pixels."""

    def examples(
        self, pixels: "Tensor", labels: "Tensor | None", generator: "torch.Generator", options: Options, least: int
    ) -> "tuple[Tensor, Tensor]":
        """Make examples of images.

        Args:
            pixels: (batch, 3, size, size) float in [0, 1].
            labels: (batch,) int64 if `LABELS`, else None.
            generator: on the CPU; the source of all random numbers.
            options: all of `OPTIONS`.
            least: smallest side of the network's images, pixels.

        Returns:
            (batch, VIEWS, 3, side, side) float in [0, 1], and the right answers, (batch,) int64.
        """


def names() -> tuple[str, ...]:
    """Return the names of all pretexts, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def known(name: str) -> bool:
    """Whether there is a pretext of this name, in this folder or of a user's own."""
    return plugins.known("pretext", name) or name in names()


def versions(name: str) -> dict[str, str]:
    """Give what identifies a pretext's code where it is a user's own."""
    return plugins.versions("pretext", name) if plugins.known("pretext", name) and name not in names() else {}


def load(name: str) -> Pretext:
    """Import a pretext.

    Raises:
        UserError: there is no pretext of this name.
    """
    if not known(name):
        raise UserError(f"unknown pretext {show(name)}; one of {plugins.choices('pretext', names())}")
    if name not in names():
        module = plugins.module("pretext", name)
        plugins.require("pretext", name, module, ("LABELS", "OPTIONS", "VIEWS", "HEAD", "answers", "check", "examples"))
        return cast(Pretext, module)
    return cast(Pretext, import_module(f"{__name__}.{name}"))


def options(name: str, settings: Options) -> dict[str, Option]:
    """Complete a pretext's options with its defaults.

    Raises:
        UserError: the pretext has no such option, or a value is of another type.
    """
    known = load(name).OPTIONS
    for key, value in settings.items():
        if key not in known:
            choices = ", ".join(known) or "none"
            raise UserError(f"{key} {show(value)} is no option of pretext {name}; it has {choices}")
        kinds = (str,) if isinstance(known[key], str) else (int, type(None)) if known[key] is None else (int,)
        check_type(f"{key} of pretext {name}", value, *kinds)
    return {**known, **settings}
