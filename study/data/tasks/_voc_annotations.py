"""Reads which objects an annotation in Pascal VOC's form has, and makes targets of them.
Knows nothing of folders, lists or where an object is in its picture.

Source: Everingham et al. 2010, The Pascal visual object classes (VOC) challenge, doi:10.1007/s11263-009-0275-4.
"""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from study.storage import regular_files

_DIFFICULT = {"": False, "0": False, "1": True}  # a mark that is missing reads as ""

MOST = 10**7
"""Bytes of an annotation that are read: VOC's have up to 20,000."""
Objects = dict[str, bool]
"""The classes that are in an image; whether all objects of a class are marked difficult."""


def objects(path: Path, problems: list[str]) -> Objects:
    """Read an annotation.

    Args:
        path: of the XML file; declarations of entities, hence document types, are refused.
        problems: gets a line for each thing that is wrong.

    Returns:
        What is in the image; nothing if there is no <object>, or the file cannot be read.
    """
    try:
        root = ElementTree.fromstring(regular_files.content(path, MOST), ElementTree.XMLParser(target=_NoDoctype()))
    except FileNotFoundError:
        problems.append(f"no annotation {path.name}")
        return {}
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: unknown encodings
        problems.append(f"annotation {path.name} cannot be read: {error}")
        return {}
    if root.tag != "annotation":
        problems.append(f"annotation {path.name} begins with <{root.tag}>, not with <annotation>")
    found = enumerate(root.iter("object"), start=1)
    return united(_object(each, f"annotation {path.name}, object {number}", problems) for number, each in found)


def united(found: Iterable[tuple[str, bool]]) -> Objects:
    """Unite the objects of an image; a class is difficult if each of its objects is.

    Args:
        found: the class of each object, and whether it is marked difficult.
    """
    result: Objects = {}
    for name, difficult in found:
        result[name] = difficult and result.get(name, True)
    return result


def answers(found: list[Objects], classes: tuple[str, ...]) -> np.ndarray:
    """Say which classes are in which image.

    Args:
        found: of each image.
        classes: all that there are.

    Returns:
        (n, classes) int64. 1: there is an object of the class. 0: there is none. -1: there are only objects that are
        marked difficult; corrected scores ignore these, as the challenge does; the seed took them for negatives.
    """
    targets = np.zeros((len(found), len(classes)), np.int64)
    for row, each in enumerate(found):
        for name, difficult in each.items():
            targets[row, classes.index(name)] = -1 if difficult else 1
    return targets


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type, where entities are declared: no annotation needs one."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a <!DOCTYPE …>, which annotations do not need")


def _object(found: ElementTree.Element, where: str, problems: list[str]) -> tuple[str, bool]:
    """Read the class of an object, not of its parts, which have names too, and whether it is marked difficult."""
    name, mark = (" ".join((found.findtext(tag) or "").split()) for tag in ("name", "difficult"))
    if not name:
        problems.append(f"{where} has no <name>")
    if mark not in _DIFFICULT:
        problems.append(f"{where} ({name or 'unnamed'}) has {mark!r} as <difficult>, not 0 or 1")
    return name, _DIFFICULT.get(mark, False)
