"""Lists the user's own images as they lie on the disk: folders of classes, Pascal VOC's layout, or a CSV file.
Knows nothing of how missing splits are made, and does not open the images."""

from collections import Counter
from pathlib import Path

import numpy as np

from study.data.layouts import class_folders, csv_file, folder_tree, voc
from study.data.own_images import OwnDataset, Part
from study.errors import UserError
from study.space.config import Config

FOLDER_LAYOUTS = (*class_folders.LAYOUTS, "voc")
LAYOUTS = (*FOLDER_LAYOUTS, *csv_file.LAYOUTS)
"""Values of the hyperparameter `layout`, which decides where data can be read in two ways."""


def several(place: Path, layout: str = Config.layout) -> bool:
    """Whether each image of a data set may have any number of labels.

    Raises:
        UserError: the data set has none of the layouts, or can be read in two ways.
    """
    decided = _decided(place, layout)
    if place.is_file():
        return csv_file.several(place, decided)
    return _is_voc(place, decided)


def dataset(place: Path, layout: str = Config.layout) -> OwnDataset:
    """List the images of a data set.

    Args:
        place: a folder, or a CSV file.
        layout: one of `LAYOUTS`, where the user decided how it is read.

    Raises:
        UserError: the data set has none of the layouts or is inconsistent, with a list of problems, or it can be read
            in two ways, with both.
    """
    decided = _decided(place, layout)
    if place.is_file():
        return csv_file.dataset(place, decided)
    return _voc(place) if _is_voc(place, decided) else _class_folders(place, decided)


def _decided(place: Path, layout: str) -> str | None:
    """Give the layout that the user decided on, if any; refuse one that does not go with the place."""
    if layout == Config.layout:
        return None
    if layout not in LAYOUTS:
        raise UserError(f"unknown layout {layout!r}; one of {', '.join((Config.layout, *LAYOUTS))}")
    if place.exists() and place.is_file() != (layout in csv_file.LAYOUTS):
        kind, choices = ("a file", csv_file.LAYOUTS) if place.is_file() else ("a folder", FOLDER_LAYOUTS)
        raise UserError(f"layout {layout!r}: {place} is {kind}; one of {', '.join(choices)}")
    return layout


def _is_voc(place: Path, layout: str | None) -> bool:
    if not place.is_dir():
        raise UserError(f"no folder or .csv file {place}")
    return layout == "voc" if layout is not None else voc.is_voc(place)


def _class_folders(place: Path, layout: str | None) -> OwnDataset:
    plan = class_folders.plan(place, layout)
    classes = tuple(sorted({name for folders in plan.folders.values() for name in folders}))
    ignored = Counter[str]()
    parts = {split: _part(folders, classes, ignored) for split, folders in plan.folders.items()}
    for above in _above(place, plan.folders):
        folder_tree.count_ignored(above, ignored)
    return OwnDataset(plan.layout, place, classes, parts, ignored, tuple(plan.reading))


def _above(place: Path, folders: class_folders.Folders) -> set[Path]:
    """Give the folders between a data set's and its classes', in which things may be ignored too."""
    used = [folder for classes in folders.values() for each in classes.values() for folder in each]
    return {place} | {above for folder in used for above in folder.parents if place in above.parents}


def _part(folders: dict[str, list[Path]], classes: tuple[str, ...], ignored: Counter[str]) -> Part:
    index = {name: number for number, name in enumerate(classes)}
    paths: list[str] = []
    targets: list[int] = []
    for name, places in folders.items():
        own = sorted(path for place in places for _, images in folder_tree.walk(place, ignored) for path in images)
        paths += own
        targets += [index[name]] * len(own)
    return Part(paths, np.array(targets, np.int64), None)


def _voc(place: Path) -> OwnDataset:
    listed = voc.listing(place, alone=True)
    parts = {split: Part(listing.paths, listing.targets, None) for split, listing in listed.splits.items()}
    layout = f"{listed.name}, Pascal VOC's layout ({listed.lists})"
    return OwnDataset(layout, place, listed.classes, parts, Counter(), tuple(listed.reading))
