"""Decodes a task's images into memory-mapped arrays, once, and opens them split into training, validation and test.
Knows nothing of tensors."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import PIL

from study.data import arrays, images, own_images, splits, tasks, types
from study.data.decoder_warnings import few
from study.data.splits import SplitOptions
from study.data.tasks import Task
from study.data.types import Arrays, Listing, Source
from study.errors import UserError
from study.plugins import files
from study.space.config import CHOICES, Config, check_crop
from study.space.ranges import check_size
from study.storage import store


class Split(NamedTuple):
    """Some samples of an array of images."""

    images: np.ndarray
    """(all, size, size, 3) uint8, memory-mapped: the whole file, shared by train and val."""
    targets: np.ndarray
    """(n,) int64; or (n, labels) of 0, 1 and -1 (unknown) if an image may have several."""
    groups: np.ndarray
    """(n,) int64; samples of one group never straddle a split."""
    index: np.ndarray  # type: ignore[assignment]  # hides a tuple's index(), which nobody needs here
    """(n,) int64, ascending: the rows of `images` that belong to the split."""


class TaskData(NamedTuple):
    """All that a trial may see of a task."""

    task: str
    classes: tuple[str, ...]
    metric: str
    augment: dict[str, float]
    train: Split
    val: Split
    test: Split | None
    """None while the test is sealed."""
    key: str
    """Equal keys mean equal image arrays, whatever the split."""
    source_labels: dict[str, dict[str, tuple[int, ...]]]
    """By source of weights, such as "imagenet", and by class: the source's class numbers that correspond to the class.
    A class without any is missing."""
    val_file: str = "train"
    """The image file of validation's rows: "train" or "test"."""
    also: tuple[str, ...] = ()
    """Metrics that are reported besides `metric` and the loss."""
    labelled: int | None = None
    """Training images at label fraction 1; None if it is the size of `train`."""
    crop: str = "whole"
    """The task's default crop."""


@dataclass(frozen=True)
class Prepared:
    """A task's decoded images; plain values, which are recorded and sent to workers."""

    task: str
    path: str
    """The store entry."""
    source: str
    """Where the images come from, for people; contains "stand-in" if they are rendered."""
    fingerprint: str
    """Hash of the decoded images, targets and groups."""
    classes: list[str]
    metric: str
    counts: dict[str, int]
    """Images in "train" (with those for validation) and "test"."""
    several: bool = False
    """Whether an image may have several labels; otherwise it has one class."""
    folder: str | None = None
    """Of the real data set; None for a stand-in."""
    image_size: int = 0
    crop: str | None = None
    group_pattern: str | None = None
    layout: str = Config.layout
    copies: str = Config.copies

    @property
    def options(self) -> own_images.SourceOptions:
        """How images of the user's own are read."""
        return own_images.SourceOptions(*(getattr(self, name) for name in own_images.SourceOptions._fields))


_made_here: dict[str, Path] = {}
"""By fingerprint: entries that this process made, or that have another name in its store."""


def prepare(
    task: str,
    folder: Path | None,
    image_size: int,
    crop: str | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    options: own_images.SourceOptions = own_images.AS_IT_IS,
) -> Prepared:
    """Decode a data set, or render its stand-in, into the store. An entry that is there already is verified and used.

    Args:
        task: a module of `study.data.tasks`.
        folder: of the real data set, or its file; None renders the stand-in.
        image_size: side of the square images in pixels, in [8, 1024].
        crop: one of the task's choices; None for the first.
        progress: called with the number of images done and the total.
        options: how images of the user's own are read.

    Returns:
        The prepared images, for `open_data`.

    Raises:
        UserError: an unknown task or crop, a size out of range, or a folder that does not have the task's data set.
    """
    module = tasks.load(task)
    check_size(image_size)
    check_crop(crop, task, module.CROPS)
    crop = crop or module.CROPS[0]
    key = {"task": task, "size": image_size, "crop": crop, "code": _code(module)} | tasks.versions(task)
    if folder is None:
        make = partial(arrays.write, lambda: module.stand_in(image_size, crop), progress)
    else:
        own = tasks.own(task)
        source = own.read(folder, crop, options) if own else module.read(folder, crop)
        key["listing"] = _digest(source)
        make = partial(_decode, source, image_size, progress)
    entry = store.make_once("data", key, make, verified=True)
    return Prepared(
        task=task,
        path=str(entry.path),
        source=entry.meta["source"],
        fingerprint=store.checksum_of(json.dumps(entry.files, sort_keys=True).encode()),
        classes=entry.meta["classes"],
        metric=module.METRIC,
        counts=entry.meta["counts"],
        several=tasks.several(module),
        folder=None if folder is None else str(folder.absolute()),
        image_size=image_size,
        crop=crop,
        **options._asdict(),
    )


def _decode(
    source: Source[Listing] | Source[Arrays], size: int, progress: Callable[[int, int], None], folder: Path
) -> arrays.ArraysMeta:
    """Write the decoded images; return the entry's metadata, with notes on what is odd about the files."""
    notes: list[str] = []
    meta = arrays.write(lambda: images.decoded(source, size, notes), progress, folder)
    return {**meta, "notes": few(notes)}


def notes(prepared: Prepared) -> list[str]:
    """Return the notes on a data set's files that were made when they were decoded."""
    meta: arrays.ArraysMeta = store.open_entry(here(prepared), []).meta
    return meta.get("notes", [])


