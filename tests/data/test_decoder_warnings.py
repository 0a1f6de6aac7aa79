"""What is odd about a picture is a note with its name, and never a warning of Python's or a line of a library's."""

import shutil
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from study.data import decoder_warnings, images
from tests.support.hostile_images import jpeg, plain, segment, written


def seen(path: Path) -> images.Picture:
    with images.picture(path) as picture:
        return picture


ODD_EXIF = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x09\0\x01\x01")


def test_what_pillow_warns_of_is_a_note_with_the_pictures_name_in_each_thread(tmp_path, capfd):
    odd, whole = written(tmp_path / "odd.jpg", jpeg(ODD_EXIF)), written(tmp_path / "whole.jpg", jpeg())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as `python -W error` has it
        with ThreadPoolExecutor(4) as pool:
            pictures = [*pool.map(seen, [odd, whole] * 40)]
    for with_note, without in zip(pictures[::2], pictures[1::2], strict=True):
        assert without.notes == ()
        assert with_note.notes == ("Corrupt EXIF data. Expecting to read 12 bytes but only got 2",)
    assert capfd.readouterr().err == ""


def test_what_others_warn_of_meanwhile_is_theirs(tmp_path):
    with (
        decoder_warnings.collect_notes() as notes,
        ThreadPoolExecutor(1) as pool,
        pytest.warns(UserWarning, match="mine"),
    ):
        pool.submit(warnings.warn, "mine").result()
    assert not notes
    with pytest.warns(UserWarning, match="later"):
        warnings.warn("later", stacklevel=1)


def test_notes_of_a_picture_are_few_and_differ():
    with decoder_warnings.collect_notes() as notes:
        for number in (1, 1, 2, 3, 4, 5):
            warnings.warn(f"{number}\n  is odd.", stacklevel=1)
    assert list(notes) == ["1 is odd", "2 is odd", "3 is odd"]
    assert decoder_warnings.few(["a"] * 5) == ["a"] * 5
    assert decoder_warnings.few(["a"] * 7) == ["a"] * 5 + ["… and 2 more such notes"]


@pytest.mark.parametrize(
    "tag", [(256, 2, 8, 39), (270, 5, 4, 37), (315, 12, 4, 21), (34853, 9, 4, 58), (700, 13, 4, 1)]
)
def test_a_picture_is_turned_whatever_else_its_exif_data_have(tmp_path, tag):
    turned, other = struct.pack("<HHII", 274, 3, 1, 6), struct.pack("<HHII", *tag)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + b"".join(sorted((turned, other))) + bytes(4)
    exif += bytes(range(200, 256))
    picture = seen(written(tmp_path / "a.jpg", jpeg(segment(0xE1, exif))))
    assert (picture.width, picture.height) == picture.image.size == (20, 24)


def test_exif_data_that_cannot_be_read_are_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr(Image.Image, "getexif", lambda image: 1 / 0)
    note = "its EXIF data cannot be read, so it is not turned (division by zero)"
    assert seen(written(tmp_path / "a.png", plain("PNG"))).notes == (note,)


def test_libraries_in_c_write_nothing(tmp_path, capfd):
    content = bytearray(plain("TIFF", (64, 64), compression="tiff_lzw"))
    content[200:260] = bytes(60)
    for number, spoilt in enumerate((content[:900], bytes(content))):
        path = tmp_path / f"{number}.tif"
        path.write_bytes(spoilt)
        images.decode(str(path), True, 8)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("size", "notes"),
    [
        ((1000, 2), ("has 1,000 × 2 pixels: a square in its middle is 0.20% of it",)),
        ((2, 1000), ("has 2 × 1,000 pixels: a square in its middle is 0.20% of it",)),
        ((1, 1), ("has only 1 × 1 pixels",)),
        ((7, 40), ("has only 7 × 40 pixels",)),
        ((8, 8), ()),
        ((200, 10), ()),
    ],
)
def test_a_shape_of_which_little_is_seen_is_a_note(tmp_path, size, notes):
    path = written(tmp_path / "a.png", plain("PNG", size))
    assert seen(path).notes == notes
    lines = []
    assert images.decode(str(path), True, 8, lines.append).shape == (8, 8, 3)
    assert lines == [f"{path}: {note}" for note in notes]


def test_notes_are_in_the_inspection_and_of_other_tasks_where_they_are_decoded(tmp_path):
    from study.data import prepare
    from study.data.tasks import folder
    from tests.support.own_images import folders

    place = folders(tmp_path / "mine", {"train/cat": 6, "train/dog": 5, "test/cat": 2, "test/dog": 3})
    for number in range(6):
        Image.new("RGB", (300, 3), (number, 9, 200)).save(place / f"train/cat/{number}.png")
    remarks = folder.inspect(place).remarks
    assert remarks[0] == "train/cat/0.png: has 300 × 3 pixels: a square in its middle is 1.00% of it"
    assert remarks[5] == "… and 1 more such notes"
    shutil.rmtree(place / "train/cat")
    folders(place, {"train/cat": 5}, start=90)
    written(place / "train/cat/1.png", jpeg(ODD_EXIF))
    made = prepare.prepare("pets", place, 16, None)
    assert prepare.notes(made) == [
        f"{place}/train/cat/1.png: Corrupt EXIF data. Expecting to read 12 bytes but only got 2"
    ]
    assert prepare.notes(prepare.prepare("pets", place, 16, None)) == prepare.notes(made)  # not only when it is made
