"""Lists images of one's own as they lie there: folders of classes, Pascal VOC's layout, or a CSV file.
Knows nothing of what is cut from what, and does not open the images."""

import os
from collections import Counter
from pathlib import Path

import numpy as np

from study.data.own_images import SPLITS, OwnDataset, Part
from study.data.tasks import _folders, _own_csv, _voc_layout
from study.errors import UserError

_MISNAMED = {"validation": "val", "valid": "val", "dev": "val", "training": "train", "testing": "test"}
_WANTED = (
    "train/<class>/… (and val/<class>/…, test/<class>/… where you have them); "
    "JPEGImages, Annotations and ImageSets/Main as in Pascal VOC; or a .csv file with the columns path and label"
)


def several(place: Path) -> bool:
    """Say whether the images of a data set have any number of labels each.

    Raises:
        UserError: it is none of the layouts.
    """
    if place.is_file():
        return _own_csv.several(place)
    return not _has_classes(place)


def found(place: Path) -> OwnDataset:
    """List the images of a data set.

    Args:
        place: a folder, or a CSV file.

    Raises:
        UserError: it is none of the layouts, or what is in it does not fit, with a list of what is wrong.
    """
    if place.is_file():
        return _own_csv.found(place)
    return _class_folders(place) if _has_classes(place) else _voc(place)


def _has_classes(place: Path) -> bool:
    """Say which of its two layouts a folder has: folders of classes, else VOC's."""
    if not place.is_dir():
        raise UserError(f"no folder or .csv file {place}")
    there = sorted(each.name for each in place.iterdir() if each.is_dir() and _folders.is_data(each.name))
    if odd := [name for name in there if name in _MISNAMED]:
        raise UserError(f"{place / odd[0]} is not read: call it {_MISNAMED[odd[0]]}")
    if "train" in there:
        return True
    if (place / "Annotations").is_dir() or any(place.glob("*/Annotations")) or any(place.glob("*/*/Annotations")):
        return False
    told = f" (it has the folders {', '.join(there[:5])}{', …' * (len(there) > 5)})" if there else ""
    hint = "; if these are classes, move them into train/" if there and not set(there) & set(SPLITS) else ""
    raise UserError(f"no data set in {place}{told}{hint}: it needs {_WANTED}")


def _class_folders(place: Path) -> OwnDataset:
    splits = [split for split in SPLITS if (place / split).is_dir()]
    names = {split: _folders.classes(place / split) for split in splits}
    classes = tuple(sorted({name for each in names.values() for name in each}))
    passed = Counter[str]()
    parts = {split: _part(place / split, names[split], classes, passed) for split in splits}
    return OwnDataset("image folders", place, classes, parts, passed)


def _part(place: Path, names: list[str], classes: tuple[str, ...], passed: Counter[str]) -> Part:
    paths: list[str] = []
    targets: list[int] = []
    for name in names:
        own = sorted(path for _, images in _folders.walk(place / name, passed) for path in images)
        paths += own
        targets += [classes.index(name)] * len(own)
    loose = [name for name in os.listdir(place) if _folders.is_data(name) and (place / name).is_file()]
    passed.update("outside of the classes' folders" for _ in loose)
    return Part(paths, np.array(targets, np.int64), None)


def _voc(place: Path) -> OwnDataset:
    name, lists, classes, splits = _voc_layout.listing(place, alone=True)
    parts = {split: Part(each.paths, each.targets, None) for split, each in splits.items()}
    return OwnDataset(f"{name}, Pascal VOC's layout ({lists})", place, classes, parts, Counter())
