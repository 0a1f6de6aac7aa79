"""Image folders: what is listed, what is passed over, and what is refused with a clear line."""

import os
from pathlib import Path

import pytest

from study.data.layouts import image_folder
from study.errors import UserError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two images of each of two classes in each split."""
    place = tmp_path / "set"
    for split in ("train", "test"):
        touch(*(place / split / name / f"{number}.jpg" for name in ("cat", "dog") for number in range(2)))
    return place


def listed(place: Path, split: str = "train") -> list[str]:
    return [os.path.relpath(path, place / split) for path in image_folder.listing(place)[1][split].paths]


def test_images_are_sorted_by_class_and_each_is_a_group(place: Path) -> None:
    classes, splits = image_folder.listing(place)
    assert classes == ("cat", "dog")
    for split in ("train", "test"):
        assert listed(place, split) == ["cat/0.jpg", "cat/1.jpg", "dog/0.jpg", "dog/1.jpg"]
        assert splits[split].targets.tolist() == [0, 0, 1, 1]
        assert splits[split].groups.tolist() == [0, 1, 2, 3]
        assert splits[split].boxes is None


def test_images_may_lie_deeper_and_have_any_images_suffix(place: Path) -> None:
    touch(place / "train/cat/more/2.PNG", place / "train/cat/more/even/3.jpeg")
    assert listed(place)[:4] == ["cat/0.jpg", "cat/1.jpg", "cat/more/2.PNG", "cat/more/even/3.jpeg"]


def test_what_is_hidden_or_no_image_is_passed_over(place: Path) -> None:
    before = listed(place)
    touch(place / "train/.git/4.jpg", place / "train/__MACOSX/cat/4.jpg", place / "train/readme.txt")
    touch(place / "train/cat/._0.jpg", place / "train/cat/.thumbs/4.jpg", place / "train/cat/__MACOSX/4.jpg")
    touch(place / "train/cat/Thumbs.db", place / "train/cat/notes.txt", place / "train/4.jpg")
    assert listed(place) == before


def test_splits_and_classes_may_be_links_and_loops_are_not_followed(place: Path, tmp_path: Path) -> None:
    before = listed(place)
    linked = tmp_path / "linked"
    (linked / "test").mkdir(parents=True)
    (linked / "train").symlink_to(place / "train")
    for name in ("cat", "dog"):
        (linked / "test" / name).symlink_to(place / "test" / name)
    (place / "train/cat/loop").symlink_to(place / "train")
    (place / "train/cat/self").symlink_to(place / "train/cat/self")
    assert listed(linked) == listed(linked, "test") == before


def test_a_link_to_an_image_is_an_image(place: Path) -> None:
    (place / "train/cat/2.jpg").symlink_to(place / "test/cat/0.jpg")
    assert "cat/2.jpg" in listed(place)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_split_is_refused(place: Path, split: str) -> None:
    (place / split).rename(place / "other")
    with pytest.raises(UserError, match=rf"no folder .*set/{split}: an image folder has train/<class>/… and test/"):
        image_folder.listing(place)


def test_classes_that_differ_are_named(place: Path) -> None:
    touch(place / "train/fox/0.jpg")
    with pytest.raises(UserError, match=r"set: train and test must have the same classes, but fox is in only one"):
        image_folder.listing(place)


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_class_is_named(place: Path, split: str) -> None:
    for image in (place / split / "dog").iterdir():
        image.rename(image.with_suffix(".txt"))
    with pytest.raises(UserError, match=rf"set/{split}/dog has no image .*\.jpg"):
        image_folder.listing(place)


def test_one_class_is_refused(tmp_path: Path) -> None:
    touch(tmp_path / "train/cat/0.jpg", tmp_path / "test/cat/0.jpg")
    with pytest.raises(UserError, match=r"train has one class \(cat\); at least two are needed"):
        image_folder.listing(tmp_path)


def test_images_without_class_folders_are_refused(tmp_path: Path) -> None:
    touch(tmp_path / "train/0.jpg", tmp_path / "test/0.jpg")
    with pytest.raises(UserError, match="train has no class folders: an image folder has"):
        image_folder.listing(tmp_path)
