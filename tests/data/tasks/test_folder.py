"""Images of one's own: which of the layouts it is, what is listed of it, how it is cut where splits are missing."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from study.data import tasks
from study.data.own_images import SourceOptions
from study.data.tasks import folder
from study.errors import UserError
from tests.support.own_images import folders, picture, table, voc

PLAIN = {"train/cat": 6, "train/dog": 5, "test/cat": 2, "test/dog": 3}


def listed(place: Path, split: str = "train", pattern: str | None = None) -> list[str]:
    listing = folder.read(place, "whole", SourceOptions(pattern)).splits[split]
    root = place.parent if place.is_file() else place
    return [Path(path).relative_to(root).as_posix() for path in listing.paths]


def refusal(place: Path, pattern: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        tasks.own(folder.choose(place)).read(place, "whole", SourceOptions(pattern))
    return str(caught.value)


def test_folders_are_classes_and_each_image_is_a_group(tmp_path):
    line, classes, splits = folder.read(folders(tmp_path / "mine", PLAIN), "centre")
    assert line == "mine: image folders, 11 train + 5 test images, 2 classes, centre squares"
    assert classes == ("cat", "dog")
    assert splits["train"].targets.tolist() == [0] * 6 + [1] * 5
    assert len(set(splits["train"].groups.tolist())) == 11
    assert splits["train"].held is None
    assert splits["train"].square


def test_a_folder_val_is_the_validation(tmp_path):
    place = folders(tmp_path, PLAIN | {"val/cat": 1, "val/dog": 2})
    source = folder.read(place, "whole")
    assert "11 train + 3 val + 5 test" in source.line
    train = source.splits["train"]
    held = [path for path, mark in zip(train.paths, train.held, strict=True) if mark]
    assert [Path(path).relative_to(place).as_posix() for path in held] == [
        "val/cat/0.png",
        "val/dog/0.png",
        "val/dog/1.png",
    ]


def test_without_a_test_a_fifth_of_each_class_is_cut_off_always_the_same(tmp_path):
    place = folders(tmp_path, {"train/cat": 20, "train/dog": 10})
    splits = folder.read(place, "whole").splits
    assert [np.bincount(splits[name].targets).tolist() for name in ("train", "test")] == [[16, 8], [4, 2]]
    assert not set(splits["train"].paths) & set(splits["test"].paths)
    assert folder.read(place, "centre").splits["test"].paths == splits["test"].paths


def test_a_pattern_names_groups_and_none_straddles_the_cut(tmp_path):
    names = [
        f"train/{label}/p{person}_{shot}.png" for label in ("cat", "dog") for person in range(5) for shot in range(3)
    ]
    for seed, name in enumerate(names):
        picture(tmp_path / name, seed)
    splits = folder.read(tmp_path, "whole", SourceOptions(r"(p\d)_")).splits  # people have cats and dogs
    people = {split: {re.search(r"p\d", path)[0] for path in each.paths} for split, each in splits.items()}
    assert people["train"] | people["test"] == {f"p{person}" for person in range(5)}
    assert not people["train"] & people["test"]
    assert len(set(splits["train"].groups.tolist())) == len(people["train"])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"group_pattern '(' is no regular expression: missing )"),
        (r"\d", r"group_pattern '\\d' has no group: put ( ) around what names"),
        (r"(x)", "group_pattern '(x)' finds nothing in 16 of 16 paths, as in train/cat/0.png"),
        (r"(cat)", "group_pattern '(cat)' finds nothing in 8 of 16 paths, as in train/dog/0.png"),
        (r"/(\d*)cat", r"group_pattern '/(\\d*)cat' finds nothing in 16 of 16 paths"),
    ],
)
def test_a_pattern_that_does_not_name_every_group_is_refused(tmp_path, pattern, message):
    assert message in refusal(folders(tmp_path, PLAIN), pattern)


def test_copies_of_an_image_stay_together_where_a_test_is_cut_off(tmp_path):
    place = folders(tmp_path, {"train/cat": 10, "train/dog": 10})
    for number in range(10):  # each cat twice, saved otherwise
        picture(place / f"train/cat/copy{number}.bmp", 1 + number)
    seen = folder.inspect(place)
    assert (seen.again, seen.groups, seen.problems) == (10, 20, {})
    for split in seen.cut.values():
        cats = [Path(path) for path, target in zip(split.paths, split.targets, strict=True) if target == 0]
        numbers = Counter(path.stem.removeprefix("copy") for path in cats)
        assert set(numbers.values()) == {2}


def test_what_is_no_image_is_passed_over_and_counted(tmp_path):
    place = folders(tmp_path / "mine", PLAIN)
    for name in ("train/cat/notes.txt", "train/cat/raw.heic", "train/.DS_Store", "train/loose.png", "train/cat/.a.png"):
        (place / name).touch()
    picture(place / "train/__MACOSX/cat/0.png", 99)
    (place / "train/cat/again").symlink_to(place / "train/cat")
    before = folders(tmp_path / "other", PLAIN)
    assert listed(place) == listed(before)
    seen = folder.inspect(place).dataset
    assert seen.passed == {".txt": 1, ".heic": 1, "hidden": 2, "link to a folder": 1, "__MACOSX (of a system)": 1}
    assert seen.reading == ("not read: 1 images in train/ beside the folders of classes",)


def test_voc_layout_has_several_labels(tmp_path):
    names = [f"i{number}" for number in range(10)]
    place = voc(tmp_path / "VOC2007", {"trainval": names[:8], "test": names[8:]})
    assert folder.choose(place) == "folder/several"
    task = tasks.own("folder/several")
    line, classes, splits = task.read(place, "whole")
    assert line.startswith("VOC2007: VOC2007, Pascal VOC's layout (trainval + test lists), 8 train + 2 test images")
    assert classes == ("cat", "dog")
    assert splits["train"].targets.tolist()[:2] == [[1, 0], [0, 1]]
    assert (task.METRIC, tasks.several(task)) == ("mAP", True)
    with pytest.raises(UserError, match=r"is data for task folder/several, not for folder$"):
        folder.read(place, "whole")


def test_voc_layout_without_a_test_list_is_cut(tmp_path):
    place = voc(tmp_path / "VOC2007", {"train": [f"i{number}" for number in range(10)]})
    splits = tasks.own("folder/several").read(place, "whole").splits
    assert [len(each.paths) for each in splits.values()] == [8, 2]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({}, "no data set in {}: it needs a folder a class, or train/<class>/…"),
        ({"cats": 1}, "{}/cats is the only folder with images: two classes are needed"),
        ({"val/cat": 1}, "{} has val and no folder for training; it needs"),
        ({"val/cat": 1, "test/cat": 1}, "{} has test, val and no folder for training; it needs"),
        (PLAIN | {"valid/cat": 1, "val/cat": 1}, "{} has two folders for val, val and valid; rename or move one of"),
        ({"train/.hidden": 1}, "no data set in {} (it has the folders train, with no image in a folder of a class)"),
    ],
)
def test_a_folder_of_no_layout_says_what_is_wanted(tmp_path, made, message):
    assert message.format(tmp_path) in refusal(folders(tmp_path, made))


def test_nothing_at_all_and_a_file_of_another_kind(tmp_path):
    assert "no folder or .csv file" in refusal(tmp_path / "nowhere")
    assert "labels.xlsx is no folder and no .csv file" in refusal(table(tmp_path, "", "labels.xlsx"))


def test_the_task_has_no_other_levels():
    with pytest.raises(UserError, match="unknown task 'folder/many'; one of folder, folder/several"):
        tasks.load("folder/many")


ROWS = "".join(f"a/{number}.png,{('cat', 'dog')[number % 2]},g{number // 4},train\n" for number in range(24))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return folders(tmp_path, {"a": 24})


def test_a_table_names_paths_labels_groups_and_splits(place):
    rows = ROWS.replace("g5,train", "g5,test")
    file = table(place, f"path,label,group,split\n{rows}")
    line, classes, splits = folder.read(file, "whole")
    assert line == "labels.csv: labels.csv, 20 train + 4 test images, 2 classes, whole pictures"
    assert classes == ("cat", "dog")
    assert splits["train"].targets.tolist() == [0, 1] * 10
    assert len(set(splits["train"].groups.tolist())) == 5
    assert listed(file, "test") == [f"a/{number}.png" for number in range(20, 24)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_tables_of_all_spreadsheets_are_read(tmp_path, delimiter, encoding):
    for seed in range(8):
        picture(tmp_path / f"Bär {seed}, groß.png", seed)
    rows = [["label", "path"]] + [[("Käse", "Brot")[n % 2], f'"Bär {n}, groß.png"'] for n in range(8)]
    file = table(tmp_path, "\r\n".join(delimiter.join(row) for row in rows) + "\r\n\r\n", encoding=encoding)
    assert folder.read(file, "whole").classes == ("Brot", "Käse")


def test_a_column_labels_may_have_several_or_none(place):
    rows = "".join(f"a/{number}.png,{('cat', 'dog', 'cat | dog', '')[number % 4]}\n" for number in range(24))
    file = table(place, f"path,labels\n{rows}")
    assert folder.choose(file) == "folder/several"
    source = tasks.own("folder/several").read(file, "whole")
    train = source.splits["train"]
    wanted = {int(Path(path).stem): target.tolist() for path, target in zip(train.paths, train.targets, strict=True)}
    assert all(target == [[1, 0], [0, 1], [1, 1], [0, 0]][number % 4] for number, target in wanted.items())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.csv is empty; its first line should be path,label or path,labels"),
        ("path,label\n", "lists no image"),
        ("size,label\n9,cat\n", "line 1 is size, label; it should be path,label"),
        ("path\na/0.png\n", "line 1 is path; it should be path,label"),
        ("path,label,labels\na/0.png,cat,cat\n", "line 1 is path, label, labels; columns label and labels both name"),
        ("path,label\na/0.png\n", "line 2: 1 values, and 2 columns (path, label)"),
        ("path,label\na/0.png,cat\na/0.png,cat\n", "line 3: a/0.png is in line 2 already"),
        ("path,label\na/0.png,cat\n./a/../a/0.png,dog\n", "line 3: a/0.png is in line 2 already"),
        ("path,label\n,cat\n", "line 2: the path is empty"),
        ("path,label\na/0.png,\n", "line 2: the label is empty"),
        (
            "path,label\na/0.png,cat|dog\n",
            "label 'cat|dog' has a |: several labels of an image (call the column labels, or",
        ),
        ("path,labels\na/0.png,cat||dog\n", "line 2: labels 'cat||dog': one is empty, or there twice"),
        ("path,label,split\na/0.png,cat,tset\n", "line 2: split 'tset' is none of train, val, test"),
        ("path,label,split\na/0.png,cat,test\n", "no row has the split train"),
        ("path,label,group\na/0.png,cat,\n", "line 2: the group is empty"),
        ('path,label\n"a/0.png,cat\n', "line 2: unexpected end of data"),
        ("path,label\nb/7.png,cat\nhttp://x/y.png,dog\n", "2 things are wrong in"),
        ("path,label\nb/7.png,cat\n", "line 2: no file b/7.png"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(place, text, message):
    assert message in refusal(table(place, text))


def test_a_table_in_another_encoding_says_so(place):
    assert "is not UTF-8 (invalid" in refusal(table(place, "path,label\na/0.png,Käse\n", encoding="latin-1"))


def test_groups_are_told_once(place):
    message = refusal(table(place, f"path,label,group,split\n{ROWS}"), r"(\d)")
    assert "labels.csv has a column group already; leave one of them out" in message


def test_absolute_paths_are_taken_as_they_are(place, tmp_path_factory):
    rows = "".join(f"{place}/a/{number}.png,{('cat', 'dog')[number % 2]}\n" for number in range(24))
    file = table(tmp_path_factory.mktemp("elsewhere"), f"path,label\n{rows}")
    assert len(folder.read(file, "whole").splits["train"].paths) == 20
