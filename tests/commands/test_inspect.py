"""`python -m study.inspect`: the findings of a study's inspection, as a page, and as a mended list that is a study."""

import base64
import html.parser
import inspect as signatures
import io
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import study
from study import inspect, run
from study.cli import inspection_page, inspection_words, thumbnails
from study.cli.inspect_options import InspectOptions
from study.data.copies.name_patterns import Proposal
from study.data.copies.near_copies import NearCopy
from study.data.tasks import folder
from study.errors import UserError
from tests.bad_inputs.case import tree
from tests.support import inline
from tests.support.own_images import folders, picture
from tests.support.photographs import photograph

OWN = str(Path(__file__).parents[1] / "spaces" / "own.py")
PLAIN = {"train/cat": 12, "train/dog": 10, "test/cat": 4, "test/dog": 4}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return folders(tmp_path / "mine", PLAIN)


def spoil(place: Path) -> None:
    """Add a copy across splits, one with another label and a file that is no image."""
    picture(place / "test/cat/again.png", 1)
    picture(place / "train/dog/again.png", 2)
    (place / "train/dog/0.png").write_text("<html>")


def test_a_plain_set_is_taken_and_the_study_sees_the_same(place, capsys):
    assert inspect.main(["mine"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert run.main(["--space", "folder", "--data", "mine", "--inspect"]) == 0
    assert said[:-2] == capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "a study: python -m study.run --space folder --data mine",
        "which networks are promising: python -m study.rank --data mine --families efficientnet_lite0,resnet18",
    ]


def test_what_makes_results_wrong_is_code_2_and_all_files_are_written(place, capsys):
    spoil(place)
    before = tree(place)
    assert inspect.main(["mine", "--html", "page.html", "--mend", "mine.csv"]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[0] == "study.inspect: mine (image folders) cannot be used as it is:"
    assert "wrote mine.csv: 19 train + 9 test images in 28 groups; left out: " in said.out
    assert "a study of what is left: python -m study.run --space folder --data mine.csv" in said.out
    assert tree(place) == before
    assert "A study does not take these images as they are: 1 files cannot be read" in Path("page.html").read_text()
    assert Path("mine.changes.csv").read_text().splitlines()[0] == "path,change,reason"
    assert inspect.main(["mine.csv"]) == 0


@pytest.mark.slow
def test_a_mended_list_is_a_study(place):
    spoil(place)
    assert inspect.main(["mine", "--mend", str(place / "mine.csv")]) == 2
    code, told = inline.command("--space", OWN, "--data", str(place / "mine.csv"), "--out", "out")
    assert code == 0, told


def test_mending_that_leaves_nothing_of_a_class_is_said_in_one_line(place, capsys):
    for path in (place / "train/cat").iterdir():
        path.write_bytes(b"")
    assert inspect.main(["mine", "--mend", "mine.csv"]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[-1] == "  mine.csv: 1 classes have no image in train: cat"
    assert "study of what is left" not in said.out
    with pytest.raises(UserError, match=r"mine\.csv: 1 classes have no image in train: cat"):
        study.inspect("mine", mend="mine.csv", force=True)


def test_near_copies_that_only_mending_lays_open_are_mended_too(place, monkeypatch):
    """An image may have more near copies than are found at once: what is left is inspected, and mended again."""
    own, rounds = folder.inspect, []

    def inspected(data, *args, **keywords):
        seen = own(data, *args, **keywords)
        paths = [seen.dataset.relative(path).removeprefix("mine/") for path in seen.dataset.paths]
        rounds.append(len(paths))
        near = [NearCopy(paths.index(f"train/cat/{len(rounds)}.png"), len(paths) - 1, 0.9, "cropped")]
        return seen._replace(near=near if len(rounds) < 4 else [])

    monkeypatch.setattr(folder, "inspect", inspected)
    study.inspect("mine", mend="mine.csv")
    assert rounds == [30, 29, 28, 27]
    assert len(Path("mine.changes.csv").read_text().splitlines()) == 4


def test_a_class_without_an_image_is_left_out_and_the_rest_is_mended(place, capsys):
    spoil(place)
    for split in ("train", "test"):
        (place / split / "emu").mkdir()
    assert inspect.main(["mine", "--mend", "mine.csv"]) == 2
    said = capsys.readouterr().out
    assert (
        "left out: 2 copies with other labels, 1 copies, 1 unreadable; no class emu, of which there is no image" in said
    )
    assert Path("mine.changes.csv").read_text().splitlines()[-1] == "emu,left out,is a class without an image"
    assert inspect.main(["mine.csv"]) == 0


def test_names_that_a_list_cannot_hold_are_named_and_the_page_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folders(tmp_path / "mine", {"train/cat ": 8, "train/dog": 8})
    assert inspect.main(["mine", "--html", "page.html", "--mend", "mine.csv"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "study.inspect: mine.csv: 1 classes have blanks at their ends or a |, which no list holds; rename them: 'cat '"
    )
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["page.html"]


def test_from_python_the_findings_are_an_object(place):
    seen = study.inspect("mine", set=["image_size=48"], html="page.html")
    assert (len(seen.dataset.paths), seen.problems) == (30, {})
    assert "Networks get 48 × 48 pixels." in Path("page.html").read_text()
    spoil(place)
    seen = study.inspect(place)
    assert {*seen.problems} == {"files cannot be read", "images are in two splits", "images are given two labels"}
    with pytest.raises(UserError, match="cannot be used as it is"):
        seen.refuse()


def test_every_option_of_the_command_is_an_argument():
    assert set(signatures.signature(study.inspect).parameters) == {each.name for each in fields(InspectOptions)}


def test_files_are_overwritten_with_force_alone_and_the_data_never(place, capsys):
    words = ["mine", "--html", "page.html", "--mend", "mine.csv"]
    assert inspect.main(words) == 0
    assert inspect.main(words) == 2
    assert "--html page.html: exists; name another file, or add --force" in capsys.readouterr().err
    assert inspect.main([*words, "--force"]) == 0
    assert inspect.main(["mine.csv", "--mend", "mine.csv", "--force"]) == 2
    assert "is the data set itself, which is never changed" in capsys.readouterr().err


def test_a_pattern_is_in_the_commands_and_in_the_list(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for person in range(24):
        for shot in range(2):
            picture(tmp_path / "mine/train" / ("cat", "dog")[person % 2] / f"p{person}_{shot}.png", 2 * person + shot)
    pattern = r"group_pattern=(p\d+)_"
    assert inspect.main(["mine", "--set", pattern]) == 0
    assert r"--data mine --set 'group_pattern=(p\d+)_'" in capsys.readouterr().out
    assert inspect.main(["mine", "--set", pattern, "--mend", "mine.csv"]) == 0
    said = capsys.readouterr().out
    assert "wrote mine.csv: 48 train images in 24 groups; grouped: 48 by group_pattern" in said
    assert said.endswith("--data mine.csv\n")


class Page(html.parser.HTMLParser):
    """What a page has: its headings, pictures, tags and texts."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.levels: list[int] = []
        self.pictures: list[dict[str, str]] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes) -> None:
        """Collect a tag."""
        self.tags.append((tag, dict(attributes)))
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.pictures.append(dict(attributes))

    def handle_data(self, data) -> None:
        """Collect a text."""
        self.text += data


def drawn(place: Path, pattern: str | None = None, **changes) -> str:
    seen = folder.inspect(place, size=64)._replace(**changes)
    return inspection_page.page("mine", seen, 64, pattern, [], lambda done, total: None)


def test_a_page_is_whole_in_itself_and_in_order(place):
    spoil(place)
    page = Page(drawn(place))
    assert page.levels[0] == 1
    assert page.levels.count(1) == 1
    assert all(second - first <= 1 for first, second in zip(page.levels, page.levels[1:], strict=False))
    assert len(page.pictures) >= 16
    for each in page.pictures:
        assert each["src"].startswith("data:image/jpeg;base64,")
        assert each["alt"]
    heads = [attributes for tag, attributes in page.tags if tag == "th"]
    assert heads
    assert all(each["scope"] in ("col", "row") for each in heads)
    policy = next(each["content"] for tag, each in page.tags if each.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:")
    assert [each for tag, each in page.tags if tag in ("link", "iframe", "object") or "href" in each] == []


def test_names_are_text_whatever_they_are(tmp_path):
    odd = "<img src=x onerror=alert(1)>"
    place = folders(tmp_path / "<b>mine", {f"train/{odd}": 8, "train/{{ 7*7 }}": 8})
    page = Page(drawn(place))
    assert odd in page.text
    assert "{{ 7*7 }}" in page.text
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "ul", "li", "b", "pre"),
        *("code", "div", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "span", "i", "img"),
        *("small", "section", "details", "summary", "footer", "script"),
    }


def test_pairs_show_both_pictures_and_what_was_done(place):
    paths = folder.inspect(place).dataset.paths
    near = [NearCopy(0, len(paths) - 1, 0.93, "turned by 90°")]
    text = Page(drawn(place, near=near)).text
    assert re.search(r"In two splits: 1 pair\s.*turned by 90°\s+cat · train.*train/cat/0.png\s+dog · test", text, re.S)


def test_a_proposed_pattern_has_examples_of_its_groups(place):
    proposal = Proposal(r"(\d)\d?\.png", 10, 30, 3, 4)
    text = Page(drawn(place, proposal.pattern, proposal=proposal)).text
    assert "explains 3 of 4 pairs of copies" in " ".join(text.split())
    assert re.search(r"1: 6 images", text)


def test_odd_images_are_shown_by_kind_and_files_by_name(place):
    Image.fromarray(np.full((90, 80, 3), 9, np.uint8)).save(place / "train/cat/flat.png")
    Image.fromarray(np.zeros((10, 300, 3), np.uint8) + np.arange(3, dtype=np.uint8) * 99).save(
        place / "train/cat/long.png"
    )
    (place / "train/dog/0.png").write_bytes(b"")
    text = Page(drawn(place)).text
    assert re.search(r"Files that cannot be read.*train/dog/0.png\s*is empty \(0 bytes\)", text, re.S)
    assert "Images of one colour, or nearly: 1" in text
    assert "Long images: 1" in text


def test_findings_are_ordered_by_weight(place):
    (place / "train/dog/9.png").write_bytes(b"")
    seen = folder.inspect(place)._replace(
        remarks=["train/cat/0.png: has only 3 pixels", "… and 3 more such notes", "few"]
    )
    wrong, worse, odd = (weight.notes for weight in inspection_words.weights(seen))
    assert [note for note, *_ in wrong] == ["1 files cannot be read"]
    assert [note for note, *_ in worse] == ["few"]
    assert [note for note, *_ in odd] == ["train/cat/0.png: has only 3 pixels", "… and 3 more such notes"]


def test_copies_that_are_only_noted_weigh_as_much(place, capsys):
    picture(place / "test/cat/again.png", 1)
    assert inspect.main(["mine", "--set", "copies=note", "--html", "page.html", "--mend", "mine.csv"]) == 0
    assert "a study of what is left: python -m study.run --space folder --data mine.csv --set copies=note" in (
        capsys.readouterr().out
    )
    text = " ".join(Page(Path("page.html").read_text()).text.split())
    assert "so that its scores will be too good" in text
    assert "What makes results wrong 1 images are in two splits, as train/cat/0.png = test/cat/again.png" in text
    assert Path("mine.changes.csv").read_text().splitlines() == ["path,change,reason"]


def test_near_copies_are_found_and_mended(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for number in range(24):
        path = tmp_path / "mine" / ("train", "test")[number % 3 == 2] / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph(number).save(path)
    ImageOps.mirror(photograph(0)).save(tmp_path / "mine/test/cat/again.jpg")
    ImageOps.mirror(photograph(1)).save(tmp_path / "mine/train/dog/again.jpg")
    assert inspect.main(["mine", "--html", "page.html", "--mend", "mine.csv"]) == 2
    assert "left out: 1 near copies; grouped: 1 near copies" in capsys.readouterr().out
    assert re.search(
        r"mirrored\s+cat · train.*train/cat/0.png\s+cat · test", Page(Path("page.html").read_text()).text, re.S
    )
    assert Path("mine.changes.csv").read_text().splitlines()[1:] == [
        'train/cat/0.png,left out,"is a near copy (mirrored) of test/cat/again.jpg, which is in test"',
        "train/dog/again.jpg,grouped,is a near copy (mirrored) of train/dog/1.png",
    ]
    assert inspect.main(["mine.csv"]) == 0


def test_several_labels_and_all_problems_at_once_are_mended(tmp_path, monkeypatch):
    """Copies, near copies and other labels across and within three splits, a file that is none, and proposed groups."""
    monkeypatch.chdir(tmp_path)
    rows = []

    def put(image, name: str, labels: str, split: str) -> None:
        image.save(tmp_path / name)
        rows.append(f"{name},{labels},{split}")

    labels = ("red cat", "dog", "red cat|dog", "")
    for number in range(24):
        put(photograph(number), f"{number}.png", labels[number % 4], ("train", "train", "val", "test")[number // 6])
    for number, split in enumerate(("train", "val", "test", "train", "val", "test")):
        put(ImageOps.mirror(photograph(2 * number)), f"near{number}.png", labels[2 * number % 4], split)
        put(photograph(2 * number + 1), f"again{number}.png", labels[(2 * number + 1) % 4], split)
    put(photograph(13), "other.png", "dog", "train")
    put(photograph(50), "one.png", "dog", "test")
    put(photograph(50), "two.png", "red cat", "test")
    (tmp_path / "0.png").write_bytes(b"")
    (tmp_path / "all.csv").write_text("\n".join(["path,labels,split", *rows]))
    seen = study.inspect("all.csv", mend="mended.csv")
    assert seen.problems.keys() == {
        *("files cannot be read", "images are given two labels"),
        *("images are in two splits", "near copies are in two splits"),
    }
    again = study.inspect("mended.csv")
    again.refuse()
    assert again.dataset.classes == ("dog", "red cat")
    assert [*again.dataset.splits] == ["train", "val", "test"]
    assert {"one.png", "two.png", "0.png"}.isdisjoint(Path("mended.csv").read_text().replace(",", "\n").splitlines())


def test_a_page_stays_small_with_many_classes_and_the_same_images_are_drawn(tmp_path):
    place = folders(tmp_path / "mine", {"train/cat": 8, "train/dog": 8})
    seen = folder.inspect(place)
    count = 1200
    paths = [seen.dataset.paths[number % 16] for number in range(4 * count)]
    part = seen.dataset.splits["train"]._replace(paths=paths, targets=np.arange(4 * count) % count)
    data = seen.dataset._replace(classes=tuple(f"c{n}" for n in range(count)), splits={"train": part})
    many = seen._replace(dataset=data, looks=[seen.looks[n % 16] for n in range(4 * count)], cut={}, problems={})
    text = inspection_page.page("many", many, 64, None, [], lambda done, total: None)
    page = Page(text)
    classes = [each for each in page.pictures if re.search(r", c\d+$", each["alt"])]
    assert 2000 <= len(classes) <= 2200
    assert len(text) < 8e6
    assert "200 more with fewer images" in page.text
    assert text == inspection_page.page("many", many, 64, None, [], lambda done, total: None)


def test_a_thumbnail_has_nothing_but_pixels(tmp_path):
    image = Image.fromarray(np.zeros((50, 400, 3), np.uint8))
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    image.save(tmp_path / "a.jpg", exif=exif, comment=b"a comment", icc_profile=b"profile" * 20)
    for square, size in ((True, (32, 32)), (False, (32, 4))):
        (uri,) = thumbnails.thumbnails([str(tmp_path / "a.jpg")], 32, square, lambda done, total: None).values()
        content = base64.b64decode(uri.partition(",")[2])
        assert Image.open(io.BytesIO(content)).size == size
        assert b"where" not in content
        assert b"comment" not in content
        assert b"profile" not in content
