"""Pascal VOC: which of several kinds of objects are in a picture; any folder in its layout, or rendered scenes.
Knows nothing of stores, of how several labels are trained or scored, or of where an object is in its picture.

Source: Everingham et al. 2010, The Pascal visual object classes (VOC) challenge, doi:10.1007/s11263-009-0275-4.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from study.data.tasks import _voc_layout
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._several_drawn import photograph, plan
from study.data.tasks._voc_annotations import answers, united
from study.data.types import Archive, Arrays, Listing, Source

METRIC = "mAP"
ALSO = ("mAP_11point", "AP_per_image")
LABELS_PER_IMAGE = "several"
"""A target is a row: of each class 1 if it is in the image, 0 if not, -1 if only objects marked difficult are."""
AUGMENT = {"rotate": 0.0, "scale": 0.1, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 1.0}
CROPS = ("whole", "centre")
ARCHIVES = (  # as torchvision.datasets.VOCDetection has it
    Archive(
        "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
        "6cd6e144f989b92b3379bac3b3de84fd",
        "VOCdevkit/VOC2012",
    ),
)
_SCENES = {"train": 600, "test": 300}  # of the stand-in


def read(folder: Path, crop: str) -> Source[Listing]:
    """List a folder in VOC's layout; its classes are the names in the annotations of the listed images.

    Args:
        folder: VOC2007, VOC2012 or another folder with JPEGImages, Annotations and ImageSets/Main, or one above it.
        crop: "whole" (the whole picture, squeezed into a square) or "centre" (the largest square in the middle, which
            may cut off objects that are labelled).

    Returns:
        What was found, each image a group of its own; the targets are described in `_voc_annotations.answers`.

    Raises:
        UserError: it is no such folder, or its lists, images and annotations do not fit, with a list of what is wrong.
    """
    name, lists, classes, found = _voc_layout.listing(folder)
    splits = {split: each._replace(square=crop == "centre") for split, each in found.items()}
    train, test = (len(each.paths) for each in splits.values())
    how = "centre squares" if crop == "centre" else "whole pictures"
    line = f"{name}: {train:,} train + {test:,} test images, {len(classes)} labels ({lists}), {how}"
    return Source(line + _unshown(classes, splits), classes, splits)


def stand_in(size: int, crop: str) -> Source[Arrays]:
    """Render scenes of one to four drawn objects of ten kinds, some common, some rare.

    In some scenes there is a small one far away too, which is marked difficult.

    Args:
        size: side of the images in pixels.
        crop: either; the scenes are square.

    Returns:
        The stand-in, rendered as it is asked for; each scene is a group.
    """
    classes = tuple(sorted(OBJECTS))
    splits = {split: _scenes(split, count, size, classes) for split, count in _SCENES.items()}
    train, test = _SCENES.values()
    line = f"stand-in: scenes of several drawn objects, {train:,} train + {test:,} test images, {len(classes)} labels"
    return Source(line, classes, splits)


def _unshown(classes: tuple[str, ...], splits: dict[str, Listing]) -> str:
    """Name the classes that a split has no image of: they cannot be learned, or not be scored."""
    said = ""
    for split, each in splits.items():
        missing = [name for name, shown in zip(classes, (each.targets == 1).any(0), strict=True) if not shown]
        said += f"; {split} has no {', '.join(missing)}" if missing else ""
    return said


def _scenes(split: str, count: int, size: int, classes: tuple[str, ...]) -> Arrays:
    found = [united((thing.kind, thing.far) for thing in plan(split, number)) for number in range(count)]
    return Arrays(_Scenes(split, count, size), answers(found, classes), np.arange(count))


class _Scenes:
    """The images of a split of the stand-in, rendered anew at each pass."""

    def __init__(self, split: str, count: int, size: int) -> None:
        self.plan = split, count, size

    def __iter__(self) -> Iterator[np.ndarray]:
        split, count, size = self.plan
        return (photograph(split, number, size) for number in range(count))
