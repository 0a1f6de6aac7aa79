"""What the name of a folder, a list or a value says: a split, or something that a system left behind. Opens nothing."""

import re
from collections.abc import Sequence

SPLITS = ("train", "val", "test")
_WORDS = {
    "train": "train(?:ing)?|trn|训练集?",
    "val": "val(?:id|idation)?|dev|验证集?",
    "test": "test(?:ing)?|tst|测试集?",
}
_SHORT = {"train": "Tr", "val": "Va", "test": "Ts"}
"""Ends of names that stand for splits only beside each other, in these letters."""
PARTS = {"annotation", "gt", "image", "img", "jpegimage", "label", "mask", "picture", "segmentation", "xml"}
"""What folders hold that are parts of a data set and no classes, in the singular."""
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
    "recycled",
    "recycler",
    "system volume information",
    "temporary items",
    "thumbs.db",
}
"""Folders and files that network storage, Windows, macOS, Linux and Python leave behind, in lower case."""

_SYSTEM_FORM = re.compile(r"found\.\d{3}|@syno.*|@_*thumb|@eadir.*|~snapshot")


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

    A name may begin or end with more than `split_of` knows, if another name has the same and another split. One of
    these is for training.

    >>> splits_of(["asl_train", "asl_test", "train_station", "bus"])
    {'asl_train': 'train', 'asl_test': 'test'}
    >>> splits_of(["imagesTr", "imagesTs"])
    {'imagesTr': 'train', 'imagesTs': 'test'}
    """
    plain = {name: split for name in names if (split := split_of(name))}
    by_rest: dict[str, dict[str, str]] = {}
    for name in names:
        for rest, split in () if name in plain else _parts(name):
            by_rest.setdefault(rest, {})[name] = split
    pairs = [each for each in by_rest.values() if len(set(each.values())) > 1 and "train" in each.values()]
    return plain | {name: split for each in pairs for name, split in each.items()}


def like_splits(names: Sequence[str]) -> bool:
    """Whether all names have a word for a split in them, and not all for the same split."""
    words = [{split for word in _words(name) if (split := split_of(word))} for name in names]
    return all(words) and len(set.union(*words)) > 1 if words else False


def _parts(name: str) -> list[tuple[str, str]]:
    """Cut a word for a split off the end or the beginning of a name; give the rest of the name and the split."""
    letters = _BETWEEN.sub("", name.casefold())
    found = []
    for split, words in _WORDS.items():
        for pattern in (rf"(?P<rest>.+?)(?:{words})", rf"(?:{words})(?P<rest>.+)"):
            if match := re.fullmatch(pattern, letters):
                found.append((match["rest"], split))
        if name.endswith(_SHORT[split]):
            found.append((letters[:-2], split))
    return found


def _words(name: str) -> list[str]:
    """Give the words of a name, parted by punctuation, digits or capitals."""
    return [word.casefold() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+", name)]


def is_system(name: str) -> bool:
    """Whether a file or folder was made by a system for itself, by its name."""
    return name.casefold() in _SYSTEM or bool(_SYSTEM_FORM.fullmatch(name.casefold()))


def is_part(name: str) -> bool:
    """Whether a folder is named as a part of a data set, such as images or masks, and not as a class."""
    return name.casefold().removesuffix("s") in PARTS


def is_data(name: str) -> bool:
    """Whether a file or folder may be part of a data set, by its name: it is neither hidden nor a system's."""
    return not name.startswith(".") and not is_system(name)
