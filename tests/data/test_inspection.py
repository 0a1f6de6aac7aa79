"""What is seen of a data set before it is trained on: what would make results wrong stops, with where it is."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from rich.console import Console

from study.cli import messages
from study.data import images, scan
from study.data.inspection import as_trained
from study.data.own_images import SourceOptions
from study.data.splits import SplitOptions
from study.data.tasks import folder, own
from study.errors import UserError
from study.storage import store
from tests.support.own_images import folders, picture, pixels, table
from tests.support.photographs import photograph

PLAIN = {"train/cat": 6, "train/dog": 5, "test/cat": 2, "test/dog": 3}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return folders(tmp_path / "mine", PLAIN)


def refusal(place: Path, pattern: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        folder.inspect(place, SourceOptions(pattern)).refuse()
    return str(caught.value)


def test_nothing_is_wrong_with_a_plain_folder(place):
    seen = folder.inspect(place)
    seen.refuse()
    assert {name: each.tolist() for name, each in seen.counts.items()} == {"train": [6, 5], "test": [2, 3]}
    assert (seen.groups, seen.again) == (16, 0)


def test_unreadable_files_are_listed_with_why(place):
    (place / "train/cat/0.png").write_bytes(b"")
    (place / "test/dog/1.png").write_bytes((place / "test/dog/1.png").read_bytes()[:100])
    (place / "train/dog/4.png").write_text("<html>404</html>")
    message = refusal(place)
    assert message.splitlines()[:2] == [
        f"{place} (image folders) cannot be used as it is:",
        "  3 files cannot be read:",
    ]
    assert "    train/cat/0.png: is empty (0 bytes)" in message
    assert "    train/dog/4.png: is a web page, no image" in message
    assert "    test/dog/1.png: " in message


def test_of_many_places_some_are_listed(place):
    for number in range(6):
        (place / f"train/cat/{number}.png").write_bytes(b"")
    (place / "train/dog/0.png").write_bytes(b"")
    lines = refusal(place).splitlines()
    assert lines[1] == "  7 files cannot be read:"
    assert lines[-1] == "    … and 2 more"
    assert len(lines) == 8


def test_a_file_that_becomes_readable_is_looked_at_anew(place):
    path = place / "train/cat/0.png"
    (content, times) = path.read_bytes(), path.stat()
    path.write_bytes(content[:-40] + bytes(40))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    refusal(place)
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    folder.inspect(place).refuse()


def test_the_same_pixels_in_two_splits_are_found_in_any_format(place):
    Image.fromarray(pixels(1)).save(place / "test/cat/again.bmp")
    assert refusal(place).splitlines()[1:] == [
        "  1 images are in two splits:",
        "    train/cat/0.png = test/cat/again.bmp",
        "  copies in two splits: python -m study.inspect DATA --mend FILE.csv lists the images without them; "
        "--set copies=note leaves them in",
    ]


def test_one_image_of_two_classes_is_found(place):
    picture(place / "train/dog/again.png", 1)
    assert "1 images are given two labels:\n    train/cat/0.png = train/dog/again.png" in refusal(place)


def test_a_group_in_two_splits_is_found(place):
    message = refusal(place, r"(\d)\.png")
    assert message.splitlines()[1:] == ["  3 groups are in two splits:", "    0", "    1", "    2"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"train/cat": 4, "test/cat": 2}, "1 class is there, and at least two are needed:\n    cat"),
        ({"train/cat": 4, "train/dog": 4, "test/cat": 2}, "1 classes have no image in test:\n    dog"),
        ({"train/cat": 4, "test/cat": 2, "test/dog": 2}, "1 classes have no image in train:\n    dog"),
        ({**PLAIN, "val/cat": 2, "val/bird": 1}, "1 classes have no image in val:\n    dog"),
        ({"train/cat": 4, "train/dog": 2}, "1 classes are too small to cut validation and the test from; at least 3"),
        (
            {"train/cat": 4, "train/dog": 1, "test/cat": 1, "test/dog": 1},
            "too small to cut validation from; at least 2",
        ),
        ({"train/cat": 4, "train/dog": 1, "val/cat": 1, "val/dog": 1}, "too small to cut the test from; at least 2"),
    ],
)
def test_classes_that_cannot_be_told_apart_or_scored_are_named(tmp_path, counts, message):
    assert message in refusal(folders(tmp_path, counts))


def test_a_class_whose_name_is_not_utf_8_is_refused(place):
    """A folder may be called so; a card or a report cannot say it."""
    os.rename(os.fsencode(place / "train/cat"), os.fsencode(place / "train") + b"/caf\xe9")
    os.rename(os.fsencode(place / "test/cat"), os.fsencode(place / "test") + b"/caf\xe9")
    assert "classes have names that are not UTF-8; rename them:" in refusal(place)


def test_an_empty_class_is_named(place):
    (place / "train/emu").mkdir()
    (place / "test/emu").mkdir()
    message = refusal(place)
    assert "1 classes have no image in train:\n    emu" in message
    assert "1 classes have no image in test:\n    emu" in message


def test_few_groups_are_too_few_however_many_images(tmp_path):
    place = folders(tmp_path, {"train/cat": 9, "train/dog": 9})
    assert refusal(place, r"(cat|dog)").endswith("    cat: 9 images in 1 groups\n    dog: 9 images in 1 groups")


def test_two_labels_for_copies_in_a_table_with_several_are_found(tmp_path):
    for number in range(8):
        picture(tmp_path / f"{number}.png", number % 7)
    rows = "".join(f"{number}.png,{('cat', 'dog|cat')[number % 2]}\n" for number in range(8))
    assert "1 images are given two labels:\n    0.png = 7.png" in refusal(table(tmp_path, f"path,labels\n{rows}"))


def test_remarks_name_what_may_be_odd(tmp_path):
    place = folders(tmp_path, {"train/cat": 12, "test/cat": 2})
    for number in range(3):
        picture(place / f"train/dog/{number}.png", 200 + number, wide=90, high=70)
        picture(place / f"test/dog/{number}.png", 300 + number, wide=90, high=70)
    flat = np.full((16, 20, 3), 7, np.uint8)
    Image.fromarray(flat).save(place / "train/cat/flat.png")
    remarks = folder.inspect(place, size=64).remarks
    assert remarks == [
        "cat has 4.3 times the images of dog: --set class_weights=balanced weighs the loss",
        "image size differs by split, and a network may see that: half of test is below 79 px, of train below 18",
        "image size differs by class, and a network may see that: half of dog is below 79 px, of cat below 18",
        "15 of 21 images are enlarged more than twice to 64 px",
        "1 images are of one colour, or nearly, as train/cat/flat.png",
        "5 test images: a share near a half is known to ±44 points",
    ]


def printed(place: Path, width: int = 100, **options: str) -> str:
    console = Console(width=width, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    messages.print_inspection(folder.inspect(place, **options), 32, console)
    return console.export_text()


def test_it_fits_on_one_screen_whatever_the_number_of_classes(tmp_path):
    counts = {f"train/class [{number:03d}]": 3 + number % 5 for number in range(60)}
    lines = printed(folders(tmp_path, counts)).splitlines()
    assert len(lines) <= 24
    assert lines[1].split() == ["class", "train", "test"]
    assert any(line.startswith("… 48 more") for line in lines)
    assert any(line.startswith("class [004]") for line in lines)


def test_it_says_how_the_data_are_cut(place):
    text = printed(place)
    assert "test: as given · validation: held out of train · groups: 16, each image by itself" in text
    assert "sizes: 20 × 16 to 20 × 16 px" in text


def test_images_are_looked_at_once(place, monkeypatch):
    folder.inspect(place)
    monkeypatch.setattr(scan, "_scan", None)
    folder.inspect(place)
    picture(place / "train/cat/0.png", 77, wide=30)
    with pytest.raises(TypeError):
        folder.inspect(place)
    assert store.root().exists()


def test_whoever_is_told_may_end_it(place):
    def enough(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.inspect(place, progress=enough)


def pairs(place: Path) -> Path:
    """Three classes, each of two people, and each person of two classes: one held out is all that can be spared."""
    people = [("cat", "dog"), ("dog", "emu"), ("cat", "emu")]
    for person, names in enumerate(people):
        for name in names:
            picture(place / f"train/{name}/p{person}_0.png", 10 * person + ord(name[0]))
    return folders(place, {"test/cat": 1, "test/dog": 1, "test/emu": 1}, 500)


def test_a_class_that_the_cut_leaves_no_image_of_for_validation_stops(tmp_path):
    for name in ("cat", "dog", "emu"):
        (tmp_path / f"test/{name}").mkdir(parents=True)
    seen = folder.inspect(pairs(tmp_path), SourceOptions(r"(p\d|test/\w+)"))
    assert not seen.problems
    for seed in range(3):
        with pytest.raises(UserError, match=r"1 classes have no image left for validation:\n    (cat|dog|emu)$"):
            as_trained(seen, [SplitOptions()], seed).refuse()
    as_trained(seen, [SplitOptions(validation="test")], 0).refuse()


def test_people_who_have_several_classes_are_cut_whatever_the_seed(tmp_path):
    for person in range(12):
        for name in ("cat", "dog", "emu")[: 1 + (person < 6) + (person < 3)]:
            picture(tmp_path / f"train/{name}/p{person:02d}_0.png", 10 * person + ord(name[0]))
    seen = folder.inspect(tmp_path, SourceOptions(r"(p\d+)"))
    assert all((np.bincount(part.targets, minlength=3) > 0).all() for part in seen.cut.values())
    for seed in range(12):
        trained = as_trained(seen, [SplitOptions(0.1), SplitOptions(0.5, validation_share=0.1)], seed)
        assert (trained.problems, trained.remarks) == ({}, seen.remarks)


def test_the_labels_that_a_cut_or_a_fraction_has_no_image_of_are_noted(tmp_path):
    folders(tmp_path, {"a": 40})
    labels = ["cat|dog" if number % 2 else "dog" for number in range(40)]
    labels[7] += "|emu"
    splits = ["test" if number >= 36 else "train" for number in range(40)]
    rows = "".join(f"a/{number}.png,{labels[number]},{splits[number]}\n" for number in range(40))
    seen = own("folder/several").inspect(table(tmp_path, f"path,labels,split\n{rows}"))
    remarks = set(as_trained(seen, [SplitOptions(0.1), SplitOptions(0.5)], 0).remarks) - set(seen.remarks)
    assert "no image is left for training at label fraction 0.1 of emu" in remarks
    assert "no image is left for validation of emu" in remarks
    assert not as_trained(seen, [SplitOptions(0.1)], 0).problems
    assert as_trained(seen._replace(cut={}), [SplitOptions(0.1)], 0).remarks == seen.remarks


def test_classes_that_are_spelt_in_two_ways_are_noted(tmp_path):
    names = ["Cat", "cat", "B\u00e4r", "Ba\u0308r", "dog"]
    for number in range(20):
        picture(tmp_path / f"{number}.png", number)
    rows = "".join(f"{number}.png,{names[number % 5]}\n" for number in range(20))
    remarks = folder.inspect(table(tmp_path, f"path,label\n{rows}")).remarks[:2]
    much = "are classes of their own, though they differ by case, blanks, invisible letters or Unicode form alone"
    assert sorted(remarks) == [f"'Ba\\u0308r' and 'B\\xe4r' {much}", f"'Cat' and 'cat' {much}"]


def test_notes_are_given_also_where_something_else_stops(tmp_path):
    place = folders(tmp_path, {"train/cat": 6, "train/cats": 6, "train/Dog": 40})
    (place / "train/Dog/0.png").write_bytes(b"")
    seen = folder.inspect(place, size=64)
    assert [*seen.problems] == ["files cannot be read"]
    assert "'cat' and 'cats' are classes of their own, though they differ by a plural alone" in seen.remarks
    assert "Dog has 6.7 times the images of cat: --set class_weights=balanced weighs the loss" in seen.remarks
    assert any("enlarged more than twice to 64 px" in remark for remark in seen.remarks)


def test_thumbnails_of_a_storage_device_do_not_turn_noise_into_skill(tmp_path):
    """Noise with labels by lot, and a thumbnail of each image beside it: nearest neighbours stay at chance."""
    rng = np.random.default_rng(0)
    for number in range(160):
        image = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8))
        place = tmp_path / ("cat", "dog")[rng.integers(2)]
        (place / "@eaDir" / f"{number}.png").mkdir(parents=True)
        image.save(place / f"{number}.png")
        image.resize((12, 12)).save(place / "@eaDir" / f"{number}.png" / "SYNOPHOTO_THUMB_M.jpg")
    seen = folder.inspect(tmp_path)
    assert seen.dataset.passed == {"@eaDir (of a system)": 2}
    small = {
        split: np.stack([images.decode(path, True, 8) for path in listing.paths]).astype(float)
        for split, listing in seen.cut.items()
    }
    distances = ((small["test"][:, None] - small["train"][None]) ** 2).sum((2, 3, 4))
    nearest = seen.cut["train"].targets[distances.argmin(1)]
    assert 0.25 < (nearest == seen.cut["test"].targets).mean() < 0.75


def near_copies(place: Path, *names: str) -> Path:
    """Write classes of pictures in training and test, and copies of the first picture, mirrored."""
    for number, name in enumerate(
        f"{split}/{label}/{shot}.png" for split in ("train", "test") for label in ("cat", "dog") for shot in range(6)
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        photograph(number).save(place / name)
    for name in names:
        ImageOps.mirror(photograph(0)).resize((140, 105)).save(place / name)
    return place


def test_near_copies_in_two_splits_stop_with_ways_out(tmp_path):
    lines = refusal(near_copies(tmp_path, "test/cat/again.jpg")).splitlines()
    assert lines[1:3] == ["  1 near copies are in two splits:", "    train/cat/0.png = test/cat/again.jpg (mirrored)"]
    assert lines[3].startswith("  copies in two splits: python -m study.inspect DATA --mend FILE.csv ")
    assert lines[3].endswith(" --set copies=note leaves them in")


def test_copies_that_are_only_noted_are_not_joined(tmp_path):
    place = near_copies(tmp_path, "test/cat/again.jpg")
    Image.open(place / "train/dog/0.png").save(place / "test/dog/again.bmp")
    seen = folder.inspect(place, options=SourceOptions(copies="note"))
    seen.refuse()
    assert seen.groups == 26
    assert seen.remarks[:2] == [
        "1 images are in two splits, as train/dog/0.png = test/dog/again.bmp",
        "1 near copies are in two splits, as train/cat/0.png = test/cat/again.jpg (mirrored)",
    ]
    assert "1 images are copies of others\n" in printed(place, options=SourceOptions(copies="note"))
    groups = {part: set(each.groups.tolist()) for part, each in seen.cut.items()}
    assert (len(groups["train"]), len(groups["test"]), groups["train"] & groups["test"]) == (12, 14, set())


def test_near_copies_within_training_are_one_group(tmp_path):
    seen = folder.inspect(near_copies(tmp_path, "train/cat/again.jpg", "train/cat/small.png"))
    seen.refuse()
    assert (len(seen.looks), seen.groups) == (26, 24)
    assert "3 images are near copies of each other, in " in printed(tmp_path)


def test_near_copies_of_two_labels_are_a_note(tmp_path):
    seen = folder.inspect(near_copies(tmp_path, "train/dog/again.jpg"))
    seen.refuse()
    assert seen.remarks[0] == "1 near copies are given two labels, as train/cat/0.png = train/dog/again.jpg (mirrored)"


def test_the_pattern_that_explains_near_copies_is_proposed(tmp_path):
    for label in ("cat", "dog"):
        for number in range(10):
            path = tmp_path / f"train/{label}/{label}{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            photograph(10 * ord(label[0]) + number).save(path)
            ImageOps.mirror(Image.open(path)).save(path.with_name(f"aug_{label}{number}_0_{number}93.png"))
    seen = folder.inspect(tmp_path)
    assert seen.proposal[1:] == (20, 40, 20, 20)
    assert folder.inspect(tmp_path, SourceOptions(seen.proposal.pattern)).groups == 20
    line = next(line for line in printed(tmp_path, 300).splitlines() if "group_pattern" in line)
    assert line.startswith("note: file names explain 20 of 20 pairs of copies: --set 'group_pattern=(?:^|/)")
    assert line.endswith("joins 40 images, in 20 groups in all")
