"""What the name of a folder, a list or a value says: a split, or something that a system left behind. Opens nothing."""

import re

SPLITS = ("train", "val", "test")
_WORDS = {"train": r"train(?:ing)?", "val": r"val(?:id|idation)?|dev", "test": r"test(?:ing)?"}
_FILLING = r"(?:the|my|seg|sets?|data|datasets?|images?|imgs?|pics?|pictures|photos?|files?|folder|split|list)*"
_PATTERNS = {split: re.compile(f"{_FILLING}(?:{words}){_FILLING}") for split, words in _WORDS.items()}
_BETWEEN = re.compile(r"[\W\d_]+")
_SYSTEM = {
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@tmp",
    "__macosx",
    "__pycache__",
    "desktop.ini",
    "found.000",
    "lost+found",
    "network trash folder",
    "recycler",
    "system volume information",
    "temporary items",
    "thumbs.db",
}
"""Folders and files that network storage, Windows, macOS, Linux and Python leave behind, in lower case."""


def split_of(name: str) -> str | None:
    """Name the split that a text stands for: "train", "val" or "test"; None if it stands for none.

    Case, digits, punctuation and words such as "set" or "images" do not count.

    >>> [split_of(name) for name in ("Training", "seg_test", "val2017", "dev-set", "trains", "cat")]
    ['train', 'test', 'val', 'val', None, None]
    """
    letters = _BETWEEN.sub("", name.casefold())
    return next((split for split, pattern in _PATTERNS.items() if pattern.fullmatch(letters)), None)


def is_system(name: str) -> bool:
    """Whether a file or folder was made by a system for itself, by its name."""
    return name.casefold() in _SYSTEM


def is_data(name: str) -> bool:
    """Whether a file or folder may be part of a data set, by its name: it is neither hidden nor a system's."""
    return not name.startswith(".") and not is_system(name)
