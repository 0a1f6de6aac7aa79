"""Lists a folder in Pascal VOC's layout: which images are in "train" and "test", and which classes are in them.
Knows nothing of crops or of which data set it is, and does not open the images."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data.tasks import _folders
from study.data.tasks._voc_annotations import answers, objects
from study.data.types import Listing, refuse
from study.errors import UserError
from study.storage import regular_files

_LISTS = Path("ImageSets", "Main")
_PARTS = (Path("JPEGImages"), Path("Annotations"), _LISTS)
_WANTED = "VOC's layout has JPEGImages, Annotations and ImageSets/Main"
_SIGNS = {"1", "0", "-1"}  # in the lists of one class: it is there, only difficult objects are, it is not


class VocListing(NamedTuple):
    """What a folder in VOC's layout has."""

    name: str
    """Of the folder, say "VOC2007"."""
    lists: str
    """Which lists are the splits, for people."""
    classes: tuple[str, ...]
    """The names of all objects of the listed images, sorted."""
    splits: dict[str, Listing]
    """Of "train" and, where there is one, "test"; the targets are `_voc_annotations.answers`."""


def listing(folder: Path, alone: bool = False) -> VocListing:
    """List the images of "train" and "test" and what is in them; each image is a group.

    If images of test.txt have annotations, they are the test, and those of trainval.txt, or of train.txt and val.txt,
    are trained on. Else, as in VOC2012, whose test has none, train.txt is trained on and val.txt is the test.

    Args:
        folder: has JPEGImages, Annotations and ImageSets/Main in it, or has, at most two levels down, one that does.
        alone: whether one list may be all that there is; there is no "test" in what was found then.

    Returns:
        What was found.

    Raises:
        UserError: there is no such folder or more than one, or its lists, images and annotations do not fit, with a
            list of what is wrong.
    """
    place = _place(folder)
    lists, named = _lists(place, alone)
    images, problems = _images(place / "JPEGImages"), _in_both(named)
    found = {}
    for split, names in named.items():
        found[split] = [objects(_annotation(place, name), problems) for name in names]
        problems += [f"no image {name}.jpg" for name in names if name not in images]
    refuse(f"things are wrong in {place}", problems)
    classes = tuple(sorted({name for each in found.values() for image in each for name in image}))
    if not classes:
        raise UserError(f"{place / 'Annotations'}: no <object> in any listed image")
    splits = {
        split: Listing([images[name] for name in names], answers(found[split], classes), np.arange(len(names)), None)
        for split, names in named.items()
    }
    return VocListing(place.name, lists, classes, splits)


def _place(folder: Path) -> Path:
    """Find the folder that has annotations."""
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
    """Choose the lists; return what they are called, and the images of "train" and "test"."""
    known = {name: _names(place, name) for name in ("train", "val", "trainval", "test")}
    if any(_annotation(place, name).is_file() for name in known["test"]):
        training = ("trainval",) if known["trainval"] else ("train", "val") if known["val"] else ("train",)
        test, said = "test", f"{' and '.join(training)} + test lists"
    elif alone and (only := [name for name in ("trainval", "train") if known[name]]) and not known["val"]:
        return f"{only[0]} list", {"train": list(dict.fromkeys(known[only[0]]))}
    else:
        training, test, said = ("train",), "val", "train + val lists: VOC's val is the test here"
    missing = [f"{name}.txt" for name in (*training, test) if not known[name]]
    if missing:
        why = " (no image in a test.txt has an annotation)" if test == "val" else ""
        raise UserError(f"{place / _LISTS}: no images are listed in {' and '.join(missing)}{why}")
    both = {"train": [name for each in training for name in known[each]], "test": known[test]}
    return said, {split: list(dict.fromkeys(names)) for split, names in both.items()}


def _names(place: Path, name: str) -> list[str]:
    """Read a list, if there is one: an image a line, maybe with a sign after it."""
    path = place / _LISTS / f"{name}.txt"
    try:
        lines = regular_files.text(path).splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return [_without_sign(line.strip(), place) for line in lines if line.strip()]


def _without_sign(line: str, place: Path) -> str:
    """Cut off what follows an image's name; a name may have spaces in it."""
    name, *sign = line.rsplit(maxsplit=1)
    return name if sign and sign[0] in _SIGNS and not _annotation(place, line).is_file() else line


def _annotation(place: Path, name: str) -> Path:
    return place / "Annotations" / f"{name}.xml"


def _in_both(named: dict[str, list[str]]) -> list[str]:
    trained = set(named["train"])
    return [
        f"image {name} is listed for training and for the test" for name in named.get("test", ()) if name in trained
    ]


def _images(folder: Path) -> dict[str, str]:
    """Return the image files by their names without the suffix; of several with one name, the .jpg."""
    try:
        files = sorted(os.listdir(folder), key=lambda file: (file.lower().endswith(".jpg"), file))
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror})") from error
    parts = [(*os.path.splitext(file), file) for file in files]
    return {name: os.path.join(folder, file) for name, suffix, file in parts if suffix.lower() in _folders.SUFFIXES}
