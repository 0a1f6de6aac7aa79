"""A mended data set has nothing that would make results wrong, and a reason stands beside whatever is otherwise."""

import csv
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.cli import mended_csv
from study.data import own_images
from study.data.copies.near_copies import NearCopy
from study.data.inspection import Inspection
from study.data.mending import changes, ties
from study.data.own_images import OwnDataset, Part, SourceOptions
from study.data.scan import ImageFacts
from study.data.tasks import folder
from tests.support.own_images import folders, picture, pixels, table, voc

SIZES = {"train/cat": 8, "train/dog": 7, "test/cat": 3, "test/dog": 3}


def mend(place: Path, pattern: str | None = None, near: tuple = (), copies: bool = True) -> changes.Mended:
    """Mend a data set; `near` names pairs of near copies by their paths."""
    seen = folder.inspect(place, SourceOptions(pattern))
    names = own_images.group_names(seen.dataset, pattern)
    paths = [seen.dataset.relative(path) for path in seen.dataset.paths]
    found = [NearCopy(*sorted(map(paths.index, pair)), 0.9, "mirrored") for pair in near]
    tied = ties.ties(seen._replace(near=found), names, pattern, copies)
    return changes.mend(seen, tied)


def written(place: Path, file: Path, **keywords) -> dict[str, str]:
    """Mend a data set and write it; gives path → reason of what was changed."""
    mended = mend(place, **keywords)
    mended_csv.write(mended, folder.inspect(place).dataset, file, file.with_suffix(".changes.csv"))
    with file.with_suffix(".changes.csv").open(newline="") as opened:
        return {row["path"]: f"{row['change']}: {row['reason']}" for row in csv.DictReader(opened)}


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def _plain(place: Path) -> Path:
    return folders(place, SIZES)


def _with_val(place: Path) -> Path:
    return folders(place, SIZES | {"val/cat": 3, "val/dog": 3})


def _without_test(place: Path) -> Path:
    return folders(place, {"train/cat": 8, "train/dog": 8})


def _unreadable(place: Path) -> None:
    (place / "train/cat/0.png").write_bytes(b"")
    (place / "train/dog/1.png").write_text("<html>")


def _across(place: Path) -> None:
    Image.fromarray(pixels(1)).save(place / "train/cat/again.bmp")
    for path in sorted(place.glob("*/cat/2.png")):
        if path.parts[-3] != "train":
            picture(path.with_name("again.png"), 1)


def _two_labels(place: Path) -> None:
    picture(place / "train/dog/again.png", 1)
    picture(place / "train/dog/and again.png", 1)


def _two_labels_in_test(place: Path) -> None:
    picture(place / "test/dog/again.png", 9_000)
    picture(place / "test/cat/again.png", 9_000)


def _two_labels_across(place: Path) -> None:
    picture(place / "test/dog/again.png", 1)


def _everything(place: Path) -> None:
    for spoil in (_unreadable, _two_labels, _two_labels_in_test, _across, _two_labels_across):
        spoil(place)


def _odd_names(place: Path) -> None:
    _two_labels(place)
    for number, name in enumerate(("=sum(1).png", " a, b.png", "a\nb.png", "caf\udce9.png", '"q".png', "#.png")):
        picture(place / "train" / "cat" / name, 8_000 + number)


@pytest.mark.parametrize("spoil", [
    _unreadable, _across, _two_labels, _two_labels_in_test, _two_labels_across, _everything, _odd_names,
])  # fmt: skip
@pytest.mark.parametrize("made", [_plain, _with_val])
@pytest.mark.parametrize("where", ["beside", "inside", "elsewhere"])
def test_a_mended_set_has_no_problem_left(tmp_path, made, spoil, where):
    place = made(tmp_path / "here" / "mine")
    spoil(place)
    assert folder.inspect(place).problems or spoil is _odd_names
    file = {"beside": tmp_path / "here", "inside": place, "elsewhere": tmp_path}[where] / "mended.csv"
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    changes = written(place, file)
    again = folder.inspect(file)
    again.refuse()
    assert changes
    assert {path: path.stat().st_mtime_ns for path in before} == before
    left = {os.path.abspath(path) for path in again.dataset.paths}
    out = {os.path.abspath(place / path) for path, change in changes.items() if change.startswith("left out")}
    if spoil is not _odd_names:
        assert left | out == {str(path) for path in before}
        assert not left & out


