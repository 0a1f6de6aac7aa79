"""Layouts that people have: what is read as what, what is reported, and what is refused with both ways."""

from collections import Counter
from pathlib import Path

import pytest

from study.data.layouts import recognition
from study.data.layouts.names import split_of, splits_of
from study.errors import UserError
from study.space.config import CHOICES
from tests.support.own_images import folders, picture, table, voc

CATS_AND_DOGS = {"cat": 2, "dog": 3}


def under(*places: str) -> dict[str, int]:
    return {f"{place}/{name}": count for place in places for name, count in CATS_AND_DOGS.items()}


def read(place: Path, layout: str = "auto") -> dict[str, dict[str, int]]:
    """Count the images by split and class."""
    data = recognition.dataset(place, layout)
    return {
        split: dict(Counter(data.classes[target] for target in part.targets)) for split, part in data.splits.items()
    }


def lines(place: Path, layout: str = "auto") -> str:
    return "\n".join(recognition.dataset(place, layout).reading)


def refusal(place: Path, layout: str = "auto") -> str:
    with pytest.raises(UserError) as caught:
        recognition.dataset(place, layout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


BOTH = {"train": CATS_AND_DOGS, "test": CATS_AND_DOGS}
ALL = {"train": CATS_AND_DOGS, "val": CATS_AND_DOGS, "test": CATS_AND_DOGS}


@pytest.mark.parametrize(
    ("made", "wanted", "line"),
    [
        (CATS_AND_DOGS, {"train": CATS_AND_DOGS}, "read: each of 2 folders as a class"),
        (under("train"), {"train": CATS_AND_DOGS}, ""),
        (under("train", "test"), BOTH, ""),
        (under("Training", "Testing"), BOTH, "read: Training/ as train, Testing/ as test"),
        (under("TRAIN", "validation", "TEST"), ALL, "read: TRAIN/ as train, validation/ as val, TEST/ as test"),
        (under("train", "valid", "test"), ALL, "read: valid/ as val"),
        (under("training_set", "dev-set"), {"train": CATS_AND_DOGS, "val": CATS_AND_DOGS}, "dev-set/ as val"),
        (under("seg_train/seg_train", "seg_test/seg_test"), BOTH, "seg_train/seg_train/ as train"),
        (under("train2017", "val2017"), {"train": CATS_AND_DOGS, "val": CATS_AND_DOGS}, "val2017/ as val"),
        (under("archive/data/train", "archive/data/test"), BOTH, "read: archive/data/, in which all images are"),
        (under("archive"), {"train": CATS_AND_DOGS}, "read: archive/, in which all images are"),
        ({"cat/train": 2, "dog/train": 3, "cat/test": 2, "dog/test": 3}, BOTH, "with train/, test/ inside"),
        ({"cat/a": 1, "cat/b": 1, "dog": 3}, {"train": CATS_AND_DOGS}, "images in folders inside cat as these"),
        ({"pets/cat": 2, "wild/wolf": 1, "wild/fox": 2}, {"train": {"pets": 2, "wild": 3}}, "inside pets, wild"),
        (under("train", "test") | {"raw": 4}, BOTH, "not read: raw/ (4 images)"),
        (under("train") | CATS_AND_DOGS, {"train": CATS_AND_DOGS}, "not read: cat/ (2 images)"),
        (under("train") | {"Test": 4}, {"train": CATS_AND_DOGS}, "not read: Test/ (4 images, in no folder of a class"),
        (under("train") | {"val/images": 4}, {"train": CATS_AND_DOGS}, "not read: val/ (4 images, in no folder of a"),
        (under("asl_train/asl_train", "asl_test"), BOTH, "read: asl_train/asl_train/ as train, asl_test/ as test"),
        (under("cars_train", "cars_val"), {"train": CATS_AND_DOGS, "val": CATS_AND_DOGS}, "cars_val/ as val"),
        (under("carstrain", "carstest"), BOTH, "read: carstrain/ as train, carstest/ as test"),
        (under("imagesTr", "imagesTs"), BOTH, "read: imagesTr/ as train, imagesTs/ as test"),
        (under("训练集", "测试集"), BOTH, "read: 训练集/ as train, 测试集/ as test"),
        (under("train/images", "test/images"), BOTH, "read: train/images/ as train, test/images/ as test"),
        ({"cat/cat_train": 2, "dog/dog_train": 3, "cat/cat_test": 2, "dog/dog_test": 3}, BOTH, "with train/, test/ in"),
        ({"dev_board": 2, "bus": 3}, {"train": {"dev_board": 2, "bus": 3}}, ""),
        ({"train_station": 2, "bus": 3}, {"train": {"train_station": 2, "bus": 3}}, ""),
        (CATS_AND_DOGS | {".": 2}, {"train": CATS_AND_DOGS}, "not read: 2 images beside the folders of classes"),
    ],
)
def test_folders_are_read_as_they_are(tmp_path, made, wanted, line):
    place = folders(tmp_path / "mine", made)
    assert read(place) == wanted
    assert line in lines(place)
    assert not recognition.several(place)


@pytest.mark.parametrize(
    ("made", "parts"),
    [
        ({"train": 2, "bus": 2}, ("train/ is the training set", "train is a class like bus (--layout classes)")),
        ({"test": 2, "cat": 2, "dog": 3}, ("two ways", "test is a class like cat, dog (--layout classes)")),
        (CATS_AND_DOGS | under("test"), ("test/ is the test set of the classes cat, dog: move these into train/",)),
        (under("train") | {"fox": 2}, ("train/ holds the classes cat, dog (--layout splits)", "like fox (--layout cl")),
        (under("photo", "art"), ("art, photo are the classes (--layout classes)", "dog inside each are (--layout in")),
        (CATS_AND_DOGS | under("copy"), ("is a class like cat, dog (--layout classes)", "copy/ is a copy of the set")),
        (under("val", "valid", "train"), ("two folders for val, val and valid; rename or move one of them",)),
        ({"cat/train": 2, "cat/test": 2, "dog": 3}, ("cat have folders named like splits, and dog not",)),
        ({"Train": 5, "Test": 5}, ("Train has 5 images and no folders of classes",)),
        ({"asl_train": 5, "sign_test": 5}, ("asl_train, sign_test are named like splits, of different things",)),
        ({"cars_train": 5, "cars_val": 5}, ("cars_train has 5 images and no folders of classes",)),
        ({"images": 5, "masks": 5}, ("images, masks are named as parts of a data set and no classes",)),
        (under("fold1/train", "fold1/test", "fold2/train", "fold2/test"), ("each is a set of the classes cat, dog (",)),
        (under("amazon/images", "dslr/images"), ("amazon, dslr are the classes (--layout classes)", "cat, dog inside")),
        ({"asl_train": 5, "asl_test": 5}, ("asl_train has 5 images and no folders of classes",)),
        ({"Train": 5, "Test": 5, "cat": 1}, ("Train has 5 images and no folders of classes",)),
        ({"test/cat": 2, "test/dog": 2, "val/cat": 1}, ("has test, val and no folder for training",)),
        ({".": 7}, ("has 7 images and no folders of classes",)),
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_or_in_none_is_refused(tmp_path, made, parts):
    message = refusal(folders(tmp_path / "mine", made))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("made", "layout", "wanted"),
    [
        ({"train": 2, "bus": 2, "car": 3}, "classes", {"train": {"train": 2, "bus": 2, "car": 3}}),
        (under("train") | {"fox": 2}, "splits", {"train": CATS_AND_DOGS}),
        (under("train") | {"fox": 2}, "classes", {"train": {"train": 5, "fox": 2}}),
        (under("photo", "art"), "classes", {"train": {"photo": 5, "art": 5}}),
        (under("photo", "art"), "inner-classes", {"train": {"cat": 4, "dog": 6}}),
        (CATS_AND_DOGS | under("copy"), "classes", {"train": {**CATS_AND_DOGS, "copy": 5}}),
    ],
)
def test_the_option_decides(tmp_path, made, layout, wanted):
    assert read(folders(tmp_path / "mine", made), layout) == wanted


@pytest.mark.parametrize(
    ("made", "layout", "message"),
    [
        (under("train", "test"), "classes", "test, train in {} are names of splits, and never classes"),
        ({"Train": 5, "Test": 5}, "classes", "layout 'classes': Test, Train in {} are names of splits, and never"),
        (CATS_AND_DOGS, "splits", "layout 'splits': none of the folders cat, dog in {} is named train, val or test"),
        (CATS_AND_DOGS, "inner-classes", "layout 'inner-classes': the folders in {} have no folders with images"),
        (CATS_AND_DOGS, "one-label", "layout 'one-label': {} is a folder; one of splits, classes, inner-classes, voc"),
        (CATS_AND_DOGS, "classy", "unknown layout 'classy'; one of auto, splits,"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_fit_is_refused(tmp_path, made, layout, message):
    place = folders(tmp_path / "mine", made)
    assert message.format(place) in refusal(place, layout)


def test_folders_without_images_are_reported_too(tmp_path):
    place = folders(tmp_path, under("train", "test"))
    (place / "docs").mkdir()
    assert lines(place) == "not read: docs/ (no image)"


def test_lists_beside_the_folders_are_reported(tmp_path):
    place = folders(tmp_path, CATS_AND_DOGS)
    for name in ("train.txt", "Test.csv", "notes.txt"):
        (place / name).touch()
    assert "not read: Test.csv, train.txt; a .csv file with the columns path, label and split would be" in lines(place)


def test_the_layouts_are_the_choices_of_the_hyperparameter():
    assert ("auto", *recognition.LAYOUTS) == CHOICES["layout"]


def test_a_list_beside_images_without_classes_is_named(tmp_path):
    place = folders(tmp_path, {"train": 3, "test": 2})
    table(place, "path,label\n", "train.csv")
    assert f"--data {place / 'train.csv'} reads the list" in refusal(place) + refusal(folders(tmp_path, {".": 1}))


SYSTEM = (
    "@__thumb",
    "RECYCLED",
    "FOUND.001",
    "~snapshot",
    "@eaDir",
    "#recycle",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    ".ipynb_checkpoints",
    "__MACOSX",
)


@pytest.mark.parametrize("name", SYSTEM)
@pytest.mark.parametrize("where", [".", "cat", "dog/deep"])
def test_folders_of_systems_are_passed_over_and_counted(tmp_path, name, where):
    place = folders(tmp_path / "mine", CATS_AND_DOGS | {"dog/deep": 1})
    picture(place / where / name / "cat" / "0.png", 99)
    assert read(place) == {"train": {"cat": 2, "dog": 4}}
    kind = "hidden" if name.startswith(".") else f"{name} (of a system)"
    assert recognition.dataset(place).passed == {kind: 1}
    assert name not in lines(place)


def test_names_of_splits_are_never_guessed_from_parts():
    assert splits_of(["dev_board", "test_board"]) == {}
    for name in (
        "trains",
        "tests results",
        "valley",
        "latest",
        "contest",
        "devil",
        "evaluate",
        "тест test",
        "cat_train",
    ):
        assert split_of(name) is None, name


def place_of_rows(tmp_path: Path) -> Path:
    return folders(tmp_path, {"a": 6})


ROWS = {number: ("cat", "dog")[number % 2] for number in range(6)}


FIRST = dict.fromkeys(range(6), "1,0")


def csv(head: str, row: str, labels: dict[int, str] = ROWS) -> str:
    return head + "\n" + "".join(row.format(n=number, label=label) + "\n" for number, label in labels.items())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (csv("path,label", "a\\{n}.png,{label}"), ""),
        (csv("path,label", "C:\\Users\\me\\set\\a\\{n}.png,{label}"), "read: paths without C:/Users/me/set/…"),
        (csv("path,label", "/home/me/set/a/{n}.png,{label}"), "read: paths without //home/me/set/…"),
        (csv("path,label", "set/a/{n}.png,{label}"), "read: paths without set/…"),
        (csv("path,label", "{n}.png,{label}"), "read: paths as a/<path>"),
        (csv("image_id,label", "{n},{label}"), "read: paths as a/<path>.png"),
        (csv("sep=;\npath;label", "a/{n}.png;{label}"), ""),
        (csv("path;label", "a/{n}.png;{label}"), ""),
        (csv(",path,label", "{n},a/{n}.png,{label}"), "not read: column number 1, which has no name"),
        (csv("Unnamed: 0,path,label", "{n},a/{n}.png,{label}"), "not read: column Unnamed: 0"),
        (csv("path,label,,", "a/{n}.png,{label},,"), ""),
        (csv("path,label", "a/{n}.png,{label},,"), ""),
        (csv("filename,class", "a/{n}.png,{label}"), "read: column filename as path and column class as label"),
        (csv("Path,Label,width", "a/{n}.png,{label},32"), "not read: column width"),
        (csv("id,image,label", "{n},a/{n}.png,{label}"), "read: column image as path"),
        (csv("path,label,patient_id", "a/{n}.png,{label},p{n}"), "column patient_id may name images that belong tog"),
    ],
)  # fmt: skip
def test_csv_files_are_read_as_they_are(tmp_path, text, line):
    file = table(place_of_rows(tmp_path), text)
    assert read(file) == {"train": {"cat": 3, "dog": 3}}
    assert line in lines(file)
    assert not recognition.several(file)


@pytest.mark.parametrize(
    ("head", "values", "wanted"),
    [
        ("is_valid", "01", {"train": {"cat": 3}, "val": {"dog": 3}}),
        ("Dataset_type", ("TRAIN", "TEST"), {"train": {"cat": 3}, "test": {"dog": 3}}),
    ],
)
def test_columns_that_name_splits(tmp_path, head, values, wanted):
    text = csv(f"fname,label,{head}", "a/{n}.png,{label}", {n: f"{ROWS[n]},{values[n % 2]}" for n in range(6)})
    assert read(table(place_of_rows(tmp_path), text)) == wanted


def test_a_column_that_names_splits_in_part_is_refused(tmp_path):
    text = csv(
        "path,label,subset", "a/{n}.png,{label}", {n: f"{ROWS[n]},{('train', 'extra')[n % 2]}" for n in range(6)}
    )
    with pytest.raises(UserError, match="split 'extra' is none of train, val, test"):
        recognition.dataset(table(place_of_rows(tmp_path), text))


def test_folds_are_no_labels(tmp_path):
    file = table(place_of_rows(tmp_path), csv("path,cat,dog,fold", "a/{n}.png,{label},1", {**FIRST, 1: "0,1"}))
    assert recognition.dataset(file).classes == ("cat", "dog")
    assert "not read: column fold" in lines(file)


@pytest.mark.parametrize(
    ("text", "counts", "several"),
    [
        (csv("path,cat,dog", "a/{n}.png,{label}", {**FIRST, 1: "0,1", 3: "0,1"}), [4, 2], False),
        (csv("path,cat,dog", "a/{n}.png,{label}", {**FIRST, 1: "1,1", 3: "0,0"}), [5, 1], True),
        (csv("path,cat,dog", "a/{n}.png,{label}", {**FIRST, 1: "-1,1"}), [5, 1], True),
        (csv("path,labels", "a/{n}.png,{label}", {**ROWS, 4: "cat|dog", 5: ""}), [3, 3], True),
        (csv("path,labels", "a/{n}.png,{label}", {**ROWS, 4: "cat;dog"}), [3, 4], True),
        (csv("path,labels", 'a/{n}.png,"{label}"', {**ROWS, 4: "cat, dog"}), [3, 4], True),
        (csv("path,labels", "a/{n}.png,{label}", {**ROWS, 4: "cat dog"}), [3, 4], True),
        (csv("path,tags", "a/{n}.png,{label}", {**ROWS, 4: "cat dog"}), [3, 4], True),
    ],
)  # fmt: skip
def test_labels_in_columns_or_in_one_cell(tmp_path, text, counts, several):
    file = table(place_of_rows(tmp_path), text)
    data = recognition.dataset(file)
    assert recognition.several(file) is several
    assert data.classes == ("cat", "dog")
    targets = data.targets
    assert [int((targets[:, n] == 1).sum()) if several else int((targets == n).sum()) for n in range(2)] == counts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (csv("path,labels", "a/{n}.png,{label}", {**ROWS, 4: "cat|dog;fox"}), "may be parted by | or by ;; say which"),
        (csv("path,labels", "a/{n}.png,{label}", {**ROWS, 4: "big cat"}), "'big cat' can be one name or several; say"),
        (csv("path,label", "a/{n}.png,{label}", dict.fromkeys(range(6), "a;b") | {1: "c;d"}), "label 'a;b' has a ;"),
        (csv("path,label", 'a/{n}.png,"{label}"', {**ROWS, 4: "cat,dog"}), "label 'cat,dog' has a ,: several"),
        (csv("path,label", "a/{n}.png,{label}", {**ROWS, 4: "cat dog"}), "label 'cat dog' has a blank: several"),
        (csv("path,label", "a/{n}.png,{label}", {n: f"{n} 7" for n in range(6)}), "label '0 7' has a blank: several"),
        (csv("path,class,category", "a/{n}.png,{label},x"), "columns class and category can both be the label"),
        (csv("file,image,label", "a/{n}.png,a/{n}.png,{label}"), "columns file and image can both be the path"),
        (csv("path,path,label", "a/{n}.png,a/{n}.png,{label}"), "it has path twice"),
    ],
)
def test_a_csv_file_that_can_be_read_in_two_ways_is_refused(tmp_path, text, message):
    assert message in refusal(table(place_of_rows(tmp_path), text))


def test_the_option_decides_how_cells_are_read(tmp_path):
    text = csv("path,label", "a/{n}.png,{label}", dict.fromkeys(range(6), "a;b") | {1: "c;d"})
    file = table(place_of_rows(tmp_path), text)
    assert read(file, "one-label") == {"train": {"a;b": 5, "c;d": 1}}
    data = recognition.dataset(file, "labels-by-semicolon")
    assert (data.classes, data.targets.sum(0).tolist()) == (("a", "b", "c", "d"), [5, 5, 1, 1])


def test_files_are_found_by_name_where_each_is_in_one_folder(tmp_path):
    place = moved(folders(tmp_path, {"part_1": 6}), {"part_1/4.png": "part_2/4.png", "part_1/5.png": "part_2/5.png"})
    file = table(place, csv("image_id,dx,lesion_id", "{n},{label},l{n}"))
    assert read(file) == {"train": {"cat": 3, "dog": 3}}
    assert "read: paths by name, in part_1, part_2" in lines(file)
    assert "column lesion_id may name images that belong together" in lines(file)
    picture(place / "part_1/5.png", 99)
    assert "the path '5' can be 'part_1/5.png' and 'part_2/5.png'; write the folder" in refusal(file)


def test_names_of_columns_are_told_apart_by_digits(tmp_path):
    file = table(place_of_rows(tmp_path), csv("path,label_1,label_2", "a/{n}.png,{label},x"))
    assert "line 1 is path, label_1, label_2; it should be" in refusal(file)


def test_columns_of_minus_1_and_1_have_no_unknown_labels(tmp_path):
    file = table(
        place_of_rows(tmp_path), csv("path,0,1", "a/{n}.png,{label}", {**dict.fromkeys(range(6), "1,-1"), 1: "1,1"})
    )
    assert recognition.dataset(file).targets.tolist() == [[1, 0], [1, 1]] + [[1, 0]] * 4
    assert "read: -1 as absent, since no cell is 0" in lines(file)


def test_images_in_two_folders_are_refused(tmp_path):
    place = folders(tmp_path, {"a": 6, "b": 6})
    message = refusal(table(place, csv("path,label", "{n}.png,{label}")))
    assert "the first path, '0.png', can be 'a/0.png' and 'b/0.png'; write the folder" in message


def test_splits_in_a_column_may_have_other_names(tmp_path):
    text = (
        csv("path,label,subset", "a/{n}.png,{label}")
        .replace("cat\n", "cat,Training\n")
        .replace("dog\n", "dog,testing\n")
    )
    assert read(table(place_of_rows(tmp_path), text)) == {"train": {"cat": 3}, "test": {"dog": 3}}


def moved(place: Path, names: dict[str, str]) -> Path:
    for old, new in names.items():
        (place / new).parent.mkdir(parents=True, exist_ok=True)
        (place / old).rename(place / new)
    return place


VOC = {"trainval": [f"i{number}" for number in range(8)], "test": ["i8", "i9"]}


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ({}, ""),
        ({"ImageSets/Main/trainval.txt": "ImageSets/training.txt", "ImageSets/Main/test.txt": "ImageSets/Testing.txt"},
         "read: Testing.txt as test, training.txt as train"),
        ({"JPEGImages": "images", "Annotations": "annotations"}, "images of images/, annotations of annotations/"),
        ({"JPEGImages": "images", "Annotations": "annotations/xmls"}, "annotations of annotations/xmls/"),
        ({"JPEGImages/i3.png": "JPEGImages/2008/i3.png", "Annotations/i3.xml": "Annotations/x/i3.xml"}, ""),
    ],
)  # fmt: skip
def test_voc_by_other_names_and_in_subfolders(tmp_path, names, line):
    place = moved(voc(tmp_path / "mine", VOC), names)
    assert recognition.several(place)
    data = recognition.dataset(place)
    assert {split: len(part.paths) for split, part in data.splits.items()} == {"train": 8, "test": 2}
    assert line in "\n".join(data.reading)


