"""Turns a task's images into memory-mapped arrays, once, and opens them cut into training, validation and test.
Knows nothing of tensors, models or how a trial uses the images."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL

from study.data import arrays, images, own_images, splits, tasks, types
from study.data.decoder_warnings import few
from study.data.splits import SplitOptions
from study.data.tasks import Task
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.space.config import CHOICES, check_crop, check_size
from study.storage import store


class Split(NamedTuple):
    """Some samples of an array of images."""

    images: np.ndarray
    """(all, size, size, 3) uint8, memory-mapped: the whole file, shared by train and val."""
    targets: np.ndarray
    """(n,) int64; or (n, labels) of 0, 1 and -1 (unknown) where an image has several."""
    groups: np.ndarray
    """(n,) int64; samples of one group never straddle a split."""
    index: np.ndarray  # type: ignore[assignment]  # a tuple's own index() is of no use here
    """(n,) int64, ascending: the rows of `images` that belong to the split."""


class TaskData(NamedTuple):
    """All a trial may see of a task."""

    task: str
    classes: tuple[str, ...]
    metric: str
    augment: dict[str, float]
    train: Split
    val: Split
    test: Split | None
    """None while the test is sealed."""
    key: str
    """Equal keys have equal image arrays, whatever the split."""
    source_labels: dict[str, dict[str, tuple[int, ...]]]
    """By the source of weights, say "imagenet", and by class: the source's classes that it stands for; a class that the
    task has none for is missing."""
    val_file: str = "train"
    """The images that validation's rows are of: "train" or "test"."""
    also: tuple[str, ...] = ()
    """Metrics that are reported besides `metric` and the loss."""
    labelled: int | None = None
    """Training images that there are with all labels; None: as many as `train` has."""
    crop: str = "whole"
    """What the task's images are cut to where a configuration does not say."""


@dataclass(frozen=True)
class Prepared:
    """A task's images, decoded; plain values, to be recorded and sent to workers."""

    task: str
    path: str
    """The store entry."""
    source: str
    """Where the images come from, for people; contains "stand-in" where they are rendered."""
    fingerprint: str
    """Hash of the decoded images, targets and groups."""
    classes: list[str]
    metric: str
    counts: dict[str, int]
    """Images in "train" (before validation is cut off) and "test"."""
    several: bool = False
    """Whether an image has several labels; else it has one class."""
    folder: str | None = None
    """The real data set."""
    image_size: int = 0
    crop: str | None = None
    group_pattern: str | None = None


_made_here: dict[str, Path] = {}
"""Entries that this process had to make, or to find under another name, by fingerprint."""


def prepare(
    task: str,
    folder: Path | None,
    image_size: int,
    crop: str | None,
    progress: Callable[[int, int], None] | None = None,
    group_pattern: str | None = None,
) -> Prepared:
    """Decode a data set, or render its stand-in, into the store; verifies and opens what is there.

    Args:
        task: a module of `study.data.tasks`.
        folder: the real data set, or its file; None renders the stand-in.
        image_size: side of the square images in pixels, in [8, 1024].
        crop: one of the task's choices; None is its first.
        progress: called with the images done and the images in all.
        group_pattern: see `Config`.

    Returns:
        What `open_data` needs.

    Raises:
        UserError: an unknown task or crop, a size out of range, or a folder that is not the data set it should be.
    """
    module = tasks.load(task)
    check_size(image_size)
    check_crop(crop, task, module.CROPS)
    crop = crop or module.CROPS[0]
    key: dict[str, Any] = {"task": task, "size": image_size, "crop": crop, "code": _code(module)}
    if folder is None:
        make = partial(arrays.write, lambda: module.stand_in(image_size, crop), progress or _silent)
    else:
        own = tasks.own(task) if group_pattern else None
        found = own.read(folder, crop, group_pattern) if own else module.read(folder, crop)
        key["listing"] = _digest(found)
        make = partial(_decode, found, image_size, progress or _silent)
    entry = store.make_once("data", key, make, verified=True)
    counts, fingerprint = entry.meta["counts"], store.checksum_of(json.dumps(entry.files, sort_keys=True).encode())
    about = task, str(entry.path), entry.meta["source"], fingerprint, entry.meta["classes"], module.METRIC, counts
    asked = None if folder is None else str(folder.absolute()), image_size, crop, group_pattern
    return Prepared(*about, tasks.several(module), *asked)


def _decode(
    found: Source[Listing] | Source[Arrays], size: int, progress: Callable[[int, int], None], folder: Path
) -> dict[str, Any]:
    """Write what is decoded, and remember what is odd about the files."""
    notes: list[str] = []
    return arrays.write(lambda: images.decoded(found, size, notes), progress, folder) | {"notes": few(notes)}


def notes(prepared: Prepared) -> list[str]:
    """Give what was odd about the files of a data set when they were decoded."""
    found: list[str] = store.open_entry(here(prepared), []).meta.get("notes", [])
    return found


