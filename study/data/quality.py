"""What of a data set of one's own may make results worse, or harder to read, than they look.
Knows nothing of how it lies on the disk, and of nothing that would make them wrong."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from study.data.decoder_warnings import few
from study.data.own_images import OwnDataset, counted
from study.data.scan import ImageFacts
from study.data.types import Listing

UNEVEN = 3.0
"""Times as many images of one class as of another: from there on weights of classes are worth a thought."""
APART = 2.0
"""Times as long a side, in the middle, in one split or class as in another."""
FLAT = 16
"""Of 255: an image whose values all lie within less shows nothing, or has more bits than it uses."""
FEW = 100
"""Test images: of fewer a share is known to ten points, at best."""


def remarks(found: OwnDataset, looks: Sequence[ImageFacts], cut: dict[str, Listing], size: int) -> Iterator[str]:
    """Say what is odd.

    Args:
        found: the data set.
        looks: of each image, of all splits one after the other.
        cut: with a test.
        size: side of the images that networks get, pixels.
    """
    yield from few(
        [f"{found.told(path)}: {note}" for path, each in zip(found.paths, looks, strict=True) for note in each.notes]
    )
    yield from _alike(found.classes)
    yield from _uneven(found)
    yield from _sizes(found, looks)
    small = sum(min(each.width, each.height) < size / 2 for each in looks)
    if small:
        yield f"{small:,} of {len(looks):,} images are enlarged more than twice to {size} px"
    flat = [found.told(path) for path, each in zip(found.paths, looks, strict=True) if each.spread < FLAT]
    if flat:
        yield f"{len(flat):,} images are of one colour, or nearly, as {flat[0]}"
    test = cut["test"].targets
    if absent := [found.classes[label] for label in np.flatnonzero(counted(test, found.classes) == 0)]:
        yield f"no test image has {', '.join(absent)}: mAP leaves out what no image has"
    if len(test) < FEW:
        yield f"{len(test)} test images: a share near a half is known to ±{98 / np.sqrt(len(test)):.0f} points"


def _alike(classes: Sequence[str]) -> Iterable[str]:
    """Say which classes are likely to be one, spelt in two ways."""
    spelt: dict[str, list[str]] = {}
    for name in classes:
        spelt.setdefault("".join(unicodedata.normalize("NFKC", name).casefold().split()), []).append(name)
    for names in spelt.values():
        if len(names) > 1:
            told = " and ".join(ascii(name) for name in names)
            yield f"{told} are classes of their own, though they differ by case, blanks or Unicode form alone"


def _uneven(found: OwnDataset) -> Iterable[str]:
    counts = counted(found.splits["train"].targets, found.classes)
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] >= UNEVEN * counts[least]:
        told = (
            f"{found.classes[most]} has {counts[most] / counts[least]:.1f} times the images of {found.classes[least]}"
        )
        several = found.targets.ndim == 2
        yield f"{told}: {'mAP counts both alike' if several else '--set class_weights=balanced weighs the loss'}"


def _sizes(found: OwnDataset, looks: Sequence[ImageFacts]) -> Iterable[str]:
    """Say where size alone tells splits or classes apart."""
    sides = np.sqrt([each.width * each.height for each in looks])
    kinds = {"split": np.array(found.split)}
    if found.targets.ndim == 1:
        kinds["class"] = np.array(found.classes)[found.targets]
    for kind, names in kinds.items():
        middle = {str(name): float(np.median(sides[names == name])) for name in np.unique(names)}
        low, high = min(middle, key=lambda name: middle[name]), max(middle, key=lambda name: middle[name])
        if middle[high] > APART * middle[low]:
            told = f"half of {high} is below {middle[high]:.0f} px, of {low} below {middle[low]:.0f}"
            yield f"image size differs by {kind}, and a network may see that: {told}"
