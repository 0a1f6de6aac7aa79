"""Lists a folder in Pascal VOC's layout: the images of "train" and "test", and the classes in each image.
Knows nothing of crops, and does not open the images."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.tasks import _folders
from study.data.tasks._voc_annotations import label_matrix, objects
from study.data.types import Listing, refuse
from study.errors import UserError
from study.storage import regular_files

_LISTS = Path("ImageSets", "Main")
_PARTS = (Path("JPEGImages"), Path("Annotations"), _LISTS)
_WANTED = "VOC's layout has JPEGImages, Annotations and ImageSets/Main"
_SIGNS = {"1", "0", "-1"}  # in the lists of one class: present, only difficult objects, absent


class VocListing(NamedTuple):
    """The contents of a folder in VOC's layout."""

    name: str
    """Of the folder, such as "VOC2007"."""
    lists: str
    """The lists that are used as the splits, for people."""
    classes: tuple[str, ...]
    """The classes of all objects in the listed images, sorted."""
    splits: dict[str, Listing]
    """Of "train" and, if there is one, "test"; the targets are described in `_voc_annotations.label_matrix`."""


def listing(folder: Path, alone: bool = False) -> VocListing:
    """List the images of "train" and "test" and the classes in them; each image is its own group.

    If images of test.txt have annotations, they are the test, and trainval.txt, or train.txt with val.txt, is the
    training set. Otherwise, as in VOC2012, whose test has none, train.txt is the training set and val.txt the test.

    Args:
        folder: has JPEGImages, Annotations and ImageSets/Main, or a folder with these at most two levels down.
        alone: allows a single list, for training; there is no "test" then.

    Returns:
        The classes and the listings.

    Raises:
        UserError: there is no such folder or more than one, or its lists, images and annotations do not match, with a
            list of problems.
    """
    place = _place(folder)
    lists, named = _lists(place, alone)
    images, problems = _images(place / "JPEGImages"), _in_both(named)
    annotations = {}
    for split, names in named.items():
        annotations[split] = [objects(_annotation(place, name), problems) for name in names]
        problems += [f"no image {name}.jpg" for name in names if name not in images]
    refuse(f"things are wrong in {place}", problems)
    classes = tuple(sorted({name for split in annotations.values() for image in split for name in image}))
    if not classes:
        raise UserError(f"{place / 'Annotations'}: no <object> in any listed image")
    splits = {}
    for split, names in named.items():
        targets = label_matrix(annotations[split], classes)
        splits[split] = Listing([images[name] for name in names], targets, np.arange(len(names)), None)
    return VocListing(place.name, lists, classes, splits)


def _place(folder: Path) -> Path:
    """Find the folder with the annotations."""
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    near = [place for place in (folder, *folder.glob("*/"), *folder.glob("*/*/")) if _is_data(place, folder)]
    places = list(dict.fromkeys(place.resolve() for place in near if (place / "Annotations").is_dir()))
    if not places:
        raise UserError(f"no annotations in {folder}, nor one or two levels down: {_WANTED}")
    if len(places) > 1 and places[0] != folder.resolve():
        raise UserError(
            f"{folder} has several folders in VOC's layout; give one: {', '.join(map(str, sorted(places)))}"
        )
    missing = [str(part) for part in _PARTS if not (places[0] / part).is_dir()]
    if missing:
        raise UserError(f"no {', '.join(missing)} in {places[0]}: {_WANTED}")
    return places[0]


def _is_data(place: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in place.relative_to(folder).parts)


def _lists(place: Path, alone: bool) -> tuple[str, dict[str, list[str]]]:
    """Choose the lists; return a text that names them, and the images of "train" and "test"."""
    lists = {name: _names(place, name) for name in ("train", "val", "trainval", "test")}
    if any(_annotation(place, name).is_file() for name in lists["test"]):
        training = ("trainval",) if lists["trainval"] else ("train", "val") if lists["val"] else ("train",)
        test, label = "test", f"{' and '.join(training)} + test lists"
    elif alone and (only := [name for name in ("trainval", "train") if lists[name]]) and not lists["val"]:
        return f"{only[0]} list", {"train": list(dict.fromkeys(lists[only[0]]))}
    else:
        training, test, label = ("train",), "val", "train + val lists: VOC's val is the test here"
    missing = [f"{name}.txt" for name in (*training, test) if not lists[name]]
    if missing:
        reason = " (no image in a test.txt has an annotation)" if test == "val" else ""
        raise UserError(f"{place / _LISTS}: no images are listed in {' and '.join(missing)}{reason}")
    splits = {"train": [image for name in training for image in lists[name]], "test": lists[test]}
    return label, {split: list(dict.fromkeys(names)) for split, names in splits.items()}


def _names(place: Path, name: str) -> list[str]:
    """Read a list, with one image per line, maybe followed by a sign; empty if there is no such list."""
    path = place / _LISTS / f"{name}.txt"
    try:
        lines = regular_files.text(path).splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return [_without_sign(line.strip(), place) for line in lines if line.strip()]


def _without_sign(line: str, place: Path) -> str:
    """Strip the sign after an image's name, which may have spaces in it."""
    name, *sign = line.rsplit(maxsplit=1)
    return name if sign and sign[0] in _SIGNS and not _annotation(place, line).is_file() else line


def _annotation(place: Path, name: str) -> Path:
    return place / "Annotations" / f"{name}.xml"


def _in_both(named: dict[str, list[str]]) -> list[str]:
    training = set(named["train"])
    return [
        f"image {name} is listed for training and for the test" for name in named.get("test", ()) if name in training
    ]


def _images(folder: Path) -> dict[str, str]:
    """Return the image files by their names without the suffix; if several have one name, the .jpg."""
    try:
        files = sorted(os.listdir(folder), key=lambda file: (file.lower().endswith(".jpg"), file))
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror})") from error
    parts = [(*os.path.splitext(file), file) for file in files]
    return {name: os.path.join(folder, file) for name, suffix, file in parts if suffix.lower() in _folders.SUFFIXES}
