"""Image files for `benchmarks.study`: drawn signs in GTSRB's own layout, and links to the same files for ImageFolder.

Knows nothing of who trains on them.
"""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks._workloads import Workload
from study.data import prepare
from study.data.splits import SplitOptions
from study.data.tasks import gtsrb, rendered
from study.data.tasks._gtsrb_signs import SIGNS
from study.data.types import Arrays

_COLUMNS = ("Filename", "Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId")


def prepared(folder: Path, workload: Workload, size: int, seed: int) -> tuple[Path, Path, dict[str, int]]:
    """Give a workload's images, links to them for one seed, and how many are trained and validated on; made once."""
    images = folder / f"images-{workload.tracks}-{workload.frames}"
    if not images.exists():
        write(images, workload.tracks, workload.frames, size)
    links = folder / f"links-{workload.name}-{seed}"
    if not links.exists():
        link(links, images, size, workload.label_fraction, seed)
    return images, links, {name: sum(1 for _ in (links / name).glob("*/*")) for name in ("train", "val")}


def write(folder: Path, tracks: int, frames: int, size: int) -> None:
    """Draw every sign and write the images as GTSRB's archives have them, the annotated box being the whole picture.

    Args:
        folder: gets `GTSRB/Final_Training` and `GTSRB/Final_Test`, one image a class.
        tracks: of each class.
        frames: of a track.
        size: side of the images, pixels.
    """
    _write_train(folder / "GTSRB/Final_Training/Images", rendered.tracks(SIGNS, tracks, frames, size, 1.0, 0, "train"))
    test = rendered.tracks(SIGNS, 1, 1, size, 1.0, 0, "test")
    place, rows = folder / "GTSRB/Final_Test/Images", []
    place.mkdir(parents=True)
    for number, (image, label) in enumerate(zip(test.images, test.targets, strict=True)):
        rows.append(_save(image, place / f"{number:05d}.ppm", int(label)))
    _annotate(place / "GT-final_test.csv", rows)


def _write_train(place: Path, train: Arrays) -> None:
    rows: dict[int, list[tuple[str | int, ...]]] = {int(label): [] for label in np.unique(train.targets)}
    seen: Counter[int] = Counter()
    first = {int(label): int(train.groups[train.targets == label].min()) for label in rows}
    for image, label, group in zip(train.images, train.targets.tolist(), train.groups.tolist(), strict=True):
        folder = place / f"{label:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        rows[label].append(_save(image, folder / f"{group - first[label]:05d}_{seen[group]:05d}.ppm", label))
        seen[group] += 1
    for label, lines in rows.items():
        _annotate(place / f"{label:05d}" / f"GT-{label:05d}.csv", lines)


def _save(image: np.ndarray, path: Path, label: int) -> tuple[str | int, ...]:
    """Write an image; gives its line of the annotations."""
    Image.fromarray(image).save(path)
    high, wide = image.shape[:2]
    return path.name, wide, high, 0, 0, wide, high, label


def _annotate(path: Path, rows: list[tuple[str | int, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened, delimiter=";").writerows([_COLUMNS, *rows])


def link(folder: Path, images: Path, size: int, fraction: float, seed: int) -> None:
    """Link the files that a study of ours trains and validates on into `train/<class>` and `val/<class>`.

    Args:
        folder: gets the links.
        images: what `write` wrote.
        size: side of the images that the study decodes, pixels.
        fraction: of the labels, in (0, 1].
        seed: the study's.
    """
    listing = gtsrb.read(images, "roi").splits["train"]
    opened = prepare.open_data(
        prepare.prepare("gtsrb", images, size, None), SplitOptions(fraction), seed, seed, sealed=True
    )
    splits = {"train": opened.train, "val": opened.val}
    for name, split in splits.items():
        for row, label in zip(split.index.tolist(), split.targets.tolist(), strict=True):
            source = Path(listing.paths[row])
            place = folder / name / f"{label:05d}"
            place.mkdir(parents=True, exist_ok=True)
            (place / source.name).symlink_to(source)


def warm(folder: Path) -> None:
    """Read every file once, so that none of the ways waits for the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()
