"""CIFAR-10's files, an image folder in their place, and the drawn objects."""

import pickle

import numpy as np
import pytest
from PIL import Image

from study.data import prepare
from study.data.splits import SplitOptions
from study.data.tasks import _unpickled, cifar10
from study.errors import UserError

COUNT = 20


def batch(seed):
    rng = np.random.default_rng(seed)
    return {b"data": rng.integers(0, 256, (COUNT, 3072), dtype=np.uint8), b"labels": [n % 10 for n in range(COUNT)]}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Small files in torchvision's layout, whose checksums are taken for CIFAR-10's."""
    place = tmp_path / cifar10.PLACE
    place.mkdir()
    sums = {}
    for split, names in cifar10._BATCHES.items():
        for number, name in enumerate(names):
            (place / name).write_bytes(pickle.dumps(batch((split == "test", number)), protocol=2))
        sums[split] = {name: _md5(place / name) for name in names}
    monkeypatch.setattr(cifar10, "_BATCHES", sums)
    return tmp_path


def _md5(path):
    import hashlib

    return hashlib.md5(path.read_bytes()).hexdigest()


def test_torchvisions_layout_is_read_as_it_is(files):
    for folder in (files, files / cifar10.PLACE):
        source = cifar10.read(folder, "whole")
        assert source.line == "CIFAR-10: 100 train + 20 test images"
        train = source.splits["train"]
        assert train.images.shape == (100, 32, 32, 3)
        assert np.array_equal(train.images[COUNT][:, :, 1].ravel(), batch((False, 1))[b"data"][0][1024:2048])
        assert train.targets[:12].tolist() == [*range(10), 0, 1]
        assert len(np.unique(train.groups)) == 100


def test_its_images_are_prepared_at_any_size(files):
    ready = prepare.prepare("cifar10", files, 32, None)
    opened = prepare.open_data(ready, SplitOptions(), 0, 0, sealed=False)
    assert np.array_equal(opened.train.images, cifar10.read(files, "whole").splits["train"].images)
    assert prepare.open_data(
        prepare.prepare("cifar10", files, 16, None), SplitOptions(), 0, 0, True
    ).train.images.shape[1:] == (
        16,
        16,
        3,
    )
    assert opened.also == ("f1", "precision", "recall")


def test_a_changed_file_is_refused_before_it_is_unpickled(files, tmp_path):
    class Canary:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    (files / cifar10.PLACE / "data_batch_3").write_bytes(pickle.dumps(Canary()))
    with pytest.raises(UserError, match=r"data_batch_3 is not CIFAR-10's file"):
        cifar10.read(files, "whole")
    with pytest.raises(UserError, match="this is no file of CIFAR-10"):
        _unpickled.arrays(pickle.dumps(Canary()))
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_named(files):
    (files / cifar10.PLACE / "test_batch").unlink()
    with pytest.raises(UserError, match="test_batch cannot be read"):
        cifar10.read(files, "whole")


def folder(place, classes):
    for split in ("train", "test"):
        for name in classes:
            (place / split / name).mkdir(parents=True)
            Image.new("RGB", (32, 32), (len(name), 9, 9)).save(place / split / name / "1.png")


def test_an_image_folder_of_its_classes_will_do(tmp_path):
    folder(tmp_path, cifar10.CLASSES)
    source = cifar10.read(tmp_path, "whole")
    assert source.line == "CIFAR-10 as .png files: 10 train + 10 test images"
    assert source.classes == cifar10.CLASSES


@pytest.mark.parametrize(
    ("classes", "message"), [(("cat", "dog"), "has the classes cat, dog; CIFAR-10 has"), ((), "no CIFAR-10 in")]
)
def test_other_folders_are_refused(tmp_path, classes, message):
    folder(tmp_path, classes)
    with pytest.raises(UserError, match=message):
        cifar10.read(tmp_path, "whole")


@pytest.mark.slow
def test_the_stand_in_draws_ten_kinds_of_objects_each_its_own():
    source = cifar10.stand_in(16, "whole")
    assert "stand-in" in source.line
    train = source.splits["train"]
    images = np.stack(list(train.images))
    assert np.bincount(train.targets).tolist() == [cifar10._OBJECTS["train"]] * 10
    assert len(np.unique(train.groups)) == len(images) == len(np.unique(images, axis=0))
    again = np.stack(list(cifar10.stand_in(16, "whole").splits["train"].images))
    assert np.array_equal(images, again)


@pytest.mark.slow
def test_what_the_drawn_objects_are_can_be_told():
    """Nearest class mean of the pixels is far from enough, and above chance."""
    splits = cifar10.stand_in(16, "whole").splits
    pixels = {split: np.stack(list(each.images)).reshape(len(each.targets), -1) / 255 for split, each in splits.items()}
    means = np.stack([pixels["train"][splits["train"].targets == label].mean(0) for label in range(10)])
    predicted = ((pixels["test"][:, None] - means) ** 2).sum(2).argmin(1)
    assert 0.12 < np.mean(predicted == splits["test"].targets) < 0.7
