"""VOC's layout: places, lists, labels and what may be odd about them, in small folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data.tasks import voc
from study.errors import UserError

LISTS = {"trainval": ["a", "b"], "test": ["c"]}


def xml(*objects: str) -> str:
    """Each object is "name" or "name difficult"; every one has a part with a name of its own, as VOC's people have."""
    elements = ""
    for each in objects:
        name, *difficult = each.split()
        mark = f"<difficult>{difficult[0]}</difficult>" if difficult else ""
        elements += f"<object><name>{name}</name>{mark}<part><name>head</name></part></object>"
    return f"<annotation><owner><name>unknown</name></owner>{elements}</annotation>"


ANNOTATIONS = {"a": xml("cat", "dog 1", "cat 1"), "b": xml(), "c": xml("dog 0")}


def write(place: Path, lists: dict[str, list[str]] = LISTS, annotations: dict[str, str] = ANNOTATIONS) -> Path:
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (place / part).mkdir(parents=True)
    for name, text in annotations.items():
        (place / "Annotations" / f"{name}.xml").write_text(text)
    for name in {each for names in lists.values() for each in names}:
        Image.new("RGB", (12, 8)).save(place / "JPEGImages" / f"{name}.jpg")
    for name, names in lists.items():
        (place / "ImageSets" / "Main" / f"{name}.txt").write_text("".join(f"{each}\n" for each in names))
    return place


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        voc.read(folder, "whole")
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "VOC2007")


def test_images_have_several_labels_and_difficult_ones_are_marked(folder: Path) -> None:
    line, classes, splits = voc.read(folder, "whole")
    assert line == (
        "VOC2007: 2 train + 1 test images, 2 labels (trainval + test lists), whole pictures; "
        "train has no dog; test has no cat"
    )
    assert classes == ("cat", "dog")
    assert splits["train"].targets.tolist() == [[1, -1], [0, 0]]
    assert splits["test"].targets.tolist() == [[0, 1]]
    assert splits["train"].targets.dtype == np.int64
    assert [Path(path).name for path in splits["train"].paths] == ["a.jpg", "b.jpg"]
    assert len(set(splits["train"].groups.tolist())) == 2


def test_the_crop_says_what_is_cut(folder: Path) -> None:
    for crop, square, label in (("whole", False, "whole pictures"), ("centre", True, "centre squares")):
        source = voc.read(folder, crop)
        assert label in source.line
        assert [each.square for each in source.splits.values()] == [square] * 2


def test_the_folders_above_will_do(tmp_path: Path) -> None:
    place = write(tmp_path / "data" / "VOCdevkit" / "VOC2012")
    for rest in (tmp_path / "data" / ".unpack-1" / "VOC2012", tmp_path / "data" / "__MACOSX" / "VOC2012"):
        (rest / "Annotations").mkdir(parents=True)
    lines = {voc.read(each, "whole").line for each in (place, place.parent, place.parent.parent)}
    assert len(lines) == 1
    assert lines.pop().startswith("VOC2012: ")


def test_several_years_are_named_and_one_of_them_will_do(tmp_path: Path) -> None:
    for year in ("VOC2012", "VOC2007"):
        write(tmp_path / year)
    assert f"give one: {tmp_path / 'VOC2007'}, {tmp_path / 'VOC2012'}" in refusal(tmp_path)
    assert voc.read(tmp_path / "VOC2012", "whole").line.startswith("VOC2012: ")


def test_what_is_no_layout_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    assert "VOC's layout has JPEGImages, Annotations and ImageSets/Main" in refusal(tmp_path)
    (tmp_path / "Annotations").mkdir()
    assert f"no JPEGImages, ImageSets/Main in {tmp_path}" in refusal(tmp_path)
    assert "no folder" in refusal(tmp_path / "nowhere")


ONLY_VAL = "train + val lists: VOC's val is the test here"


