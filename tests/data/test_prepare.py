"""Preparing and opening a task's data, on a tiny task that the tests write themselves."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from study.data import prepare, tasks
from study.data.splits import SplitOptions
from study.data.types import Arrays, Listing, Source
from study.errors import Damaged, UserError
from study.storage import store

CLASSES = ("left", "right")
TRAIN, TEST = 40, 6


def arrays(count: int, size: int) -> Arrays:
    images = [np.full((size, size, 3), number, np.uint8) for number in range(count)]
    return Arrays(images, np.arange(count) % 2, np.arange(count) // 4 * 2 + np.arange(count) % 2)


def stand_in(size: int, crop: str) -> Source[Arrays]:
    return Source("stand-in: tiny", CLASSES, {"train": arrays(TRAIN, size), "test": arrays(TEST, size)})


def read(folder: Path, crop: str) -> Source[Listing]:
    paths = sorted(str(path) for path in folder.glob("*.png"))
    numbers = np.arange(len(paths))
    boxes = np.tile([0.0, 0.0, 0.5, 1.0], (len(paths), 1)) if crop == "half" else None
    listing = Listing(paths, numbers % 2, numbers, boxes, square=crop == "square")
    return Source(f"{len(paths)} pictures", ("dark", "Bright"), {"train": listing, "test": listing})


@pytest.fixture(autouse=True)
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    task = SimpleNamespace(
        __file__=__file__,
        METRIC="accuracy",
        AUGMENT={"rotate": 5.0},
        CROPS=("all", "half", "square"),
        read=read,
        stand_in=stand_in,
    )
    monkeypatch.setattr(tasks, "load", lambda name: task)
    return task


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures of 20 × 10 pixels: a dark left half and a bright right half."""
    place = tmp_path / "pictures"
    place.mkdir()
    pixels = np.zeros((10, 20, 3), np.uint8)
    for number in range(12):
        pixels[:, :10], pixels[:, 10:] = number, 200
        Image.fromarray(pixels).save(place / f"{number:02d}.png")
    return place


def prepared() -> prepare.Prepared:
    return prepare.prepare("tiny", None, 8, None)


def test_prepared_data_are_plain_and_say_where_they_come_from() -> None:
    first = prepared()
    assert json.loads(json.dumps(asdict(first))) == asdict(first)
    assert first.source == "stand-in: tiny"
    assert first.counts == {"train": TRAIN, "test": TEST}
    assert first == prepared()


def test_the_arrays_come_back_as_made_and_the_splits_are_their_rows() -> None:
    opened = prepare.open_data(prepared(), SplitOptions(), 0, 0, sealed=False)
    assert opened.test is not None
    assert isinstance(opened.train.images, np.memmap)
    whole = arrays(TRAIN, 8)
    for split in (opened.train, opened.val):
        assert (split.images[split.index] == np.stack(list(whole.images))[split.index]).all()
        assert (split.targets == whole.targets[split.index]).all()
        assert (split.groups == whole.groups[split.index]).all()
    assert sorted([*opened.train.index, *opened.val.index]) == list(range(TRAIN))
    assert (opened.test.targets == arrays(TEST, 8).targets).all()
    assert (opened.task, opened.classes, opened.metric, opened.augment) == (
        "tiny",
        CLASSES,
        "accuracy",
        {"rotate": 5.0},
    )


def test_a_label_fraction_shrinks_training_and_nothing_else() -> None:
    some, all_of_it = (
        prepare.open_data(prepared(), SplitOptions(fraction), 1, 2, sealed=True) for fraction in (0.5, 1.0)
    )
    assert set(some.train.index) < set(all_of_it.train.index)
    assert (some.val.index == all_of_it.val.index).all()


def test_split_and_draw_have_seeds_of_their_own() -> None:
    first, draw, split = (
        prepare.open_data(prepared(), SplitOptions(0.5), *seeds, sealed=True) for seeds in ((0, 0), (0, 1), (1, 0))
    )
    assert (first.val.index == draw.val.index).all()
    assert set(first.train.index) != set(draw.train.index)
    assert set(first.val.index) != set(split.val.index)


def test_validation_on_the_test_holds_nothing_out() -> None:
    opened = prepare.open_data(prepared(), SplitOptions(validation="test"), 0, 0, sealed=False)
    assert opened.test is not None
    assert opened.train.index.tolist() == list(range(TRAIN))
    assert opened.val is opened.test
    assert (opened.val.targets == arrays(TEST, 8).targets).all()
    assert opened.val_file == "test"
    assert prepare.open_data(prepared(), SplitOptions(), 0, 0, sealed=False).val_file == "train"


