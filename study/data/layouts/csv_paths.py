"""Finds the files that the paths in a CSV file mean: from its folder, absolute, of Windows, or by name in a subfolder.
Opens no file."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from study.data.layouts.folder_tree import SUFFIXES, is_image, subfolders
from study.errors import UserError

_MOST_FOLDERS = 200
"""Subfolders, at most two levels down, in which files are looked for by name."""


class Finder:
    """Leads texts to files, all in one way: leading folders left out, a subfolder in front, a suffix behind."""

    def __init__(self, root: Path, texts: Sequence[str]) -> None:
        """Choose the way, by all texts.

        Args:
            root: the CSV file's folder.
            texts: the paths as they are written.

        Raises:
            UserError: the files are in two subfolders, both complete.
        """
        self._root = root
        self._way, self.reading = _way(root, texts)

    def __call__(self, text: str) -> str:
        """Give the path that a text means, relative to the CSV file's folder or absolute; the file may be missing."""
        return os.path.normpath(_applied(text, self._root, *self._way))


def leads(root: Path, text: str) -> int:
    """Rate how well a text leads to a file: 2 as it is written, 1 in another way, 0 not at all."""
    if _exists(root, text, (0, "", "")):
        return 2
    return int((root / Finder(root, [text])(text)).is_file())


def _way(root: Path, texts: Sequence[str]) -> tuple[tuple[int, str, str], list[str]]:
    """Give leading parts to leave out, folder in front and suffix behind, and the lines that say so."""
    plain = (0, "", "")
    if not texts or all(_exists(root, text, plain) for text in texts):
        return plain, []
    shortest = min(len(_parts(text)) for text in texts)
    for left_out in range(1, shortest):
        if _all(root, texts, (left_out, "", "")):
            start = "/".join(_parts(texts[0])[:left_out])
            return (left_out, "", ""), [f"read: paths without {start}/…, from the folder of the file"]
    fitting = [
        (0, folder, suffix) for folder, suffix in _by_name(root, texts) if _all(root, texts, (0, folder, suffix))
    ]
    if len(fitting) > 1:
        which = " and ".join(repr(f"{folder}/{_parts(texts[0])[-1]}{suffix}") for _, folder, suffix in fitting[:2])
        raise UserError(f"{root}: the first path, {texts[0]!r}, can be {which}; write the folder in front of the paths")
    if not fitting:
        return plain, []
    (_, folder, suffix), *_ = fitting
    return fitting[0], [f"read: paths as {folder + '/' if folder else ''}<path>{suffix}"]


def _all(root: Path, texts: Sequence[str], way: tuple[int, str, str]) -> bool:
    return _exists(root, texts[0], way) and all(_exists(root, text, way) for text in texts)


def _by_name(root: Path, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield folders, and suffixes where the paths have none, that lead the first text to a file."""
    has_suffix = is_image(texts[0])
    for folder in _folders(root):
        for suffix in [""] if has_suffix else sorted(SUFFIXES | {each.upper() for each in SUFFIXES}):
            if (folder or suffix) and _exists(root, texts[0], (0, folder, suffix)):
                yield folder, suffix


def _folders(root: Path) -> list[str]:
    first = subfolders(root)[:_MOST_FOLDERS]
    second = [f"{name}/{inner}" for name in first for inner in subfolders(root / name)]
    return ["", *first, *second][:_MOST_FOLDERS]


def _exists(root: Path, text: str, way: tuple[int, str, str]) -> bool:
    return (root / _applied(text, root, *way)).is_file()


def _applied(text: str, root: Path, left_out: int, folder: str, suffix: str) -> str:
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