@pytest.mark.parametrize("spoil", [_unreadable, _two_labels])
def test_a_set_without_a_test_has_none_afterwards(tmp_path, spoil):
    place = _without_test(tmp_path / "mine")
    spoil(place)
    written(place, tmp_path / "mended.csv")
    again = folder.inspect(tmp_path / "mended.csv")
    again.refuse()
    assert [*again.dataset.splits] == ["train"]
    assert {row["split"] for row in rows(tmp_path / "mended.csv")} == {"train"}


def test_the_test_stays_and_the_training_side_yields(tmp_path):
    place = _with_val(tmp_path / "mine")
    for name in ("val", "test"):
        picture(place / name / "cat" / "again.png", 1)
    picture(place / "train/dog/again.png", 9_000)
    picture(place / "val/dog/again.png", 9_000)
    assert written(place, tmp_path / "mended.csv") == {
        "train/cat/0.png": "left out: is a copy of test/cat/again.png, which is in test",
        "val/cat/again.png": "left out: is a copy of test/cat/again.png, which is in test",
        "train/dog/again.png": "left out: is a copy of val/dog/again.png, which is in val",
    }


def test_near_copies_yield_as_copies_do_and_so_do_their_equals(tmp_path):
    place = _plain(tmp_path / "mine")
    picture(place / "train/cat/twin.png", 1)
    near = (("train/cat/0.png", "test/cat/0.png"), ("train/cat/1.png", "train/cat/2.png"))
    changes = written(place, tmp_path / "mended.csv", near=near)
    assert changes == {
        "train/cat/0.png": "left out: is a near copy (mirrored) of test/cat/0.png, which is in test",
        "train/cat/twin.png": "left out: is a near copy (mirrored) of test/cat/0.png, which is in test",
        "train/cat/2.png": "grouped: is a near copy (mirrored) of train/cat/1.png",
    }
    groups = {row["path"]: row["group"] for row in rows(tmp_path / "mended.csv")}
    assert groups["mine/train/cat/1.png"] == groups["mine/train/cat/2.png"] == "train/cat/1.png"
    assert len(set(groups.values())) == len(groups) - 1


def test_copies_within_a_split_are_one_group_with_groups_of_names_too(tmp_path):
    for number in range(24):
        picture(tmp_path / f"{number}.png", 100 + number)
    picture(tmp_path / "24.png", 100)
    lines = [f"{number}.png,{('cat', 'dog')[number % 2]},p{number // 2}" for number in range(24)]
    file = table(tmp_path, "\n".join(["path,label,group", *lines, "24.png,cat,p12"]))
    changes = written(file, tmp_path / "mended.csv")
    assert changes == {"24.png": "grouped: is a copy of 0.png"}
    groups = {row["path"]: row["group"] for row in rows(tmp_path / "mended.csv")}
    assert groups["24.png"] == groups["0.png"] == groups["1.png"] == "p0"
    assert groups["2.png"] == "p1"


def test_a_pattern_gives_groups_and_those_in_two_splits_leave_training(tmp_path):
    place = tmp_path / "mine"
    for person in range(16):
        for shot in range(2):
            picture(place / "train" / ("cat", "dog")[person % 2] / f"p{person:02d}_{shot}.png", 2 * person + shot)
    for person in (0, 20, 21):
        picture(place / "test" / ("cat", "dog")[person % 2] / f"p{person:02d}_9.png", 900 + person)
    pattern = r"(p\d+)_"
    assert folder.inspect(place, SourceOptions(pattern)).problems == {"groups are in two splits": ["p00"]}
    changes = written(place, tmp_path / "mended.csv", pattern=pattern)
    reason = "left out: is in group p00, as test/cat/p00_9.png, which is in test"
    assert (changes["train/cat/p00_0.png"], changes["train/cat/p00_1.png"]) == (reason, reason)
    reason = r"grouped: is in group p01, which group_pattern (p\d+)_ finds in its path"
    assert changes["train/dog/p01_0.png"] == reason
    again = folder.inspect(tmp_path / "mended.csv")
    again.refuse()
    assert again.groups == 15 + 3


