"""Cats and dogs: both layouts, balance, crops, labels, and drawings that differ, on folders of tiny images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data import prepare
from study.data.splits import SplitOptions
from study.data.tasks import pets
from study.data.tasks._pets_drawn import cat, dog
from study.data.types import Listing
from study.errors import UserError


def write_image(path: Path, wide: int = 96, high: int = 64) -> None:
    """Two red edges, and between them a grey square."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((high, wide, 3), 128, np.uint8)
    pixels[:, : wide // 6] = pixels[:, -(wide // 6) :] = (255, 0, 0)
    Image.fromarray(pixels).save(path, quality=95)


def write_oxford(place: Path) -> Path:
    """Two cats and four dogs to train on, one and two to test on."""
    for split, cats, dogs in (("trainval", 2, 4), ("test", 1, 2)):
        names = [(f"Sphynx_{split}{n}", 1) for n in range(cats)] + [(f"pug_{split}{n}", 2) for n in range(dogs)]
        for name, _ in names:
            write_image(place / "images" / f"{name}.jpg")
        (place / "annotations").mkdir(exist_ok=True)
        (place / "annotations" / f"{split}.txt").write_text("".join(f"{name} 1 {kind} 1\n" for name, kind in names))
    return place


def write_folder(place: Path, classes: tuple[str, ...] = ("canines", "felines")) -> Path:
    for split in ("train", "test"):
        for label, name in enumerate(classes):
            for number in range(4 + label):
                write_image(place / split / name / f"{number}.jpg")
    return place


@pytest.fixture
def oxford(tmp_path: Path) -> Path:
    return write_oxford(tmp_path / pets.OXFORD)


def test_oxfords_lists_are_read_and_balanced(oxford: Path) -> None:
    line, classes, splits = pets.read(oxford, "centre")
    assert line == (
        "Oxford-IIIT Pet: 4 train + 2 test images, balanced from 2 cat + 4 dog and 1 cat + 2 dog, centre squares"
    )
    assert classes == ("cat", "dog")
    assert splits["train"].targets.tolist() == [0, 0, 1, 1]
    assert splits["test"].targets.tolist() == [0, 1]
    for split in splits.values():
        assert len(set(split.groups.tolist())) == len(split.paths)
        assert ["Sphynx" in path for path in split.paths] == (split.targets == 0).tolist()


def test_the_folder_above_oxfords_will_do(oxford: Path) -> None:
    assert pets.read(oxford.parent, "centre")[0] == pets.read(oxford, "centre")[0]


def test_all_that_is_wrong_in_oxfords_lists_is_told(oxford: Path) -> None:
    (oxford / "images" / "pug_trainval0.jpg").unlink()
    (oxford / "annotations" / "test.txt").write_text("# a remark\n\nSphynx_test0 1 1 1\npug_test0 1 3 1\npug_test1\n")
    with pytest.raises(UserError) as caught:
        pets.read(oxford, "centre")
    text = str(caught.value)
    assert text.startswith("4 things are wrong with Oxford-IIIT Pet")
    assert "trainval.txt, line 3: no image pug_trainval0.jpg" in text
    assert "test.txt, line 4: 'pug_test0 1 3 1' is not" in text
    assert "test.txt, line 5: 'pug_test1' is not" in text
    assert "both cats (species 1) and dogs (species 2) are needed" in text


def test_half_of_oxford_is_refused(oxford: Path) -> None:
    (oxford / "annotations" / "test.txt").unlink()
    with pytest.raises(UserError, match=r"cannot be read: .*test\.txt"):
        pets.read(oxford, "centre")


def test_an_image_folder_of_two_classes_is_read(tmp_path: Path) -> None:
    line, classes, splits = pets.read(write_folder(tmp_path), "whole")
    assert line == (
        "image folder: 8 train + 8 test images, "
        "balanced from 4 canines + 5 felines and 4 canines + 5 felines, whole pictures"
    )
    assert classes == ("canines", "felines")
    assert np.bincount(splits["train"].targets).tolist() == [4, 4]


def test_three_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has 3 classes \(cat, dog, fox\); task pets tells two apart"):
        pets.read(write_folder(tmp_path, ("cat", "dog", "fox")), "centre")


def test_neither_layout_is_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no cats and dogs in .*oxford-iiit-pet/images and .* nor train/<class>/…"):
        pets.read(tmp_path, "centre")
    with pytest.raises(UserError, match="no folder"):
        pets.read(tmp_path / "nowhere", "centre")


def test_the_larger_class_is_cut_everywhere_and_equally_each_time() -> None:
    targets = np.repeat([0, 1], [100, 1000])
    listing = Listing([str(number) for number in range(1100)], targets, np.arange(1100), None)
    first, again, other = (pets.balanced(listing, split) for split in ("train", "train", "test"))
    assert first.paths == again.paths != other.paths
    assert np.bincount(first.targets).tolist() == [100, 100]
    assert first.paths == [str(group) for group in first.groups]
    assert sorted(first.groups) == first.groups.tolist()
    assert np.histogram(first.groups[100:], bins=5, range=(100, 1100))[0].min() > 10


def test_the_centre_is_not_distorted_and_the_whole_is_all_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    folder = write_folder(tmp_path / "set")
    opened = {
        crop: prepare.open_data(prepare.prepare("pets", folder, 8, crop), SplitOptions(), 0, 0, True)
        for crop in pets.CROPS
    }
    red = {crop: each.train.images[:, 4, 0].astype(int) for crop, each in opened.items()}
    assert (np.abs(red["centre"] - 128) < 20).all()
    assert (red["whole"][:, 0] > 230).all()
    assert set(opened["centre"].source_labels["imagenet"]) == {"canines", "felines"}


def test_a_class_in_imagenet_has_its_numbers() -> None:
    labels = pets.SOURCE_LABELS["imagenet"]
    assert labels["cat"] == labels["cats"] == (281, 282, 283, 284, 285)
    assert (labels["dog"][0], labels["dogs"][-1], len(labels["dog"])) == (151, 268, 118)
    assert set(labels["canines"]) == {*range(151, 276), *range(277, 281)}
    assert set(labels["felines"]) == set(range(281, 294))


def test_the_stand_in_has_new_animals_in_the_test() -> None:
    line, classes, splits = pets.stand_in(8, "centre")
    assert (line, classes) == ("stand-in: drawn cats and dogs, 600 train + 204 test images", ("cat", "dog"))
    assert np.bincount(splits["train"].targets).tolist() == [300, 300]
    assert np.unique(splits["train"].groups, return_counts=True)[1].tolist() == [3] * 200


@pytest.mark.parametrize("draw", [cat, dog])
def test_an_animal_is_drawn_by_its_stream(draw) -> None:
    drawn = [draw(np.random.default_rng(seed)) for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[1] != drawn[2] != drawn[3]
