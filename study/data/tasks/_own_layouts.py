"""Lists the user's own images as they lie on the disk: folders of classes, Pascal VOC's layout, or a CSV file.
Knows nothing of how missing splits are made, and does not open the images."""

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
    """Whether each image of a data set may have any number of labels.

    Raises:
        UserError: the data set has none of the layouts.
    """
    if place.is_file():
        return _own_csv.several(place)
    return not _has_classes(place)


def dataset(place: Path) -> OwnDataset:
    """List the images of a data set.

    Args:
        place: a folder, or a CSV file.

    Raises:
        UserError: the data set has none of the layouts, or is inconsistent, with a list of problems.
    """
    if place.is_file():
        return _own_csv.dataset(place)
    return _class_folders(place) if _has_classes(place) else _voc(place)


def _has_classes(place: Path) -> bool:
    """Whether a folder has folders of classes; otherwise it has VOC's layout."""
    if not place.is_dir():
        raise UserError(f"no folder or .csv file {place}")
    folders = sorted(path.name for path in place.iterdir() if path.is_dir() and _folders.is_data(path.name))
    if odd := [name for name in folders if name in _MISNAMED]:
        raise UserError(f"{place / odd[0]} is not read: call it {_MISNAMED[odd[0]]}")
    if "train" in folders:
        return True
    if (place / "Annotations").is_dir() or any(place.glob("*/Annotations")) or any(place.glob("*/*/Annotations")):
        return False
    contents = f" (it has the folders {', '.join(folders[:5])}{', …' * (len(folders) > 5)})" if folders else ""
    hint = "; if these are classes, move them into train/" if folders and not set(folders) & set(SPLITS) else ""
    raise UserError(f"no data set in {place}{contents}{hint}: it needs {_WANTED}")


def _class_folders(place: Path) -> OwnDataset:
    splits = [split for split in SPLITS if (place / split).is_dir()]
    names = {split: _folders.classes(place / split) for split in splits}
    classes = tuple(sorted({name for folders in names.values() for name in folders}))
    ignored = Counter[str]()
    parts = {split: _part(place / split, names[split], classes, ignored) for split in splits}
    return OwnDataset("image folders", place, classes, parts, ignored)


def _part(place: Path, names: list[str], classes: tuple[str, ...], ignored: Counter[str]) -> Part:
    paths: list[str] = []
    targets: list[int] = []
    for name in names:
        own = sorted(path for _, images in _folders.walk(place / name, ignored) for path in images)
        paths += own
        targets += [classes.index(name)] * len(own)
    loose = [name for name in os.listdir(place) if _folders.is_data(name) and (place / name).is_file()]
    ignored.update("outside of the classes' folders" for _ in loose)
    return Part(paths, np.array(targets, np.int64), None)


def _voc(place: Path) -> OwnDataset:
    name, lists, classes, splits = _voc_layout.listing(place, alone=True)
    parts = {split: Part(listing.paths, listing.targets, None) for split, listing in splits.items()}
    return OwnDataset(f"{name}, Pascal VOC's layout ({lists})", place, classes, parts, Counter())
