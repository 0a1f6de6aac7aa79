"""What the name of a folder, a list or a value says: a split, or something that a system left behind. Opens nothing."""

import re
from collections.abc import Sequence

SPLITS = ("train", "val", "test")
_WORDS = {"train": r"train(?:ing)?", "val": r"val(?:id|idation)?|dev", "test": r"test(?:ing)?"}
_FILLING = r"(?:the|my|seg|sets?|data|datasets?|images?|imgs?|pics?|pictures|photos?|files?|folder|split|list)*"
_PATTERNS = {split: re.compile(f"{_FILLING}(?:{words}){_FILLING}") for split, words in _WORDS.items()}
_COMMON = {"dev", "val", "valid"}  # words of many names
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


def splits_of(names: Sequence[str]) -> dict[str, str]:
    """Give the names that stand for splits, with their split.

    A name may have a word more than `split_of` knows, if another name has the same word and another split.

    >>> splits_of(["asl_train", "asl_test", "train_station", "bus"])
    {'asl_train': 'train', 'asl_test': 'test'}
    """
    plain = {name: split for name in names if (split := split_of(name))}
    by_rest: dict[str, dict[str, str]] = {}
    for name in names:
        words = _words(name)
        found = {split for word in words if (split := split_of(word)) and word not in _COMMON}
        if name not in plain and len(found) == 1:
            rest = " ".join(word for word in words if not split_of(word))
            by_rest.setdefault(rest, {})[name] = found.pop()
    pairs = [each for each in by_rest.values() if len(set(each.values())) > 1]
    return plain | {name: split for each in pairs for name, split in each.items()}


def _words(name: str) -> list[str]:
    """Give the words of a name, parted by punctuation, digits or capitals."""
    return [word.casefold() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+", name)]


def is_system(name: str) -> bool:
    """Whether a file or folder was made by a system for itself, by its name."""
    return name.casefold() in _SYSTEM


def is_data(name: str) -> bool:
    """Whether a file or folder may be part of a data set, by its name: it is neither hidden nor a system's."""
    return not name.startswith(".") and not is_system(name)
