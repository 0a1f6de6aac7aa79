"""Finds the images, annotations and lists of a data set in Pascal VOC's layout, or in one that is like it.
Opens lists and no image."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from study.data.layouts.folder_tree import is_image, subfolders, walk
from study.data.layouts.names import SPLITS, is_data, split_of
from study.errors import UserError
from study.storage import regular_files

WANTED = "VOC's layout has JPEGImages, Annotations and ImageSets/Main"
_ANNOTATIONS = {"annotations", "annotation", "xmls", "xml"}
_IMAGES = {"jpegimages", "images", "image", "imgs", "img", "pictures", "photos"}
_LISTS = (Path("ImageSets", "Main"), Path("ImageSets"), Path())


class Places(NamedTuple):
    """Where the parts of a data set lie."""

    root: Path
    annotations: dict[str, Path]
    """By name: the path below the annotations' folder without the suffix, or the file's stem if that is unique."""
    images: dict[str, str]
    """By name, as annotations are."""
    lists: dict[str, list[Path]]
    """By split (or "trainval"): the files that list its images."""
    reading: list[str]
    """Lines on what differs from VOC's own layout."""


def find(folder: Path) -> Places:
    """Find the parts of a data set.

    Args:
        folder: the data set's, or one at most two levels above it.

    Raises:
        UserError: there is no such folder, or more than one, or a part of it is missing.
    """
    root = _root(folder)
    annotations, images = _annotations_folder(root), _images_folder(root)
    if annotations is None or images is None:
        missing = [str(name) for name, place in (("JPEGImages", images), ("Annotations", annotations)) if place is None]
        missing += [] if (root / _LISTS[0]).is_dir() else [str(_LISTS[0])]
        raise UserError(f"no {', '.join(missing)} in {root}: {WANTED}")
    reading = []
    if (annotations.name, images.name) != ("Annotations", "JPEGImages"):
        reading += [f"read: images of {images.name}/, annotations of {annotations.relative_to(root).as_posix()}/"]
    return Places(root, _by_name(annotations, _is_annotation), _images(images), *_lists(root, reading))


def is_voc(folder: Path) -> bool:
    """Whether a folder, or one at most two levels below it, has annotations of images in it."""
    return bool(_roots(folder)) and not any(split_of(name) for name in subfolders(folder))


def _root(folder: Path) -> Path:
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    places = _roots(folder)
    if not places:
        raise UserError(f"no annotations in {folder}, nor one or two levels down: {WANTED}")
    if len(places) > 1 and places[0] != folder.resolve():
        listed = ", ".join(map(str, sorted(places)))
        raise UserError(f"{folder} has several folders in VOC's layout; give one: {listed}")
    return places[0]


def _roots(folder: Path) -> list[Path]:
    """Give the folders with annotations that are nearest to a folder: itself, one or two levels below."""
    levels = [folder], [*_below(folder)], [inner for outer in _below(folder) for inner in _below(outer)]
    for places in levels:
        if found := [place for place in places if _annotations_folder(place) is not None]:
            return list(dict.fromkeys(place.resolve() for place in found))
    return []


def _below(place: Path) -> Iterator[Path]:
    return (place / name for name in subfolders(place))


def _annotations_folder(place: Path) -> Path | None:
    """Give the folder of annotations in a folder: one with XML files in it, or VOC's own, which may be empty."""
    for name in sorted(subfolders(place)):
        if name.casefold() not in _ANNOTATIONS:
            continue
        if inner := next((each for each in subfolders(place / name) if each.casefold() in _ANNOTATIONS), None):
            return place / name / inner
        if name == "Annotations" or next(_files(place / name, _is_annotation), None):
            return place / name
    return None


def _images_folder(place: Path) -> Path | None:
    named = [name for name in subfolders(place) if name.casefold() in _IMAGES]
    if len(named) > 1 and "JPEGImages" not in named:
        which = " and ".join(named)
        raise UserError(f"{place} has two folders of images, {which}; call the one that annotations are of JPEGImages")
    return place / ("JPEGImages" if "JPEGImages" in named else named[0]) if named else None


def _is_annotation(name: str) -> bool:
    return name.lower().endswith(".xml")


def _files(folder: Path, wanted: Callable[[str], bool]) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if is_data(name))
        yield from (os.path.join(place, name) for name in sorted(files) if is_data(name) and wanted(name))


def _images(folder: Path) -> dict[str, str]:
    """Give images by name; if several have one name, the .jpg."""
    paths = sorted(
        (path for _, found in walk(folder) for path in found), key=lambda path: (path.lower().endswith(".jpg"), path)
    )
    return {name: str(path) for name, path in _named(folder, paths).items()}


def _by_name(folder: Path, wanted: Callable[[str], bool]) -> dict[str, Path]:
    return _named(folder, list(_files(folder, wanted)))


def _named(folder: Path, paths: list[str]) -> dict[str, Path]:
    """Give files by their path below a folder without the suffix, and by their stem where that names one alone."""
    whole = {Path(os.path.splitext(os.path.relpath(path, folder))[0]).as_posix(): Path(path) for path in paths}
    by_stem: dict[str, list[str]] = {}
    for name in whole:
        by_stem.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    return {stem: whole[names[0]] for stem, names in by_stem.items() if len(names) == 1} | whole


def _lists(root: Path, reading: list[str]) -> tuple[dict[str, list[Path]], list[str]]:
    """Give the lists of images by split, from the first place that has any, and the lines on where they are."""
    for place in _LISTS:
        files = sorted(path for path in (root / place).glob("*.txt") if is_data(path.name))
        lists: dict[str, list[Path]] = {}
        for path in files:
            if name := _list_name(path.stem):
                lists.setdefault(name, []).append(path)
        if lists:
            _refuse_two(lists)
            other = [f"{path.name} as {name}" for name, (path, *_) in lists.items() if path.stem != name]
            return lists, reading + ([f"read: {', '.join(other)}"] if other else [])
    return {}, reading


def _list_name(stem: str) -> str | None:
    if stem.casefold().replace("_", "").replace("-", "") in ("trainval", "trainvalidation"):
        return "trainval"
    return split_of(stem)


def _refuse_two(lists: dict[str, list[Path]]) -> None:
    for name, files in lists.items():
        if len(files) > 1:
            which = " and ".join(path.name for path in files)
            raise UserError(f"{files[0].parent} has two lists for {name}, {which}; move one of them away")


def names(files: list[Path], annotations: dict[str, Path]) -> list[str]:
    """Read lists, with one image a line: its name, maybe with a suffix, maybe followed by a sign.

    Raises:
        UserError: a list cannot be read.
    """
    lines: list[str] = []
    for path in files:
        try:
            lines += regular_files.text(path).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from error
    return [_name(line.strip(), annotations) for line in lines if line.strip()]


_SIGNS = {"1", "0", "-1"}  # in the lists of one class: present, only difficult objects, absent


def _name(line: str, annotations: dict[str, Path]) -> str:
    """Strip the sign after an image's name, which may have spaces in it, and an image's suffix."""
    name, *sign = line.rsplit(maxsplit=1)
    name = name if sign and sign[0] in _SIGNS and line not in annotations else line
    return os.path.splitext(name)[0] if is_image(name) and name not in annotations else name


def splits_of_lists(places: Places) -> dict[str, list[str]]:
    """Read the lists of all splits; one that is missing is empty."""
    return {name: names(places.lists.get(name, []), places.annotations) for name in (*SPLITS, "trainval")}
