"""Cat against dog, in equal numbers: Oxford-IIIT Pet, any image folder of two classes, or a stand-in.
Knows nothing of stores or splits.

Source: Parkhi et al. 2012, Cats and dogs, CVPR, doi:10.1109/CVPR.2012.6248092.
"""

import os
from pathlib import Path

import numpy as np

from study.data.layouts import image_folder
from study.data.tasks import rendered
from study.data.tasks._pets_drawn import cat, dog
from study.data.types import Archive, Arrays, Listing, Source, refuse
from study.errors import UserError
from study.seeds import stream
from study.storage import regular_files

METRIC = "accuracy"
AUGMENT = {"rotate": 10.0, "scale": 0.15, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "flip": 1.0}
CROPS = ("centre", "whole")
OXFORD = "oxford-iiit-pet"
_HOST = "https://www.robots.ox.ac.uk/~vgg/data/pets/data"
ARCHIVES = (  # as torchvision.datasets.OxfordIIITPet has them
    Archive(f"{_HOST}/images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c", f"{OXFORD}/images", "images"),
    Archive(f"{_HOST}/annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f", f"{OXFORD}/annotations", "annotations"),
)
_CATS, _DOGS = tuple(range(281, 286)), tuple(range(151, 269))
_FELINES, _CANINES = tuple(range(281, 294)), tuple(number for number in range(151, 281) if number != 276)  # a hyena
SOURCE_LABELS = {
    "imagenet": {
        **dict.fromkeys(("cat", "cats"), _CATS),
        **dict.fromkeys(("dog", "dogs"), _DOGS),
        **dict.fromkeys(("feline", "felines"), _FELINES),
        **dict.fromkeys(("canine", "canines"), _CANINES),
    }
}
_SPECIES = {"1": 0, "2": 1}  # in the annotations 1 is a cat, 2 is a dog
_LISTS = {"train": "trainval.txt", "test": "test.txt"}
_ANIMALS, _FRAMES = {"train": 100, "test": 34}, 3  # of the stand-in: animals per class, frames per animal


def read(folder: Path, crop: str) -> Source[Listing]:
    """List Oxford-IIIT Pet in torchvision's layout, or an image folder of two classes; the larger class is reduced.

    Args:
        folder: contains `oxford-iiit-pet`, is that folder, or has `train/<class>/…` and `test/<class>/…`.
        crop: "centre" (the largest square in the middle) or "whole" (the whole image, squeezed into a square).

    Returns:
        The data set, each image its own group.

    Raises:
        UserError: the folder has neither layout, or its files and annotations do not match, with a list of problems.
    """
    name, classes, listings = _listings(folder)
    if len(classes) != 2:
        raise UserError(f"{folder} has {len(classes)} classes ({', '.join(classes)}); task pets tells two apart")
    splits = {split: balanced(listing, split)._replace(square=crop == "centre") for split, listing in listings.items()}
    counts = " + ".join(f"{len(listing.paths):,} {split}" for split, listing in splits.items())
    before = " and ".join(_by_class(listing, classes) for listing in listings.values())
    how = "centre squares" if crop == "centre" else "whole pictures"
    return Source(f"{name}: {counts} images, balanced from {before}, {how}", classes, splits)


def stand_in(size: int, crop: str) -> Source[Arrays]:
    """Draw cats and dogs that differ in fur, build and pose, with some frames of each; an animal is a group.

    Args:
        size: side of the images in pixels.
        crop: "whole" has more around an animal than "centre".

    Returns:
        The stand-in, rendered lazily.
    """
    zoom = 1.0 if crop == "centre" else 0.8
    splits = {split: _drawn(count, size, zoom, split) for split, count in _ANIMALS.items()}
    train, test = (len(arrays.targets) for arrays in splits.values())
    return Source(f"stand-in: drawn cats and dogs, {train:,} train + {test:,} test images", ("cat", "dog"), splits)


def balanced(listing: Listing, split: str) -> Listing:
    """Reduce every class to the size of the smallest, by a draw that depends only on the counts and the split."""
    counts = np.bincount(listing.targets)
    by_class = [np.flatnonzero(listing.targets == label) for label in range(len(counts))]
    rngs = [np.random.default_rng(stream(0, "balanced", split, label)) for label in range(len(counts))]
    drawn = [rng.permutation(rows)[: counts.min()] for rng, rows in zip(rngs, by_class, strict=True)]
    rows = np.sort(np.concatenate(drawn))
    return Listing([listing.paths[row] for row in rows], listing.targets[rows], listing.groups[rows], None)


def _by_class(listing: Listing, classes: tuple[str, ...]) -> str:
    counts = np.bincount(listing.targets)
    return " + ".join(f"{count:,} {name}" for name, count in zip(classes, counts, strict=True))


def _listings(folder: Path) -> tuple[str, tuple[str, ...], dict[str, Listing]]:
    """Return the data set's name, its classes and its listings."""
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    for place in (folder, folder / OXFORD):
        if (place / "annotations").is_dir():
            return "Oxford-IIIT Pet", ("cat", "dog"), _oxford(place)
    if image_folder.is_image_folder(folder):
        return "image folder", *image_folder.listing(folder)
    wanted = f"neither {OXFORD}/images and {OXFORD}/annotations nor train/<class>/… and test/<class>/…"
    raise UserError(f"no cats and dogs in {folder}: it has {wanted}")


def _oxford(place: Path) -> dict[str, Listing]:
    problems: list[str] = []
    try:
        present = set(os.listdir(place / "images"))
        lines = {split: regular_files.text(place / "annotations" / name).splitlines() for split, name in _LISTS.items()}
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Oxford-IIIT Pet in {place} cannot be read: {error}") from error
    listings = {
        split: _listing(lines[split], place / "images", present, f"{place / 'annotations' / name}", problems)
        for split, name in _LISTS.items()
    }
    refuse(f"things are wrong with Oxford-IIIT Pet in {place}", problems)
    return listings


def _listing(lines: list[str], images: Path, present: set[str], source: str, problems: list[str]) -> Listing:
    """Read a list of images with lines as "Abyssinian_100 1 1 1": name, breed, species, breed within the species."""
    paths, targets = [], []
    for number, line in enumerate(lines, start=1):
        name, *numbers = line.split() or [""]
        if not name or name.startswith("#"):
            continue
        if len(numbers) != 3 or numbers[1] not in _SPECIES:
            problems.append(f"{source}, line {number}: {line!r} is not a name, a breed, 1 or 2 (the species), a breed")
        elif f"{name}.jpg" not in present:
            problems.append(f"{source}, line {number}: no image {name}.jpg")
        else:
            paths.append(os.path.join(images, f"{name}.jpg"))
            targets.append(_SPECIES[numbers[1]])
    if set(targets) != set(_SPECIES.values()):
        problems.append(f"{source}: both cats (species 1) and dogs (species 2) are needed")
    return Listing(paths, np.array(targets, np.int64), np.arange(len(paths)), None)


def _drawn(count: int, size: int, zoom: float, split: str) -> Arrays:
    pictures = [
        draw(np.random.default_rng(stream(0, "animal", split, label, number)))
        for label, draw in enumerate((cat, dog))
        for number in range(count)
    ]
    arrays = rendered.tracks(pictures, 1, _FRAMES, size, zoom, 0, split)
    return arrays._replace(targets=arrays.targets // count)