@pytest.mark.parametrize(
    ("lists", "unpublished", "label", "train", "test"),
    [
        ({"trainval": "ab", "train": "a", "val": "b", "test": "c"}, "", "trainval + test lists", "ab", "c"),
        ({"train": "a", "val": "b", "test": "c"}, "", "train and val + test lists", "ab", "c"),
        ({"train": "a", "test": "c"}, "", "train + test lists", "a", "c"),
        ({"trainval": "ab", "train": "a", "val": "b"}, "", ONLY_VAL, "a", "b"),
        ({"trainval": "ab", "train": "a", "val": "b", "test": "c"}, "c", ONLY_VAL, "a", "b"),
        ({"trainval": "aab", "test": "cc"}, "", "trainval + test lists", "ab", "c"),
    ],
)
def test_the_test_is_val_where_the_tests_annotations_are_unpublished(
    tmp_path: Path, lists: dict[str, str], unpublished: str, label: str, train: str, test: str
) -> None:
    known = {name: text for name, text in ANNOTATIONS.items() if name not in unpublished}
    line, _, splits = voc.read(write(tmp_path / "own", {name: [*each] for name, each in lists.items()}, known), "whole")
    assert f"({label})" in line
    assert {split: [Path(path).stem for path in each.paths] for split, each in splits.items()} == {
        "train": [*train],
        "test": [*test],
    }


def test_lists_that_are_missing_are_named(tmp_path: Path) -> None:
    assert "no images are listed in trainval.txt" not in refusal(write(tmp_path / "no-test", {"trainval": ["a"]}))
    assert "no images are listed in train.txt and val.txt" in refusal(tmp_path / "no-test")
    assert "no images are listed in train.txt" in refusal(write(tmp_path / "no-train", {"test": ["c"]}))


def test_an_image_for_training_and_for_the_test_is_refused(tmp_path: Path) -> None:
    message = refusal(write(tmp_path / "leak", {"trainval": ["a", "c"], "test": ["c"]}))
    assert "image c is listed for training and for the test" in message


def test_lists_may_have_signs_empty_lines_and_windows_ends(folder: Path) -> None:
    plain = voc.read(folder, "whole")
    main = folder / "ImageSets" / "Main"
    (main / "trainval.txt").write_bytes(b"\xef\xbb\xbfa  1\r\n\r\n  b -1 \r\n")
    (main / "test.txt").write_bytes(b"\nc\t0")
    source = voc.read(folder, "whole")
    assert source.line == plain.line
    assert [each.paths for each in source.splits.values()] == [each.paths for each in plain.splits.values()]


def test_names_may_have_spaces_and_images_other_suffixes(tmp_path: Path) -> None:
    lists, annotations = {"trainval": ["my cat 1", "b"], "test": ["c"]}, {"my cat 1": xml("cat"), **ANNOTATIONS}
    place = write(tmp_path / "own", lists, annotations)
    (place / "JPEGImages" / "b.jpg").rename(place / "JPEGImages" / "b.PNG")
    (place / "JPEGImages" / "c.png").write_bytes(b"")
    splits = voc.read(place, "whole").splits
    assert [Path(path).name for path in splits["train"].paths] == ["my cat 1.jpg", "b.PNG"]
    assert [Path(path).name for path in splits["test"].paths] == ["c.jpg"]


def test_a_list_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "ImageSets" / "Main" / "val.txt").write_bytes(b"\xff\xfe\x00")
    assert "val.txt cannot be read" in refusal(folder)


def test_what_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    annotations = {**ANNOTATIONS, "a": "<annotation><object>", "c": xml("dog maybe")}
    place = write(tmp_path / "own", {"trainval": ["a", "b", "d"], "test": ["c", "e"]}, annotations)
    (place / "JPEGImages" / "b.jpg").unlink()
    message = refusal(place)
    assert message.startswith(f"5 things are wrong in {place}:\n  ")
    missing = "no annotation d.xml", "no annotation e.xml", "no image b.jpg"
    for problem in (
        *missing,
        "annotation a.xml cannot be read: no element found",
        "annotation c.xml, object 1 (dog) has",
    ):
        assert problem in message


def test_images_without_any_object_are_no_data_set(tmp_path: Path) -> None:
    assert "no <object> in any listed image" in refusal(write(tmp_path / "own", LISTS, dict.fromkeys("abc", xml())))


def test_download_fetches_what_read_takes() -> None:
    (archive,) = voc.ARCHIVES
    assert (archive.provides, archive.inside) == ("VOCdevkit/VOC2012", None)
