"""Families, tasks, pretexts and spaces of a user's own: a `.py` file, or an entry point of an installed distribution.

A name that ends in `.py` is a path, relative to the current folder (`files.py`). Other names are looked up in the entry
points of a kind's group (`installed.py`). Knows nothing of what such a module provides.
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator
from types import ModuleType
from typing import NamedTuple

from study.errors import UserError
from study.plugins import files, installed

GROUPS = installed.GROUPS
"""Kind → group of entry points."""


class Code(NamedTuple):
    """The code of a module of the user's own: what identifies it, and its text where it is a file."""

    kind: str
    name: str
    """As it was written: a path, or an entry point's name."""
    identity: str
    """`sha256:…` of a file; distribution, version and `sha256:…` of an entry point."""
    path: str | None = None
    """Of a file, absolute, on the machine that read it."""
    text: bytes | None = None
    """Of a file."""

    @property
    def label(self) -> str:
        """Kind and name, such as `family ./mynet.py`."""
        return f"{self.kind} {self.name}"


def known(kind: str, name: str) -> bool:
    """Whether a name is a path of a file, or an entry point's."""
    return files.is_file_name(name) or name in installed.names(kind)


def module(kind: str, name: str) -> ModuleType:
    """Import a module of the user's own; it is executed once in a process, and anew if its text has changed.

    Raises:
        UserError: there is no such file, or its code fails; names the error and the line.
    """
    return files.module(kind, name) if files.is_file_name(name) else installed.module(kind, name)


def code(kind: str, name: str) -> Code:
    """Identify the code of a module without executing it.

    Raises:
        UserError: there is no such file.
    """
    if not files.is_file_name(name):
        return Code(kind, name, installed.identity(kind, name))
    file = files.read(kind, name)
    return Code(kind, name, file.identity, file.path, file.text)


def versions(kind: str, name: str) -> dict[str, str]:
    """Give what results depend on besides the package's code, as a part of a key."""
    return {f"{kind} code": code(kind, name).identity}


def fix(codes: Iterable[Code]) -> None:
    """Let these texts, and no others, stand for their files in this process, whatever lies at their paths."""
    files.fix(_files(codes))


@contextlib.contextmanager
def fixed(codes: Iterable[Code]) -> Iterator[None]:
    """Let these texts stand for their files for a while, beside those that do already."""
    before = files.fixed()
    files.fix(before | _files(codes))
    try:
        yield
    finally:
        files.fix(before)


def refuse_other(codes: Iterable[Code]) -> None:
    """Refuse installed code that differs from these.

    Raises:
        UserError: names the module and both distributions.
    """
    for each in codes:
        if each.path is None and (here := installed.identity_or_none(each.kind, each.name)) != each.identity:
            raise UserError(f"{each.label} is {here or 'not installed here'}, not {each.identity}")


def require(kind: str, name: str, module: ModuleType, members: Iterable[str]) -> None:
    """Refuse a module that lacks members.

    Raises:
        UserError: names them.
    """
    if lacking := [member for member in members if not hasattr(module, member)]:
        raise UserError(f"{kind} {name} lacks {', '.join(lacking)}")


def choices(kind: str, names: Iterable[str]) -> str:
    """List names that an error suggests: the package's, entry points', and a path."""
    return ", ".join([*names, *(name for name in installed.names(kind) if name not in names), "FILE.py"])


def notes(kind: str, package: Collection[str]) -> dict[str, str]:
    """Note on each entry point's name which distribution it is of, and whether the package has the name itself."""
    return {
        name: f"the package's own; that of {label} is hidden" if name in package else f"of {label}"
        for name, label in installed.names(kind).items()
    }


def _files(codes: Iterable[Code]) -> dict[str, files.OwnFile]:
    return {each.name: files.OwnFile(each.path, each.text) for each in codes if each.path and each.text is not None}