def test_validation_on_the_test_draws_its_fraction_from_all_groups() -> None:
    some, less = (
        prepare.open_data(prepared(), SplitOptions(fraction, "test"), 0, 0, sealed=False).train
        for fraction in (0.5, 0.2)
    )
    assert len(some.index) == TRAIN // 2
    assert set(less.index) < set(some.index)
    assert (some.targets == arrays(TRAIN, 8).targets[some.index]).all()


def test_a_larger_share_holds_more_out() -> None:
    few, many = (
        prepare.open_data(prepared(), SplitOptions(validation_share=share), 0, 0, sealed=True) for share in (0.2, 0.6)
    )
    assert (len(few.val.index), len(many.val.index)) == (8, 24)
    assert set(few.val.index) < set(many.val.index)


def uneven(size: int, crop: str) -> Source[Arrays]:
    """Thirty images of the one class and ten of the other, each a group of its own."""
    whole = arrays(TRAIN, size)._replace(targets=(np.arange(TRAIN) >= 30).astype(int), groups=np.arange(TRAIN))
    return Source("stand-in: uneven", CLASSES, {"train": whole, "test": whole})


def test_balance_evens_each_split_out(tiny: SimpleNamespace) -> None:
    tiny.stand_in = uneven
    opened = prepare.open_data(prepared(), SplitOptions(balance="on"), 0, 0, sealed=False)
    assert opened.test is not None
    parts = (opened.train, opened.val, opened.test)
    assert [np.bincount(split.targets).tolist() for split in parts] == [[8, 8], [2, 2], [10, 10]]
    assert opened.labelled == 16
    for split in parts:
        assert (split.images[split.index][:, 0, 0, 0] == split.groups).all()


def test_the_balanced_test_is_the_same_for_every_seed(tiny: SimpleNamespace) -> None:
    tiny.stand_in = uneven
    first, second = (
        prepare.open_data(prepared(), SplitOptions(balance="on"), seed, seed, sealed=False).test for seed in (0, 1)
    )
    assert first is not None
    assert second is not None
    assert (first.index == second.index).all()