def test_several_labels_stay_and_a_row_may_have_none(tmp_path):
    for number in range(32):
        picture(tmp_path / f"{number}.png", number % 31)
    texts = ("red cat", "dog|red cat", "dog", "")
    lines = [f"{n}.png,{texts[n % 4]},{'test' if n < 8 else 'train'}" for n in range(32)]
    file = table(tmp_path, "\n".join(["path,labels,split", *lines]))
    assert "images are in two splits" in folder.inspect(file).problems
    changes = written(file, tmp_path / "mended.csv")
    assert changes == {"31.png": "left out: is a copy of 0.png, which is in test"}
    folder.inspect(tmp_path / "mended.csv").refuse()
    assert [row["labels"] for row in rows(tmp_path / "mended.csv")] == [
        texts[n % 4] for n in (*range(8, 31), *range(8))
    ]


def test_vocs_layout_becomes_a_list_of_labels(tmp_path):
    place = voc(tmp_path / "VOC2007", {"trainval": list("abcdefgh"), "test": list("ijkl")})
    picture(place / "JPEGImages" / "a.png", 1008)
    changes = written(place, tmp_path / "mended.csv")
    assert changes == {"JPEGImages/a.png": "left out: is a copy of JPEGImages/i.png, which is in test"}
    assert {row["labels"] for row in rows(tmp_path / "mended.csv")} == {"cat", "dog"}
    folder.inspect(tmp_path / "mended.csv").refuse()


@pytest.mark.parametrize(("column", "texts", "layout"), [
    ("labels", ("red cat", "dog"), "labels-by-bar"),
    ("labels", ("red cat|dog", "dog"), None),
    ("labels", ("cat, red|dog", "dog"), "labels-by-bar"),
    ("label", ("cat, red", "dog, red"), "one-label"),
    ("label", ("red cat", "dog"), None),
])  # fmt: skip
def test_a_list_that_can_be_read_in_two_ways_names_the_layout(tmp_path, column, texts, layout):
    for number in range(16):
        picture(tmp_path / f"{number}.png", number)
    read = "one-label" if column == "label" else "labels-by-bar"
    place = table(tmp_path, "\n".join([f"path,{column}", *(f'{n}.png,"{texts[n % 2]}"' for n in range(16))]))
    seen = folder.inspect(place, SourceOptions(layout=read))
    mended = changes.mend(seen, ties.ties(seen, None, None, True))
    assert mended_csv.write(mended, seen.dataset, tmp_path / "a.csv", tmp_path / "b.csv") == layout
    again = folder.inspect(tmp_path / "a.csv", SourceOptions(layout=layout or "auto"))
    again.refuse()
    assert again.dataset.classes == seen.dataset.classes


def test_paths_below_the_file_are_relative_and_others_absolute(tmp_path):
    place = _plain(tmp_path / "a" / "mine")
    written(place, tmp_path / "a" / "mended.csv")
    assert rows(tmp_path / "a" / "mended.csv")[0]["path"] == "mine/train/cat/0.png"
    (tmp_path / "b").mkdir()
    written(place, tmp_path / "b" / "mended.csv")
    assert rows(tmp_path / "b" / "mended.csv")[0]["path"] == str(place / "train/cat/0.png")


def test_copies_that_are_only_noted_stay(tmp_path):
    place = _plain(tmp_path / "mine")
    picture(place / "test/cat/again.png", 1)
    picture(place / "train/cat/twin.png", 2)
    mended = mend(place, copies=False)
    assert mended.changes == []
    assert len(set(mended.dataset.splits["train"].groups)) == 16


@pytest.mark.parametrize(("spoil", "problems"), [
    (lambda place: [path.write_bytes(b"") for path in place.glob("*/cat/*")], {"classes have no image left": ["cat"]}),
    (lambda place: [path.write_bytes(b"") for path in place.glob("*/*/*")], {
        "splits have no image": ["test"], "classes have no image left": ["cat", "dog"],
    }),
    (lambda place: [path.write_bytes(b"") for path in place.glob("test/*/*")], {"splits have no image": ["test"]}),
])  # fmt: skip
def test_what_mending_leaves_nothing_of_is_named(tmp_path, spoil: Callable, problems):
    place = _plain(tmp_path / "mine")
    spoil(place)
    assert mend(place).lost == problems