@pytest.mark.parametrize("parts", [("train", "valid", "test"), ("Train", "Test")])
def test_annotations_beside_the_images(tmp_path, parts):
    from_voc = voc(tmp_path / "voc", VOC)
    for number, name in enumerate(VOC["trainval"] + VOC["test"]):
        part = tmp_path / "mine" / parts[number % len(parts)]
        moved(tmp_path, {f"voc/JPEGImages/{name}.png": f"mine/{part.name}/{name}.png"})
        moved(tmp_path, {f"voc/Annotations/{name}.xml": f"mine/{part.name}/{name}.xml"})
    assert from_voc.exists()
    data = recognition.dataset(tmp_path / "mine")
    counts = {"train": 7, "test": 3} if len(parts) == 3 else {"train": 5, "test": 5}
    assert {split: len(part.paths) for split, part in data.splits.items()} == counts
    assert recognition.several(tmp_path / "mine")
    assert data.reading == ("read: annotations beside the images",)


def test_voc_without_lists_is_all_annotated_images(tmp_path):
    place = voc(tmp_path / "mine", {"trainval": VOC["trainval"]})
    (place / "ImageSets/Main/trainval.txt").unlink()
    picture(place / "JPEGImages/extra.png", 5)
    data = recognition.dataset(place)
    assert {split: len(part.paths) for split, part in data.splits.items()} == {"train": 8}
    assert data.reading == ("not read: 1 images that no list or annotation is of",)