def test_strata_travel_through_the_store_to_the_holdout(tiny: SimpleNamespace) -> None:
    strata = np.arange(TRAIN) // 10
    plain = prepared()
    whole = arrays(TRAIN, 8)._replace(targets=strata // 2, groups=np.arange(TRAIN), strata=strata)
    tiny.stand_in = lambda size, crop: Source("stand-in: strata", CLASSES, {"train": whole, "test": whole})
    tiny.__file__ = tasks.__file__  # another code, another entry
    ready = prepared()
    opened = prepare.open_data(ready, SplitOptions(), 0, 0, sealed=True)
    assert np.bincount(strata[opened.val.index]).tolist() == [2, 2, 2, 2]
    assert not (Path(plain.path) / "train-strata.npy").exists()
    (Path(ready.path) / "train-strata.npy").write_bytes(b"short")
    with pytest.raises(Damaged, match=r"train-strata\.npy has 5 bytes"):
        prepare.open_data(ready, SplitOptions(), 0, 0, sealed=True)


def test_validation_of_the_data_set_itself_travels_through_the_store(tiny: SimpleNamespace) -> None:
    held = (np.arange(TRAIN) % 4 == 1).astype(np.int64)
    whole = arrays(TRAIN, 8)._replace(groups=np.arange(TRAIN), held=held)
    tiny.stand_in = lambda size, crop: Source("stand-in: held", CLASSES, {"train": whole, "test": whole})
    for seed in (0, 1):
        opened = prepare.open_data(prepared(), SplitOptions(), seed, seed, sealed=True)
        assert opened.val.index.tolist() == np.flatnonzero(held).tolist()
        assert opened.train.index.tolist() == np.flatnonzero(held == 0).tolist()


def test_validation_on_a_sealed_test_or_on_anything_else_is_refused() -> None:
    with pytest.raises(UserError, match="validation 'test' reads the test at every epoch, but it is sealed"):
        prepare.open_data(prepared(), SplitOptions(validation="test"), 0, 0, sealed=True)
    with pytest.raises(UserError, match="unknown validation 'train'; one of groups, test"):
        prepare.open_data(prepared(), SplitOptions(validation="train"), 0, 0, sealed=False)


def test_sealed_data_open_without_the_tests_files() -> None:
    ready = prepared()
    for name in ("images", "targets", "groups"):
        (Path(ready.path) / f"test-{name}.npy").unlink()
    assert prepare.open_data(ready, SplitOptions(), 0, 0, sealed=True).test is None
    with pytest.raises(Damaged, match=r"test-images\.npy"):
        prepare.open_data(ready, SplitOptions(), 0, 0, sealed=False)
    assert prepare.open_data(prepared(), SplitOptions(), 0, 0, sealed=False).test is not None


def test_real_images_are_cut_and_resized_and_progress_is_told(folder: Path) -> None:
    reports: list[tuple[int, int]] = []
    ready = prepare.prepare("tiny", folder, 8, "half", lambda done, total: reports.append((done, total)))
    split = prepare.open_data(ready, SplitOptions(), 0, 0, sealed=False).test
    assert split is not None
    assert split.images.shape == (12, 8, 8, 3)
    assert (
        split.images[:, :, :6] == np.arange(12)[:, None, None, None]
    ).all()  # of the bright half, only what blurs in
    assert reports[-1] == (24, 24)


def test_a_square_is_cut_from_the_middle(folder: Path) -> None:
    ready = prepare.prepare("tiny", folder, 8, "square")
    split = prepare.open_data(ready, SplitOptions(), 0, 0, sealed=False).test
    assert split is not None
    assert (split.images[:, :, :2] == np.arange(12)[:, None, None, None]).all()
    assert (split.images[:, :, 6:] == 200).all()
    assert ready.fingerprint != prepare.prepare("tiny", folder, 8, "all").fingerprint


def test_classes_come_with_the_data_and_are_remembered(folder: Path, tiny: SimpleNamespace) -> None:
    assert prepared().classes == ["left", "right"]
    assert prepare.prepare("tiny", folder, 8, None).classes == ["dark", "Bright"]
    tiny.read = lambda folder, crop: read(folder, crop)._replace(classes=("black", "white"))
    assert prepare.prepare("tiny", folder, 8, None).classes == ["black", "white"]


def test_source_labels_are_those_of_the_classes_there(folder: Path, tiny: SimpleNamespace) -> None:
    assert prepare.open_data(prepared(), SplitOptions(), 0, 0, sealed=True).source_labels == {}
    tiny.SOURCE_LABELS = {"imagenet": {"left": (1,), "bright": (2, 3)}}
    assert prepare.open_data(prepared(), SplitOptions(), 0, 0, sealed=True).source_labels == {
        "imagenet": {"left": (1,)}
    }
    real = prepare.prepare("tiny", folder, 8, None)
    assert prepare.open_data(real, SplitOptions(), 0, 0, sealed=True).source_labels == {"imagenet": {"Bright": (2, 3)}}


def test_a_folder_that_changed_is_decoded_anew(folder: Path) -> None:
    first = prepare.prepare("tiny", folder, 8, None)
    (folder / "11.png").unlink()
    second = prepare.prepare("tiny", folder, 8, None)
    assert (first.counts["train"], second.counts["train"]) == (12, 11)
    assert first.fingerprint != second.fingerprint


def test_a_picture_overwritten_in_place_is_decoded_anew(folder: Path) -> None:
    first = prepare.prepare("tiny", folder, 8, None)
    place, changed = folder / "11.png", (folder / "11.png").stat().st_mtime_ns + 1
    Image.fromarray(np.full((10, 20, 3), 77, np.uint8)).save(place)
    os.utime(place, ns=(changed, changed))
    assert prepare.prepare("tiny", folder, 8, None).fingerprint != first.fingerprint


def test_decoded_images_that_changed_on_the_disk_are_made_anew() -> None:
    images = Path(prepared().path) / "train-images.npy"
    whole = images.read_bytes()
    images.write_bytes(whole[:-1] + b"x")
    prepared()
    assert images.read_bytes() == whole


def test_all_images_that_cannot_be_decoded_are_listed_and_nothing_is_kept(folder: Path) -> None:
    for number in range(11):
        (folder / f"{number:02d}.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"(?s)^11 images cannot be decoded:.*00\.png.*09\.png.*and 1 more$"):
        prepare.prepare("tiny", folder, 8, None)
    assert not list(store.root().rglob(store.MANIFEST))


@pytest.mark.parametrize("size", [7, 1025])
def test_an_image_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(UserError, match=rf"image_size {size} is outside \[8, 1024\]"):
        prepare.prepare("tiny", None, size, None)


def test_an_unknown_crop_names_the_choices() -> None:
    with pytest.raises(UserError, match="unknown crop 'round' of task tiny; one of all, half, square"):
        prepare.prepare("tiny", None, 8, "round")


def test_a_label_fraction_out_of_range_is_refused() -> None:
    with pytest.raises(UserError, match="label_fraction 0 "):
        prepare.open_data(prepared(), SplitOptions(0.0), 0, 0, sealed=True)
