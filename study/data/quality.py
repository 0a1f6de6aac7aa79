"""Remarks on a data set of the user's own: what may make results worse, or harder to read, than they look.
Knows nothing of its layout on the disk, nor of what would make results wrong, which `inspection` lists."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from study.data import label_names
from study.data.decoder_warnings import few
from study.data.own_images import OwnDataset, class_counts
from study.data.scan import ImageFacts
from study.data.types import Listing

UNEVEN = 3.0
"""Ratio of two classes' images from which on class weights are worth a thought."""
APART = 2.0
"""Ratio of the median image sides of two splits or classes above which they differ."""
FLAT = 16
"""Of 255. An image whose values span less shows nothing, or has more bits than it uses."""
FEW = 100
"""Test images below which a share is known to ten points at best."""


def remarks(dataset: OwnDataset, facts: Sequence[ImageFacts], listings: dict[str, Listing], size: int) -> Iterator[str]:
    """Remark on what is odd, as far as it is known.

    Args:
        dataset: as it is listed.
        facts: of each image, of all splits one after the other; empty before the images are scanned.
        listings: the same as the data set, with a test; empty where no test can be made.
        size: side of the images that networks get, pixels.
    """
    yield from label_names.remarks(dataset.classes)
    yield from _uneven(dataset)
    if facts:
        yield from _of_images(dataset, facts, size)
    if listings:
        yield from _of_test(dataset, listings["test"].targets)


def _of_images(dataset: OwnDataset, facts: Sequence[ImageFacts], size: int) -> Iterator[str]:
    """Remark on files, sizes and colours of the images that can be read."""
    images = [(path, image) for path, image in zip(dataset.paths, facts, strict=True) if not image.problem]
    yield from few([f"{dataset.relative(path)}: {note}" for path, image in images for note in image.notes])
    yield from _sizes(dataset, facts)
    small = sum(min(image.width, image.height) < size / 2 for _, image in images)
    if small:
        yield f"{small:,} of {len(images):,} images are enlarged more than twice to {size} px"
    flat = [dataset.relative(path) for path, image in images if image.spread < FLAT]
    if flat:
        yield f"{len(flat):,} images are of one colour, or nearly, as {flat[0]}"


def _of_test(dataset: OwnDataset, test: np.ndarray) -> Iterator[str]:
    """Remark on a test that lacks labels or images."""
    if absent := [dataset.classes[label] for label in np.flatnonzero(class_counts(test, dataset.classes) == 0)]:
        yield f"no test image has {', '.join(absent)}: mAP leaves out what no image has"
    if len(test) < FEW:
        yield f"{len(test)} test images: a share near a half is known to ±{98 / np.sqrt(len(test)):.0f} points"


def _uneven(dataset: OwnDataset) -> Iterable[str]:
    counts, classes = class_counts(dataset.splits["train"].targets, dataset.classes), dataset.classes
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= UNEVEN * counts[least] > 0:
        ratio = f"{classes[most]} has {counts[most] / counts[least]:.1f} times the images of {classes[least]}"
        several = dataset.targets.ndim == 2
        yield f"{ratio}: {'mAP counts both alike' if several else '--set class_weights=balanced weighs the loss'}"


def _sizes(dataset: OwnDataset, facts: Sequence[ImageFacts]) -> Iterable[str]:
    """Report where the image size alone distinguishes splits or classes."""
    sides = np.sqrt([np.nan if image.problem else image.width * image.height for image in facts])
    kinds = {"split": np.array(dataset.split)}
    if dataset.targets.ndim == 1:
        kinds["class"] = np.array(dataset.classes)[dataset.targets]
    for kind, names in kinds.items():
        medians = {str(name): float(np.nanmedian(sides[names == name])) for name in _measured(names, sides)}
        if not medians:
            continue
        low, high = min(medians, key=lambda name: medians[name]), max(medians, key=lambda name: medians[name])
        if medians[high] > APART * medians[low]:
            halves = f"half of {high} is below {medians[high]:.0f} px, of {low} below {medians[low]:.0f}"
            yield f"image size differs by {kind}, and a network may see that: {halves}"


def _measured(names: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Give the names that have an image whose size is known."""
    return np.unique(names[~np.isnan(sides)])