def test_names_that_a_list_cannot_hold_are_listed(tmp_path):
    mended = mend(folders(tmp_path / "mine", {"train/cat ": 4, "train/do|g": 4}))
    assert [*mended_csv.unwritable(mended.dataset).values()] == [["cat "]]


def test_pairs_that_are_found_only_later_are_those_of_the_set_itself(tmp_path):
    place = _plain(tmp_path / "mine")
    picture(place / "train/cat/0 again.png", 1)
    written(place, tmp_path / "mended.csv")
    seen, again = folder.inspect(place), folder.inspect(tmp_path / "mended.csv")
    paths = [again.dataset.relative(path) for path in again.dataset.paths]
    pairs = [("mine/train/dog/0.png", "mine/train/dog/1.png"), ("mine/train/dog/1.png", "mine/test/cat/2.png")]
    near = [NearCopy(*sorted(map(paths.index, pair)), 0.9, "cropped") for pair in pairs]
    (found,) = changes.missed(seen, again._replace(near=near))
    names = {seen.dataset.relative(seen.dataset.paths[image]) for image in (found.first, found.second)}
    assert (names, found.change, found.first < found.second) == ({"train/dog/1.png", "test/cat/2.png"}, "cropped", True)


@pytest.mark.parametrize("several", [False, True])
def test_lists_of_any_names_are_read_as_they_were_written(tmp_path, several):
    """Names of random signs: `write` reads its list again, and raises an error where something else is read."""
    chance = random.Random(1)
    signs = "ab\"',; \t\n=+-@#\\é日\u200b.1" + "|" * (not several)
    layouts = set()
    for number in range(60):
        place = tmp_path / str(number)
        place.mkdir()
        classes = tuple(sorted({f"{n}{''.join(chance.choices(signs, k=4))}{n}" for n in range(chance.randint(2, 4))}))
        paths = [str(place / f"{''.join(chance.choices(signs, k=5))}{n}.png") for n in range(12)]
        for path in paths:
            Path(path).touch()
        targets = np.arange(12) % len(classes)
        if several:
            each = np.eye(len(classes), dtype=np.int64)
            targets = each[targets] | each[targets[::-1]]
        data = OwnDataset("made up", place, classes, {"train": Part(paths, targets, None)}, Counter())
        seen = Inspection(data, [ImageFacts(str(n), 9, 9, 9, "") for n in range(12)], 0, {}, {}, [])
        mended = changes.mend(seen, ties.ties(seen, None, None, True))
        layouts.add(mended_csv.write(mended, data, place / "a.csv", place / "a.changes.csv"))
    assert layouts == {None, "labels-by-bar" if several else "one-label"}


def test_mending_by_chance_leaves_no_tie_across_a_cut(tmp_path):
    """Any copies, near copies and groups: what is left has none between two splits, and every group is in one."""
    chance = np.random.default_rng(5)
    place = _with_val(tmp_path / "mine")
    seen = folder.inspect(place)
    count = len(seen.dataset.paths)
    for _ in range(200):
        looks = [facts._replace(same=str(chance.integers(40))) for facts in seen.looks]
        pairs = chance.integers(0, count, (6, 2))
        near = [NearCopy(int(min(pair)), int(max(pair)), 0.9, "cropped") for pair in pairs if pair[0] != pair[1]]
        names = [f"g{number}" for number in chance.integers(0, 60, count)]
        made_up = seen._replace(looks=looks, near=near)
        mended = changes.mend(made_up, ties.ties(made_up, names, None, True))
        place_of = {path: at for at, path in enumerate(seen.dataset.paths)}
        kept = [place_of[path] for path in mended.dataset.paths]
        split = dict(zip(kept, mended.dataset.split, strict=True))
        group = dict(zip(kept, own_images.group_names(mended.dataset, None) or [], strict=True))
        tied = [
            (a, b) for a in kept for b in kept if a < b and (looks[a].same == looks[b].same or names[a] == names[b])
        ]
        tied += [(first, second) for first, second, *_ in near if {first, second} <= split.keys()]
        assert all(split[a] == split[b] and group[a] == group[b] for a, b in tied)
        out = {each.image: each.reason for each in mended.changes if each.change == changes.LEFT_OUT}
        assert {*out} == {*range(count)} - {*kept}
        assert {why.cause for image, why in out.items() if seen.dataset.split[image] == "test"} <= {ties.OTHER_LABEL}