def here(prepared: Prepared) -> Path:
    """Return the images' entry in this machine's store; an entry that is missing is made first.

    Raises:
        UserError: the images on this machine are missing, or differ from those that the study began with.
    """
    path = store.at(prepared.path)
    if not path.exists():
        path = _made_here.get(prepared.fingerprint, path)
    if path.exists() or not prepared.image_size:
        return path
    folder = None if prepared.folder is None else Path(prepared.folder)
    if folder is not None and not folder.exists():
        raise UserError(f"--data {folder}: is not here, and the store {store.root()} has not its images")
    local = prepare(prepared.task, folder, prepared.image_size, prepared.crop, options=prepared.options)
    if local.fingerprint != prepared.fingerprint:
        difference = f"{local.source} here, {prepared.source} where the study was started"
        raise UserError(f"task {prepared.task}: other images than the study began with ({difference})")
    return _made_here.setdefault(prepared.fingerprint, Path(local.path))


def open_data(prepared: Prepared, options: SplitOptions, split_seed: int, draw_seed: int, sealed: bool) -> TaskData:
    """Open prepared data in milliseconds; images are mapped, not read.

    Args:
        prepared: from `prepare`.
        options: of the split, see `splits.rows`. With validation "test" nothing is held out and trials validate on the
            test, which must not be sealed.
        split_seed: determines the validation groups.
        draw_seed: determines the labels of a fraction; fractions of equal seeds are nested.
        sealed: leaves the test out and does not touch its files.

    Returns:
        The splits.

    Raises:
        UserError: a share or fraction out of its range, no group is left to validate on, classes cannot be balanced, or
            the validation is unknown or on a sealed test.
        study.errors.Damaged: the store entry is missing or was changed.
    """
    _check_validation(options.validation, sealed)
    module, path = tasks.load(prepared.task), here(prepared)
    entry = store.open_entry(path, _files("train") + ([] if sealed else _files("test")))
    images, targets, groups = _load(path, "train", options.difficult)
    test = None if sealed else _test(*_load(path, "test", options.difficult), options.balance)
    strata, marks = _marks(entry, "strata"), _marks(entry, "held")
    rows = splits.rows(options, targets, groups, strata, split_seed, draw_seed, marks)
    train, val = (Split(images, targets[part], groups[part], part) for part in (rows.train, rows.val))
    classes = tuple(prepared.classes)
    val_file = "train"
    if test is not None and options.validation == "test":
        val, val_file = test, "test"
    return TaskData(
        task=prepared.task,
        classes=classes,
        metric=prepared.metric,
        augment=dict(module.AUGMENT),
        train=train,
        val=val,
        test=test,
        key=prepared.fingerprint,
        source_labels=_source_labels(module, classes),
        val_file=val_file,
        also=tuple(getattr(module, "ALSO", ())),
        labelled=rows.labelled,
        crop=module.CROPS[0],
    )


def _check_validation(validation: str, sealed: bool) -> None:
    if validation not in (choices := CHOICES["validation"]):
        raise UserError(f"unknown validation {validation!r}; one of {', '.join(choices)}")
    if validation == "test" and sealed:
        raise UserError("validation 'test' reads the test at every epoch, but it is sealed to this trial; use 'groups'")


def _source_labels(module: Task, classes: tuple[str, ...]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the task's source labels, for the classes of its data alone."""
    known: dict[str, dict[str, tuple[int, ...]]] = getattr(module, "SOURCE_LABELS", {})
    return {
        source: {name: labels[name.lower()] for name in classes if name.lower() in labels}
        for source, labels in known.items()
    }


def _code(module: Task) -> str:
    """Hash everything but the data that pixels depend on: code of decoding, task and drawing, and the libraries."""
    folder = Path(tasks.__file__).parent
    names = (*images.FILES, arrays.__file__, types.__file__, own_images.__file__, module.__file__)
    paths = [*names, str(folder / "rendered.py"), *map(str, sorted(folder.glob("_*.py")))]
    text = b"".join(map(files.text, paths))
    return store.checksum_of(text + f"{PIL.__version__} {np.__version__}".encode())


def _digest(source: Source[Listing] | Source[Arrays]) -> str:
    """Hash the listings, and every file's size and time of change; reading all files would take minutes."""
    digest = hashlib.blake2b(json.dumps(source.classes).encode(), digest_size=16)
    for name, split in source.splits.items():
        if isinstance(split, Arrays):
            for array in (np.asarray(split.images), split.targets, split.groups):
                digest.update(np.ascontiguousarray(array).data)
            continue
        stamps = [images.stamp(path) for path in split.paths]
        digest.update(json.dumps([name, split.paths, stamps, split.square]).encode())
        for numbers in (split.targets, split.groups, split.boxes, split.strata, split.held):
            digest.update(b"" if numbers is None else numbers.tobytes())
    return digest.hexdigest()


def _files(split: str) -> list[str]:
    return [f"{split}-{part}.npy" for part in ("images", "targets", "groups")]


def _load(path: Path, split: str, difficult: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images_file, targets_file, groups_file = _files(split)
    targets = np.load(path / targets_file)
    if targets.ndim == 2 and difficult == "negative":
        targets = np.maximum(targets, 0)
    return np.load(path / images_file, mmap_mode="r"), targets, np.load(path / groups_file)


def _marks(entry: store.Entry[arrays.ArraysMeta], kind: str) -> np.ndarray | None:
    """Load `Listing.strata` or `.held` of the training data; None for data without them."""
    if (name := f"train-{kind}.npy") not in entry.files:
        return None
    store.open_entry(entry.path, [name])
    return np.load(entry.path / name)


def _test(images: np.ndarray, targets: np.ndarray, groups: np.ndarray, balance: str) -> Split:
    rows = splits.balanced(targets, groups) if balance == "on" else np.arange(len(targets))
    return Split(images, targets[rows], groups[rows], rows)
