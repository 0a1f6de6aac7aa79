"""Lists a folder in Pascal VOC's layout: the images of "train" and "test", and the classes in each image.
Knows nothing of crops, and does not open the images."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.layouts import voc_places
from study.data.layouts.names import SPLITS
from study.data.layouts.voc_annotations import Objects, label_matrix, objects
from study.data.layouts.voc_places import Places
from study.data.types import Listing, refuse
from study.errors import UserError

is_voc = voc_places.is_voc


class VocListing(NamedTuple):
    """The contents of a folder in VOC's layout."""

    name: str
    """Of the folder, such as "VOC2007"."""
    lists: str
    """The lists that are used as the splits, for people."""
    classes: tuple[str, ...]
    """The classes of all objects in the listed images, sorted."""
    splits: dict[str, Listing]
    """Of "train" and, if there is one, "test"; the targets are described in `voc_annotations.label_matrix`."""
    reading: list[str]
    """Lines for people: what is read as what, and what is not read."""


def listing(folder: Path, alone: bool = False) -> VocListing:
    """List the images of "train" and "test" and the classes in them; each image is its own group.

    If images of the test's list have annotations, they are the test, and trainval, or train with val, is the training
    set. Otherwise, as in VOC2012, whose test has none, train is the training set and val the test.

    Args:
        folder: has JPEGImages, Annotations and ImageSets/Main, or a folder with these at most two levels down. Images
            and annotations may lie in subfolders, and their folders and the lists may have other common names.
        alone: allows a single list, for training, or none: all annotated images. There is no "test" then.

    Returns:
        The classes and the listings.

    Raises:
        UserError: there is no such folder or more than one, or its lists, images and annotations do not match, with a
            list of problems.
    """
    places = voc_places.find(folder)
    lists, named = _lists(places, alone)
    problems = _in_both(named)
    annotations = {split: [_objects(places, name, problems) for name in names] for split, names in named.items()}
    problems += [f"no image {name}.jpg" for names in named.values() for name in names if name not in places.images]
    refuse(f"things are wrong in {places.root}", problems)
    classes = tuple(sorted({name for split in annotations.values() for image in split for name in image}))
    if not classes:
        raise UserError(f"{places.root / 'Annotations'}: no <object> in any listed image")
    splits = {}
    for split, names in named.items():
        targets = label_matrix(annotations[split], classes)
        splits[split] = Listing([places.images[name] for name in names], targets, np.arange(len(names)), None)
    return VocListing(places.root.name, lists, classes, splits, [*places.reading, *_not_read(places, splits)])


def _objects(places: Places, name: str, problems: list[str]) -> Objects:
    """Read an image's annotation; one that is missing is a problem."""
    return objects(places.annotations.get(name, places.root / "Annotations" / f"{name}.xml"), problems)


def _lists(places: Places, alone: bool) -> tuple[str, dict[str, list[str]]]:
    """Choose the lists; return a text that names them, and the images of "train" and "test"."""
    lists = {name: places.lists.get(name, []) for name in (*SPLITS, "trainval")}
    if alone and not any(lists.values()):
        return "no lists: all annotated images", {"train": _annotated(places)}
    if any(name in places.annotations for name in lists["test"]):
        training = ("trainval",) if lists["trainval"] else ("train", "val") if lists["val"] else ("train",)
        test, label = "test", f"{' and '.join(training)} + test lists"
    elif alone and (only := [name for name in ("trainval", "train") if lists[name]]) and not lists["val"]:
        return f"{only[0]} list", {"train": list(dict.fromkeys(lists[only[0]]))}
    else:
        training, test, label = ("train",), "val", "train + val lists: VOC's val is the test here"
    missing = [f"{name}.txt" for name in (*training, test) if not lists[name]]
    if missing:
        reason = " (no image in a test.txt has an annotation)" if test == "val" else ""
        place = places.root / "ImageSets" / "Main"
        raise UserError(f"{place}: no images are listed in {' and '.join(missing)}{reason}")
    splits = {"train": [image for name in training for image in lists[name]], "test": lists[test]}
    return label, {split: list(dict.fromkeys(names)) for split, names in splits.items()}


def _annotated(places: Places) -> list[str]:
    """Name all annotated images, each once."""
    by_file = {path: name for name, path in sorted(places.annotations.items(), key=lambda item: -len(item[0]))}
    if not by_file:
        raise UserError(f"{places.root} has neither lists nor annotations: {voc_places.WANTED}")
    return sorted(by_file.values())


def _in_both(named: dict[str, list[str]]) -> list[str]:
    training = set(named["train"])
    return [
        f"image {name} is listed for training and for the test" for name in named.get("test", ()) if name in training
    ]


def _not_read(places: Places, splits: dict[str, Listing]) -> list[str]:
    """Report the images that no list names."""
    used = {path for listing in splits.values() for path in listing.paths}
    count = len(set(places.images.values()) - used)
    return [f"not read: {count:,} images that no list or annotation is of"] if count else []
