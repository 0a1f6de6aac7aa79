"""Finds the images, annotations and lists of a data set in Pascal VOC's layout, or in one that is like it.
Opens lists and no image."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from study.data.layouts.folder_tree import entries, is_image, loose, subfolders, walk
from study.data.layouts.names import is_data, split_of
from study.errors import UserError
from study.storage import regular_files

WANTED = "VOC's layout has JPEGImages, Annotations and ImageSets/Main"
_ANNOTATIONS = {"annotations", "annotation", "xmls", "xml"}
_IMAGES = {"jpegimages", "images", "image", "imgs", "img", "pictures", "photos"}
_LISTS = (Path("ImageSets", "Main"), Path("ImageSets"), Path())
_SIGNS = {"1", "0", "-1"}  # in the lists of one class: present, only difficult objects, absent


class Places(NamedTuple):
    """Where the parts of a data set lie."""

    root: Path
    annotations: dict[str, Path]
    """By name: the path below the annotations' folder without the suffix, or the file's stem if that is unique."""
    images: dict[str, str]
    """By name, as annotations are."""
    lists: dict[str, list[str]]
    """By split (or "trainval"): the names of its images; a split without any is missing."""
    reading: list[str]
    """Lines on what differs from VOC's own layout."""


def find(folder: Path) -> Places:
    """Find the parts of a data set.

    Args:
        folder: the data set's, or one at most two levels above it.

    Raises:
        UserError: there is no such folder, or more than one, or a part of it is missing.
    """
    if folder.is_dir() and (parts := _beside(folder)):
        return _of_parts(folder, parts)
    root = _root(folder)
    annotations, images = _annotations_folder(root), _images_folder(root)
    if annotations is None or images is None:
        missing = [str(name) for name, place in (("JPEGImages", images), ("Annotations", annotations)) if place is None]
        missing += [] if (root / _LISTS[0]).is_dir() else [str(_LISTS[0])]
        raise UserError(f"no {', '.join(missing)} in {root}: {WANTED}")
    reading = []
    if (annotations.name, images.name) != ("Annotations", "JPEGImages"):
        reading += [f"read: images of {images.name}/, annotations of {annotations.relative_to(root).as_posix()}/"]
    by_name = _named(annotations, _annotation_files(annotations))
    lists, lines = _lists(root)
    return Places(root, by_name, _images(images), {name: _names(path, by_name) for name, path in lists.items()},
                  reading + lines)  # fmt: skip


def is_voc(folder: Path) -> bool:
    """Whether a folder, or one at most two levels below it, has annotations of images in it."""
    if _beside(folder):
        return True
    if any(split_of(name) for name in subfolders(folder)):
        return False
    return any(_images_folder(root) is not None for root in _roots(folder))


def _beside(folder: Path) -> dict[str, Path]:
    """Give the folders, by split, in which annotations lie beside the images: folders named like splits, or it itself.

    Programs that export data sets write them so.
    """
    splits = {split: folder / name for name in subfolders(folder) if (split := split_of(name))}
    places = splits if "train" in splits else {"train": folder}
    with_both = {split: place for split, place in places.items() if loose(place) and _loose_annotations(place)}
    return with_both if with_both.keys() == places.keys() else {}


def _of_parts(root: Path, parts: dict[str, Path]) -> Places:
    files = [str(path) for place in parts.values() for path in _loose_annotations(place)]
    images = [str(place / name) for place in parts.values() for name in loose(place)]
    annotations = _named(root, files)
    lists = {
        split: sorted(name for path in _loose_annotations(place) if (name := _name_of(path, root)) in annotations)
        for split, place in parts.items()
    }
    return Places(root, annotations, {name: str(path) for name, path in _named(root, images).items()},
                  lists if len(parts) > 1 else {}, ["read: annotations beside the images"])  # fmt: skip


def _loose_annotations(place: Path) -> list[Path]:
    return [place / name for name in sorted(entries(place)) if _is_annotation(name)]


def _name_of(path: str | Path, folder: Path) -> str:
    return Path(os.path.splitext(os.path.relpath(path, folder))[0]).as_posix()


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
        if name == "Annotations" or _annotation_files(place / name):
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


def _annotation_files(folder: Path) -> list[str]:
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if is_data(name)]
        found += [os.path.join(place, name) for name in files if is_data(name) and _is_annotation(name)]
    return sorted(found)


def _images(folder: Path) -> dict[str, str]:
    """Give images by name; if several have one name, the .jpg."""
    paths = sorted(
        (path for _, found in walk(folder) for path in found), key=lambda path: (path.lower().endswith(".jpg"), path)
    )
    return {name: str(path) for name, path in _named(folder, paths).items()}


def _named(folder: Path, paths: list[str]) -> dict[str, Path]:
    """Give files by their path below a folder without the suffix, and by their stem where that names one alone."""
    whole = {_name_of(path, folder): Path(path) for path in paths}
    by_stem: dict[str, list[str]] = {}
    for name in whole:
        by_stem.setdefault(name.rsplit("/", 1)[-1], []).append(name)
    return {stem: whole[names[0]] for stem, names in by_stem.items() if len(names) == 1} | whole


def _lists(root: Path) -> tuple[dict[str, Path], list[str]]:
    """Give the lists of images by split, from the first place that has any, and a line on other names.

    Raises:
        UserError: there are two for one split.
    """
    for place in _LISTS:
        lists: dict[str, Path] = {}
        for path in sorted(path for path in (root / place).glob("*.txt") if is_data(path.name)):
            if (name := _list_name(path.stem)) is None:
                continue
            if name in lists:
                which = f"{lists[name].name} and {path.name}"
                raise UserError(f"{path.parent} has two lists for {name}, {which}; move one of them away")
            lists[name] = path
        if lists:
            other = [f"{path.name} as {name}" for name, path in lists.items() if path.stem != name]
            return lists, [f"read: {', '.join(other)}"] if other else []
    return {}, []


def _list_name(stem: str) -> str | None:
    if stem.casefold().replace("_", "").replace("-", "") in ("trainval", "trainvalidation"):
        return "trainval"
    return split_of(stem)


def _names(path: Path, annotations: dict[str, Path]) -> list[str]:
    """Read a list, with one image a line: its name, maybe with a suffix, maybe followed by a sign."""
    try:
        lines = regular_files.text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    return [_name(line.strip(), annotations) for line in lines if line.strip()]


def _name(line: str, annotations: dict[str, Path]) -> str:
    """Strip the sign after an image's name, which may have spaces in it, and an image's suffix."""
    name, *sign = line.rsplit(maxsplit=1)
    name = name if sign and sign[0] in _SIGNS and line not in annotations else line
    return os.path.splitext(name)[0] if is_image(name) and name not in annotations else name
