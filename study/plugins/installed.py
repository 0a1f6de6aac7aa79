"""Modules that installed distributions offer as entry points, such as

    [project.entry-points."transfer_study.families"]
    mynet = "mynets.small"

An entry point names a module. What identifies it are its distribution's name and version, and the hash of all Python
files of its package. Knows nothing of files by path.
"""

import functools
import hashlib
import importlib.util
import re
import sys
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from types import ModuleType

from study.errors import UserError
from study.plugins.execution import executed

GROUPS = {
    "family": "transfer_study.families",
    "task": "transfer_study.tasks",
    "pretext": "transfer_study.pretexts",
    "space": "transfer_study.spaces",
}
NAME = re.compile(r"[A-Za-z0-9][\w-]*")
"""Names of entry points that are found: cells, paths and levels of tasks have other characters of their own."""


def names(kind: str) -> dict[str, str]:
    """List the entry points of a kind by name, each with its distributions, such as `mynets 1.0`."""
    points = _points(GROUPS[kind], tuple(sys.path))
    return {name: " and ".join(map(_label, several)) for name, several in sorted(points.items())}


def module(kind: str, name: str) -> ModuleType:
    """Import the module that an entry point names.

    Raises:
        UserError: it fails, it is no module, or two distributions have the name; names the distribution.
    """
    point = _point(kind, name)
    what = f"{kind} {name!r} of {_label(point)}"
    made = executed(what, point.load)
    if not isinstance(made, ModuleType):
        raise UserError(f"{what} must be a module, and {point.value!r} is a {type(made).__name__}")
    return made


def identity(kind: str, name: str) -> str:
    """Give distribution, version and hash of the code behind an entry point, without executing the module.

    Raises:
        UserError: two distributions have the name.
    """
    point = _point(kind, name)
    return f"{_label(point)}, sha256:{_hash(point.module.partition('.')[0], tuple(sys.path))}"


def identity_or_none(kind: str, name: str) -> str | None:
    """Give `identity`; None where no distribution has the entry point."""
    return identity(kind, name) if name in names(kind) else None


def _point(kind: str, name: str) -> metadata.EntryPoint:
    first, *others = _points(GROUPS[kind], tuple(sys.path))[name]
    if others:
        labels = " and ".join(map(_label, (first, *others)))
        raise UserError(f"{kind} {name!r} is an entry point of {labels}; uninstall all but one")
    return first


@functools.cache
def _points(group: str, path: tuple[str, ...]) -> dict[str, list[metadata.EntryPoint]]:
    """Sort a group's entry points by name; `path` is where distributions are looked for."""
    points = defaultdict(list)
    for point in metadata.entry_points(group=group):
        if NAME.fullmatch(point.name):
            points[point.name].append(point)
    return dict(points)


def _label(point: metadata.EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"


@functools.cache
def _hash(package: str, path: tuple[str, ...]) -> str:
    """Hash all Python files of a package, or its only file; "missing" where there is none."""
    spec = importlib.util.find_spec(package)
    digest = hashlib.sha256()
    if spec is None:
        return "missing"
    if spec.submodule_search_locations is None:
        digest.update(Path(str(spec.origin)).read_bytes())
        return digest.hexdigest()
    for folder in spec.submodule_search_locations:
        for file in sorted(Path(folder).rglob("*.py")):
            digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()