def here(prepared: Prepared) -> Path:
    """Give the images' entry in this machine's store, which makes it first where there is none.

    Raises:
        UserError: the images here are others than those that the study began with, or there are none.
    """
    path = store.at(prepared.path)
    if not path.exists():
        path = _made_here.get(prepared.fingerprint, path)
    if path.exists() or not prepared.image_size:
        return path
    folder = None if prepared.folder is None else Path(prepared.folder)
    if folder is not None and not folder.exists():
        raise UserError(f"--data {folder}: is not here, and the store {store.root()} has not its images")
    mine = prepare(prepared.task, folder, prepared.image_size, prepared.crop, group_pattern=prepared.group_pattern)
    if mine.fingerprint != prepared.fingerprint:
        told = f"{mine.source} here, {prepared.source} where the study was started"
        raise UserError(f"task {prepared.task}: other images than the study began with ({told})")
    return _made_here.setdefault(prepared.fingerprint, Path(mine.path))


def open_data(prepared: Prepared, cut: SplitOptions, split_seed: int, draw_seed: int, sealed: bool) -> TaskData:
    """Open prepared data in milliseconds; images are mapped, not read.

    Args:
        prepared: from `prepare`.
        cut: how they are cut, see `splits.rows`; validation "test" holds nothing out and validates on the test, which
            must not be sealed then.
        split_seed: decides the validation groups.
        draw_seed: decides which labels a fraction has; equal seeds nest.
        sealed: leaves the test out; its files are not touched then.

    Returns:
        The splits.

    Raises:
        UserError: a share or fraction out of its range, no group is left to validate on, nothing to balance by, or the
            validation is unknown or on a sealed test.
        study.errors.Damaged: the store entry is gone or not as it was written.
    """
    _check_validation(cut.validation, sealed)
    module, path = tasks.load(prepared.task), here(prepared)
    entry = store.open_entry(path, _files("train") + ([] if sealed else _files("test")))
    images, targets, groups = _load(path, "train", cut.difficult)
    test = None if sealed else _test(*_load(path, "test", cut.difficult), cut.balance)
    strata, given = _marks(entry, "strata"), _marks(entry, "held")
    kept, held, labelled = splits.rows(cut, targets, groups, strata, split_seed, draw_seed, given)
    train, val = (Split(images, targets[rows], groups[rows], rows) for rows in (kept, held))
    classes = tuple(prepared.classes)
    about = prepared.task, classes, prepared.metric, dict(module.AUGMENT)
    opened = TaskData(*about, train, val, test, prepared.fingerprint, _source_labels(module, classes))
    opened = opened._replace(also=tuple(getattr(module, "ALSO", ())), labelled=labelled, crop=module.CROPS[0])
    return opened if test is None or cut.validation == "groups" else opened._replace(val=test, val_file="test")


def _check_validation(validation: str, sealed: bool) -> None:
    if validation not in (choices := CHOICES["validation"]):
        raise UserError(f"unknown validation {validation!r}; one of {', '.join(choices)}")
    if validation == "test" and sealed:
        raise UserError("validation 'test' reads the test at every epoch, but it is sealed to this trial; use 'groups'")


def _source_labels(module: Task, classes: tuple[str, ...]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return what the task knows of the classes that its data have."""
    known: dict[str, dict[str, tuple[int, ...]]] = getattr(module, "SOURCE_LABELS", {})
    return {
        source: {name: labels[name.lower()] for name in classes if name.lower() in labels}
        for source, labels in known.items()
    }


def _code(module: Task) -> str:
    """Hash what the pixels depend on besides the data: decoding, the task, the drawing, and the libraries."""
    folder = Path(tasks.__file__).parent
    names = (*images.FILES, arrays.__file__, types.__file__, own_images.__file__, module.__file__)
    files = [*map(Path, names), folder / "rendered.py", *sorted(folder.glob("_*.py"))]
    text = b"".join(file.read_bytes() for file in files)
    return store.checksum_of(text + f"{PIL.__version__} {np.__version__}".encode())


def _digest(found: Source[Listing] | Source[Arrays]) -> str:
    """Hash what is listed, and every file's size and time of change: reading all files would take minutes."""
    digest = hashlib.blake2b(json.dumps(found.classes).encode(), digest_size=16)
    for name, listing in found.splits.items():
        if isinstance(listing, Arrays):
            for each in (np.asarray(listing.images), listing.targets, listing.groups):
                digest.update(np.ascontiguousarray(each).data)
            continue
        stamps = [images.stamp(path) for path in listing.paths]
        digest.update(json.dumps([name, listing.paths, stamps, listing.square]).encode())
        for array in (listing.targets, listing.groups, listing.boxes, listing.strata, listing.held):
            digest.update(b"" if array is None else array.tobytes())
    return digest.hexdigest()


def _silent(done: int, total: int) -> None:
    """Show no progress."""


def _files(split: str) -> list[str]:
    return [f"{split}-{part}.npy" for part in ("images", "targets", "groups")]


def _load(path: Path, split: str, difficult: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images, targets, groups = _files(split)
    found = np.load(path / targets)
    if found.ndim == 2 and difficult == "negative":
        found = np.maximum(found, 0)
    return np.load(path / images, mmap_mode="r"), found, np.load(path / groups)


def _marks(entry: store.Entry, kind: str) -> np.ndarray | None:
    """Load what the training data say of their samples, of the data that say so: `Listing.strata` or `.held`."""
    if (name := f"train-{kind}.npy") not in entry.files:
        return None
    store.open_entry(entry.path, [name])
    return np.load(entry.path / name)


def _test(images: np.ndarray, targets: np.ndarray, groups: np.ndarray, balance: str) -> Split:
    rows = splits.balanced(targets, groups) if balance == "on" else np.arange(len(targets))
    return Split(images, targets[rows], groups[rows], rows)
