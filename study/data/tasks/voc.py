"""Pascal VOC: which kinds of objects are in an image. Any folder in its layout, or rendered scenes.
Knows nothing of stores, or of an object's position in the image.

Source: Everingham et al. 2010, The Pascal visual object classes (VOC) challenge, doi:10.1007/s11263-009-0275-4.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from study.data.layouts import voc as voc_layout
from study.data.layouts.voc_annotations import label_matrix, merged
from study.data.tasks._objects_drawn import OBJECTS
from study.data.tasks._several_drawn import photograph, plan
from study.data.types import Archive, Arrays, Listing, Source

METRIC = "mAP"
ALSO = ("mAP_11point", "AP_per_image")
LABELS_PER_IMAGE = "several"
"""A target is a row with a value per class: 1 if it is in the image, 0 if not, -1 if all its objects are difficult."""
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
        crop: "whole" (the whole image, squeezed into a square) or "centre" (the largest square in the middle, which
            may cut off labelled objects).

    Returns:
        The data set, each image its own group; the targets are described in `voc_annotations.label_matrix`.

    Raises:
        UserError: it is no such folder, or its lists, images and annotations do not match, with a list of problems.
    """
    name, lists, classes, listings, _ = voc_layout.listing(folder)
    splits = {split: listing._replace(square=crop == "centre") for split, listing in listings.items()}
    train, test = (len(listing.paths) for listing in splits.values())
    how = "centre squares" if crop == "centre" else "whole pictures"
    line = f"{name}: {train:,} train + {test:,} test images, {len(classes)} labels ({lists}), {how}"
    return Source(line + _absent_classes(classes, splits), classes, splits)


def stand_in(size: int, crop: str) -> Source[Arrays]:
    """Render scenes of one to four drawn objects of ten kinds, some common, some rare.

    Some scenes also have a small object far away, which is marked difficult.

    Args:
        size: side of the images in pixels.
        crop: either; the scenes are square.

    Returns:
        The stand-in, rendered lazily; each scene is its own group.
    """
    classes = tuple(sorted(OBJECTS))
    splits = {split: _scenes(split, count, size, classes) for split, count in _SCENES.items()}
    train, test = _SCENES.values()
    line = f"stand-in: scenes of several drawn objects, {train:,} train + {test:,} test images, {len(classes)} labels"
    return Source(line, classes, splits)


def _absent_classes(classes: tuple[str, ...], splits: dict[str, Listing]) -> str:
    """Name the classes that a split has no image of, which cannot be learnt or not be scored."""
    text = ""
    for split, listing in splits.items():
        absent = [name for name, present in zip(classes, (listing.targets == 1).any(0), strict=True) if not present]
        text += f"; {split} has no {', '.join(absent)}" if absent else ""
    return text


def _scenes(split: str, count: int, size: int, classes: tuple[str, ...]) -> Arrays:
    objects = [merged((thing.kind, thing.far) for thing in plan(split, number)) for number in range(count)]
    return Arrays(_Scenes(split, count, size), label_matrix(objects, classes), np.arange(count))


class _Scenes:
    """The images of a split of the stand-in, rendered again in each pass."""

    def __init__(self, split: str, count: int, size: int) -> None:
        self.plan = split, count, size

    def __iter__(self) -> Iterator[np.ndarray]:
        split, count, size = self.plan
        return (photograph(split, number, size) for number in range(count))
