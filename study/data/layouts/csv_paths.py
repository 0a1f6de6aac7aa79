"""Finds the files that the paths in a CSV file mean: from its folder, absolute, of Windows, or by name in a subfolder.
Opens no file."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from study.data.layouts.folder_tree import SUFFIXES, images, is_image, subfolders
from study.errors import UserError

_MOST_FOLDERS = 200
"""Subfolders, at most two levels down, in which files are looked for by name."""


Way = Callable[[str], str]
"""Gives the path that a text means, relative to the CSV file's folder or absolute; the file may be missing."""


class Finder(NamedTuple):
    """How all texts of a CSV file lead to files."""

    way: Way
    reading: list[str]
    """Lines for people, where it is another way than as written."""

    def __call__(self, text: str) -> str:
        """Give the path that a text means; the file may be missing."""
        return os.path.normpath(self.way(text))


def finder(root: Path, texts: Sequence[str]) -> Finder:
    """Choose the way, by all texts.

    Args:
        root: the CSV file's folder.
        texts: the paths as they are written.

    Raises:
        UserError: the files are in two subfolders, both complete.
    """
    as_written = partial(_applied, root, 0, "", "")
    if not texts or all((root / as_written(text)).is_file() for text in texts):
        return Finder(as_written, [])
    for left_out in range(1, min(len(_parts(text)) for text in texts)):
        if _all(root, texts, way := partial(_applied, root, left_out, "", "")):
            start = "/".join(_parts(texts[0])[:left_out])
            return Finder(way, [f"read: paths without {start}/…, from the folder of the file"])
    ways = [(folder, suffix) for folder, suffix in _by_name(root, texts)]
    fitting = [each for each in ways if _all(root, texts, partial(_applied, root, 0, *each))]
    if len(fitting) > 1:
        which = " and ".join(repr(_applied(root, 0, *each, texts[0])) for each in fitting[:2])
        raise UserError(f"{root}: the first path, {texts[0]!r}, can be {which}; write the folder in front of the paths")
    if fitting:
        ((folder, suffix),) = fitting
        return Finder(
            partial(_applied, root, 0, folder, suffix), [f"read: paths as {folder}{'/' * bool(folder)}<path>{suffix}"]
        )
    return _anywhere(root, texts) or Finder(as_written, [])


def leads(root: Path, text: str) -> int:
    """Rate how well a text leads to a file: 2 as it is written, 1 in another way, 0 not at all."""
    if (root / _applied(root, 0, "", "", text)).is_file():
        return 2
    return int((root / finder(root, [text])(text)).is_file())


def _all(root: Path, texts: Sequence[str], way: Way) -> bool:
    return (root / way(texts[0])).is_file() and all((root / way(text)).is_file() for text in texts)


def _anywhere(root: Path, texts: Sequence[str]) -> Finder | None:
    """Find files by name in any folders, where each name is in one alone; None if one is not found so."""
    if any(len(_parts(text)) != 1 for text in texts):
        return None
    named: dict[str, list[str]] = {}
    for path in images(root):
        name = os.path.relpath(path, root)
        named.setdefault(os.path.basename(name), []).append(name)
        named.setdefault(os.path.splitext(os.path.basename(name))[0], []).append(name)
    found = {text: named.get(text, []) for text in texts}
    if any(not names for names in found.values()):
        return None
    if doubled := next((text for text, names in found.items() if len(set(names)) > 1), None):
        which = " and ".join(map(repr, sorted(set(found[doubled]))[:2]))
        raise UserError(f"{root}: the path {doubled!r} can be {which}; write the folder in front of the paths")
    only = {text: names[0] for text, names in found.items()}
    folders = sorted({os.path.dirname(name) for name in only.values()})
    return Finder(lambda text: only.get(text, text), [f"read: paths by name, in {', '.join(folders[:4])}"])


def _by_name(root: Path, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield folders, and suffixes where the paths have none, that lead the first text to a file."""
    has_suffix = is_image(texts[0])
    for folder in _folders(root):
        for suffix in [""] if has_suffix else sorted(SUFFIXES | {each.upper() for each in SUFFIXES}):
            if (folder or suffix) and (root / _applied(root, 0, folder, suffix, texts[0])).is_file():
                yield folder, suffix


def _folders(root: Path) -> list[str]:
    first = subfolders(root)[:_MOST_FOLDERS]
    second = [f"{name}/{inner}" for name in first for inner in subfolders(root / name)]
    return ["", *first, *second][:_MOST_FOLDERS]


def _applied(root: Path, left_out: int, folder: str, suffix: str, text: str) -> str:
    """Leave out leading parts of a path, and put a folder in front and a suffix behind."""
    if (left_out, folder, suffix) == (0, "", ""):
        return text if "\\" not in text or (root / text).is_file() else _slashes(text)
    return "/".join([*([folder] if folder else []), *_parts(text)[left_out:]]) + suffix


def _parts(text: str) -> list[str]:
    """Give the parts of a path, of Windows or not; a drive or the root is the first of an absolute one."""
    slashes = _slashes(text)
    parts = [part for part in slashes.split("/") if part not in ("", ".")]
    return [slashes[:1], *parts] if slashes.startswith("/") else parts


def _slashes(text: str) -> str:
    return text.replace("\\", "/")
