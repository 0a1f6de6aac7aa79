"""The German Traffic Sign Recognition Benchmark: its files, its classes and its stand-in.
Knows nothing of stores or splits.

Source: Stallkamp et al. 2012, Man vs. computer, Neural Networks 32, doi:10.1016/j.neunet.2012.02.016.
"""

import csv
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from study.data import image_files
from study.data.tasks import rendered
from study.data.tasks._gtsrb_signs import SIGNS
from study.data.types import Archive, Arrays, Listing, Source, refuse
from study.errors import UserError
from study.storage import regular_files

CLASSES = (
    "speed limit 20",
    "speed limit 30",
    "speed limit 50",
    "speed limit 60",
    "speed limit 70",
    "speed limit 80",
    "end of speed limit 80",
    "speed limit 100",
    "speed limit 120",
    "no passing",
    "no passing for trucks",
    "priority at next crossing",
    "priority road",
    "yield",
    "stop",
    "no vehicles",
    "no trucks",
    "no entry",
    "danger",
    "curve left",
    "curve right",
    "double curve",
    "bumpy road",
    "slippery road",
    "road narrows on the right",
    "road work",
    "traffic signals",
    "pedestrians",
    "children",
    "bicycles",
    "ice or snow",
    "wild animals",
    "end of all limits",
    "turn right ahead",
    "turn left ahead",
    "ahead only",
    "ahead or right",
    "ahead or left",
    "keep right",
    "keep left",
    "roundabout",
    "end of no passing",
    "end of no passing for trucks",
)
METRIC = "accuracy"
AUGMENT = {"rotate": 10.0, "scale": 0.12, "shift": 0.08, "brightness": 0.3, "contrast": 0.3, "flip": 0.0}
CROPS = ("roi", "frame")
_HOST = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370"
ARCHIVES = (
    Archive(f"{_HOST}/GTSRB_Final_Training_Images.zip", "f33fd80ac59bff73c82d25ab499e03a3", "GTSRB/Final_Training"),
    Archive(f"{_HOST}/GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185", "GTSRB/Final_Test"),
    Archive(f"{_HOST}/GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5", "GT-final_test.csv"),
)
MARGIN = 0.05
"""Added to each side of the annotated box, as a share of the box. It keeps the rim, which distinguishes half of the
classes, when a box is a pixel off. Shifts and rotations then move road into the image, not copied edges."""
_LAYOUTS = {"official": ("Final_Training/Images", 39_209), "torchvision's": ("Training", 26_640)}
_TEST = 12_630
_TEST_CSV = "GT-final_test.csv"


class _Rows(NamedTuple):
    """The annotations of a split, in parallel lists, and their problems."""

    paths: list[str]
    targets: list[int]
    groups: list[int]
    boxes: list[list[float]]
    sizes: list[tuple[int, int]]
    problems: list[str]


def read(folder: Path, crop: str) -> Source[Listing]:
    """List the real images, in the official layout or in torchvision's.

    Args:
        folder: contains GTSRB, or is that folder; torchvision's `gtsrb` is accepted too.
        crop: "roi" (the annotated box and a margin) or "frame" (the whole image).

    Returns:
        The data set. In "train" a group is a track, which has up to 30 frames of a sign.

    Raises:
        UserError: there is no such data set, or files and annotations do not match, with a list of problems.
    """
    place, layout = _find(folder)
    train_folder, official = _LAYOUTS[layout]
    train, test = _train(place / train_folder), _test(place)
    refuse(f"things are wrong with GTSRB in {place}", train.problems + test.problems)
    counts = f"{_of(len(train.paths), official)} train + {_of(len(test.paths), _TEST)} test images"
    line = f"GTSRB {layout} layout: {counts}, {'ROI crops' if crop == 'roi' else 'whole frames'}{_stored(train)}"
    return Source(line, CLASSES, {"train": _listing(train, crop), "test": _listing(test, crop)})


def stand_in(size: int, crop: str) -> Source[Arrays]:
    """Render the 43 signs in varying pose, light and weather, in tracks like the real ones.

    Args:
        size: side of the images in pixels.
        crop: "frame" has more of the road around a sign than "roi".

    Returns:
        The stand-in, rendered lazily.
    """
    zoom = 1.0 if crop == "roi" else 0.8
    splits = {
        name: rendered.tracks(SIGNS, count, frames, size, zoom, 0, name)
        for name, (count, frames) in {"train": (21, 4), "test": (5, 4)}.items()
    }
    train, test = (len(splits[name].targets) for name in ("train", "test"))
    return Source(f"stand-in: {len(SIGNS)} rendered signs, {train:,} train + {test:,} test images", CLASSES, splits)


