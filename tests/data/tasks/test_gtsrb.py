"""GTSRB's layouts and their mistakes, on a copy with 43 classes of two tracks of two frames."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from study.data import prepare
from study.data.splits import SplitOptions
from study.data.tasks import gtsrb
from study.errors import UserError

HEAD = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n"
LAYOUTS = {"official": "Final_Training/Images", "torchvision's": "Training"}


def write_image(path: Path, level: int, side: int = 10) -> None:
    path.write_bytes(f"P6 {side} {side} 255\n".encode() + bytes([level] * (3 * side * side)))


def write(place: Path, layout: str = "official") -> Path:
    """Write a small GTSRB to a folder and return that folder."""
    for label in range(43):
        folder = place / LAYOUTS[layout] / f"{label:05d}"
        folder.mkdir(parents=True)
        names = [f"{track:05d}_{frame:05d}.ppm" for track, frame in itertools.product(range(2), range(2))]
        for name in names:
            write_image(folder / name, label)
        rows = "".join(f"{name};10;10;2;2;8;8;{label}\n" for name in names)
        (folder / f"GT-{label:05d}.csv").write_text(HEAD + rows)
    images = place / "Final_Test" / "Images"
    images.mkdir(parents=True)
    for number in range(3):
        write_image(images / f"{number:05d}.ppm", number)
    rows = "".join(f"{number:05d}.ppm;10;10;2;2;8;8;{number}\n" for number in range(3))
    (images / "GT-final_test.csv").write_text(HEAD + rows)
    (images / "GT-final_test.test.csv").write_text("what the official archive has, without classes\n")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path / "GTSRB")


def first_class(place: Path) -> Path:
    return place / "Final_Training" / "Images" / "00000"


def test_the_official_layout_is_read_with_tracks_as_groups(place: Path) -> None:
    line, classes, listings = gtsrb.read(place, "roi")
    assert line == "GTSRB official layout: 172 of 39,209 train + 3 of 12,630 test images, ROI crops"
    assert classes == gtsrb.CLASSES
    train, test = listings["train"], listings["test"]
    assert train.targets.tolist() == [label for label in range(43) for _ in range(4)]
    assert np.unique(train.groups, return_counts=True)[1].tolist() == [2] * 86
    assert test.targets.tolist() == [0, 1, 2]
    assert len(set(test.groups.tolist())) == 3
    assert train.paths[0].endswith("00000/00000_00000.ppm")


@pytest.mark.parametrize("above", ["GTSRB", "gtsrb/GTSRB"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_folder_above_will_do_and_the_line_says_which_layout(tmp_path: Path, layout: str, above: str) -> None:
    write(tmp_path / above, layout)
    assert gtsrb.read(tmp_path, "frame")[0].startswith(f"GTSRB {layout} layout: 172 of ")


@pytest.mark.parametrize("spot", ["Final_Test", ".", ".."])
def test_the_tests_classes_may_lie_beside_its_images(place: Path, spot: str) -> None:
    (place / "Final_Test" / "Images" / "GT-final_test.csv").rename(place / spot / "GT-final_test.csv")
    assert gtsrb.read(place, "roi").splits["test"].targets.tolist() == [0, 1, 2]


def test_the_crop_is_the_annotated_box_with_a_margin_as_shares(place: Path) -> None:
    boxes = gtsrb.read(place, "roi").splits["train"].boxes
    assert boxes is not None
    margin = gtsrb.MARGIN * 6
    assert boxes[0] == pytest.approx([(2 - margin) / 10, (2 - margin) / 10, (8 + margin) / 10, (8 + margin) / 10])
    assert gtsrb.read(place, "frame").splits["train"].boxes is None


def test_copies_stored_at_another_size_are_said_to_be(place: Path) -> None:
    write_image(first_class(place) / "00000_00000.ppm", 0, side=32)
    assert gtsrb.read(place, "roi")[0].endswith("(pictures stored at 32 × 32 pixels, not as annotated)")


def test_the_images_arrive_in_order(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_STORE", str(tmp_path / "store"))
    opened = prepare.open_data(prepare.prepare("gtsrb", place, 8, None), SplitOptions(), 0, 0, sealed=True)
    for split in (opened.train, opened.val):
        assert (split.images[split.index][:, 0, 0, 0] == split.targets).all()


def test_no_data_set_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no GTSRB in .* has GTSRB/Final_Training/Images or GTSRB/Training"):
        gtsrb.read(tmp_path, "roi")
    with pytest.raises(UserError, match="no folder"):
        gtsrb.read(tmp_path / "nowhere", "roi")


def test_all_that_is_wrong_is_listed_at_once(place: Path) -> None:
    images = place / "Final_Training" / "Images"
    (images / "00000" / "00001_00000.ppm").unlink()
    write_image(images / "00001" / "00007_00000.ppm", 1)
    (images / "00002" / "GT-00002.csv").write_text(HEAD)
    annotations = images / "00003" / "GT-00003.csv"
    annotations.write_text(annotations.read_text().replace(";3\n", ";4\n", 1).replace(";8;3\n", ";11;3\n", 1))
    (images / "00004" / "GT-00004.csv").write_text(HEAD + "00000_00000.ppm;ten\n")
    with pytest.raises(UserError) as caught:
        gtsrb.read(place, "roi")
    text = str(caught.value)
    assert "no image 00001_00000.ppm" in text
    assert "00007_00000.ppm: not in GT-00001.csv" in text
    assert "00003_00000.ppm" not in text
    assert "cannot be of class 4" in text
    assert "… and " in text
    assert len(text.splitlines()) == 12


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "class 2 .speed limit 50. is empty"),
        ("00000_00000.ppm;10;10;2;2;8;11;2\n", "box .2, 2, 8, 11. that is not in its 10 × 10"),
        ("00000_00000.ppm;10;10;2;2;8;8;2\n" * 2, "line 3: no image 00000_00000.ppm, or listed twice"),
        ("00000_00000.ppm;ten\n", "line 2: not an annotation"),
    ],
)
def test_a_mistake_in_an_annotation_file_is_told_with_its_place(place: Path, rows: str, message: str) -> None:
    (place / "Final_Training" / "Images" / "00002" / "GT-00002.csv").write_text(HEAD + rows)
    with pytest.raises(UserError, match=message):
        gtsrb.read(place, "roi")


def test_a_test_without_classes_is_refused(place: Path) -> None:
    (place / "Final_Test" / "Images" / "GT-final_test.csv").unlink()
    with pytest.raises(UserError, match=r"no GT-final_test\.csv"):
        gtsrb.read(place, "roi")
