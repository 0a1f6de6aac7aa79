"""Reads the objects in an annotation in Pascal VOC's format, and makes targets of them.
Knows nothing of folders, lists or an object's position in the image.

Source: Everingham et al. 2010, The Pascal visual object classes (VOC) challenge, doi:10.1007/s11263-009-0275-4.
"""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from study.storage import regular_files

_DIFFICULT = {"": False, "0": False, "1": True}  # a missing mark reads as ""

MAX_BYTES = 10**7
"""Of an annotation; VOC's have up to 20,000."""
Objects = dict[str, bool]
"""The classes in an image → whether all objects of the class are marked difficult."""


def objects(path: Path, problems: list[str]) -> Objects:
    """Read an annotation.

    Args:
        path: of the XML file. Document types are refused, since they may declare entities.
        problems: gets a line for each problem.

    Returns:
        The objects; empty if there is no <object>, or the file cannot be read.
    """
    try:
        content = regular_files.content(path, MAX_BYTES)
        root = ElementTree.fromstring(content, ElementTree.XMLParser(target=_NoDoctype()))
    except FileNotFoundError:
        problems.append(f"no annotation {path.name}")
        return {}
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: unknown encodings
        problems.append(f"annotation {path.name} cannot be read: {error}")
        return {}
    if root.tag != "annotation":
        problems.append(f"annotation {path.name} begins with <{root.tag}>, not with <annotation>")
    elements = enumerate(root.iter("object"), start=1)
    return merged(
        _object(element, f"annotation {path.name}, object {number}", problems) for number, element in elements
    )


def merged(labels: Iterable[tuple[str, bool]]) -> Objects:
    """Merge the objects of an image by class; a class is difficult if all its objects are.

    Args:
        labels: the class of each object, and whether it is marked difficult.
    """
    by_class: Objects = {}
    for name, difficult in labels:
        by_class[name] = difficult and by_class.get(name, True)
    return by_class


def label_matrix(images: list[Objects], classes: tuple[str, ...]) -> np.ndarray:
    """Make the targets of images.

    Args:
        images: the objects of each.
        classes: of the columns.

    Returns:
        (n, classes) int64. 1: the image has an object of the class. 0: it has none. -1: all its objects of the class
        are marked difficult. Corrected scores ignore these, as the challenge does; the seed took them for negatives.
    """
    targets = np.zeros((len(images), len(classes)), np.int64)
    for row, image in enumerate(images):
        for name, difficult in image.items():
            targets[row, classes.index(name)] = -1 if difficult else 1
    return targets


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type, which may declare entities; no annotation needs one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a <!DOCTYPE …>, which annotations do not need")


def _object(element: ElementTree.Element, where: str, problems: list[str]) -> tuple[str, bool]:
    """Read an object's class, and whether it is marked difficult. The names of its parts are ignored."""
    name, mark = (" ".join((element.findtext(tag) or "").split()) for tag in ("name", "difficult"))
    if not name:
        problems.append(f"{where} has no <name>")
    if mark not in _DIFFICULT:
        problems.append(f"{where} ({name or 'unnamed'}) has {mark!r} as <difficult>, not 0 or 1")
    return name, _DIFFICULT.get(mark, False)