def _find(folder: Path) -> tuple[Path, str]:
    """Return the GTSRB folder and the layout's name."""
    if not folder.is_dir():
        raise UserError(f"no folder {folder}")
    for place in (folder, folder / "GTSRB", folder / "gtsrb" / "GTSRB"):
        for layout, (train, _) in _LAYOUTS.items():
            if (place / train).is_dir():
                return place, layout
    wanted = " or ".join(f"GTSRB/{train}" for train, _ in _LAYOUTS.values())
    raise UserError(f"no GTSRB in {folder}: neither it nor its GTSRB folder has {wanted}")


def _train(folder: Path) -> _Rows:
    rows = _Rows([], [], [], [], [], [])
    for label in range(len(CLASSES)):
        place = folder / f"{label:05d}"
        before = len(rows.paths)
        _annotated(place, place / f"GT-{label:05d}.csv", rows, label)
        if len(rows.paths) == before:
            rows.problems.append(f"{place}: class {label} ({CLASSES[label]}) is empty")
    return rows


def _test(place: Path) -> _Rows:
    rows = _Rows([], [], [], [], [], [])
    images = place / "Final_Test" / "Images"
    candidates = [folder / _TEST_CSV for folder in (images, images.parent, place, place.parent)]
    annotations = next((file for file in candidates if file.is_file()), None)
    if annotations is None:
        folders = ", ".join(str(file.parent) for file in candidates)
        rows.problems.append(f"no {_TEST_CSV} (the test's classes) in {folders}")
    else:
        _annotated(images, annotations, rows, None)
    return rows


def _annotated(folder: Path, annotations: Path, rows: _Rows, label: int | None) -> None:
    """Append the images of one folder; `label` is the class of all of them, None for the test."""
    try:
        present = {name for name in os.listdir(folder) if name.endswith(".ppm")}
        lines = list(csv.DictReader(io.StringIO(regular_files.text(annotations, "utf-8"), newline=""), delimiter=";"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        rows.problems.append(f"{folder}: {error}")
        return
    for number, line in enumerate(lines, start=2):
        problem = _append(folder, line, rows, label, present)
        if problem:
            rows.problems.append(f"{annotations}, line {number}: {problem}")
    rows.problems.extend(f"{folder / name}: not in {annotations.name}" for name in sorted(present))


def _append(folder: Path, line: dict[str, str], rows: _Rows, label: int | None, present: set[str]) -> str | None:
    """Append one image and remove its name from those present; returns its problem if it has one."""
    try:
        name, target = line["Filename"], int(line["ClassId"])
        width, height = int(line["Width"]), int(line["Height"])
        box = [int(line[f"Roi.{corner}"]) for corner in ("X1", "Y1", "X2", "Y2")]
        group = len(rows.paths) if label is None else label * 100_000 + int(name.partition("_")[0])
    except (KeyError, TypeError, ValueError) as error:
        return f"not an annotation ({error!r})"
    if name not in present:
        return f"no image {name}, or listed twice"
    present.remove(name)
    if target != label if label is not None else target not in range(len(CLASSES)):
        return f"{name} cannot be of class {target}"
    if not (0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height):
        return f"{name} has a box {box} that is not in its {width} × {height} pixels"
    rows.paths.append(os.path.join(folder, name))
    rows.targets.append(target)
    rows.groups.append(group)
    rows.boxes.append(_with_margin(box, width, height))
    rows.sizes.append((width, height))
    return None


def _with_margin(box: list[int], width: int, height: int) -> list[float]:
    """Widen a box and convert it to shares of the image, so that copies of another size are cropped alike."""
    left, top, right, bottom = box
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    corners = (left - across) / width, (top - down) / height, (right + across) / width, (bottom + down) / height
    return [min(max(corner, 0.0), 1.0) for corner in corners]


def _listing(rows: _Rows, crop: str) -> Listing:
    boxes = np.array(rows.boxes, dtype=float).reshape(-1, 4) if crop == "roi" else None
    return Listing(rows.paths, np.array(rows.targets, np.int64), np.array(rows.groups, np.int64), boxes)


def _stored(rows: _Rows) -> str:
    """Report if the images are stored at another size than annotated; the first image is checked."""
    try:
        size = image_files.size(rows.paths[0])
    except Exception:  # a broken file can make Pillow raise anything
        return ""  # decoding lists all unreadable files
    return "" if size == rows.sizes[0] else f" (pictures stored at {size[0]} × {size[1]} pixels, not as annotated)"


def _of(count: int, official: int) -> str:
    return f"{count:,}" if count == official else f"{count:,} of {official:,}"
