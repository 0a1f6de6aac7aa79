"""A hierarchy of tasks: both layouts, its levels, what is refused, and that all levels hold the same images out."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from study.data import prepare, tasks, types
from study.data.splits import SplitOptions
from study.data.tasks import animals
from study.data.tasks._animals_drawn import KINDS
from study.data.types import Listing
from study.errors import UserError

COUNTS = {"animal/canines/husky": 7, "animal/canines/pug": 5, "animal/felines": 9, "other/misc": 6, "other/rock": 4}
TABLE = "class,parent\nhusky,canines\npug,canines\ncanines,animal\nfelines,animal\nmisc,other\nrock,other\n"
LEVELS = ("animals", "animals/animal", "animals/animal/canines", "animals/other")


def fill(root: Path, counts: dict[str, int]) -> Path:
    """Images of one grey level each."""
    for split in ("train", "test"):
        for number, (name, count) in enumerate(counts.items()):
            (root / split / name).mkdir(parents=True)
            for each in range(count):
                Image.new("L", (8, 8), 40 * number + each).save(root / split / name / f"{each}.png")
    return root


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    return fill(tmp_path / "nested", COUNTS)


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    folder = fill(tmp_path / "flat", {name.rpartition("/")[2]: count for name, count in COUNTS.items()})
    (folder / "classes.csv").write_text(TABLE)
    return folder


def read(name: str, folder: Path) -> types.Source:
    return tasks.load(name).read(folder, "centre")


def test_a_level_has_the_classes_directly_below_it(nested: Path) -> None:
    sources = {name: read(name, nested) for name in LEVELS}
    assert {name: source.classes for name, source in sources.items()} == {
        "animals": ("animal", "other"),
        "animals/animal": ("canines", "felines"),
        "animals/animal/canines": ("husky", "pug"),
        "animals/other": ("misc", "rock"),
    }
    counts = {name: np.bincount(source.splits["train"].targets).tolist() for name, source in sources.items()}
    assert list(counts.values()) == [[21, 10], [12, 9], [7, 5], [6, 4]]
    assert sources["animals/animal"].line == (
        "image folders, animals/animal: 21 train + 21 test images, 12 canines + 9 felines and 12 canines + 9 felines, "
        "centre squares"
    )


def test_images_belong_to_the_class_that_they_are_below(nested: Path) -> None:
    source = read("animals/animal", nested)
    listing = source.splits["train"]
    assert isinstance(listing, Listing)
    for path, target in zip(listing.paths, listing.targets, strict=True):
        assert f"animal/{source.classes[target]}/" in path


def test_images_at_a_level_s_own_folder_have_no_class_there(nested: Path) -> None:
    Image.new("L", (8, 8)).save(nested / "train/animal/canines/mongrel.png")
    assert [len(read(name, nested).splits["train"].targets) for name in LEVELS] == [32, 22, 12, 10]


@pytest.mark.parametrize("name", LEVELS)
def test_a_table_gives_the_same_hierarchy_as_folders(nested: Path, flat: Path, name: str) -> None:
    one, other = read(name, nested), read(name, flat)
    assert one.line == other.line
    for split in ("train", "test"):
        for part in ("targets", "groups", "strata"):
            assert (getattr(one.splits[split], part) == getattr(other.splits[split], part)).all()


def test_with_a_table_a_class_s_folder_may_be_a_link_and_deep(flat: Path, tmp_path: Path) -> None:
    before = len(read("animals", flat).splits["train"].targets)
    (flat / "train/pug").rename(tmp_path / "elsewhere")
    (flat / "train/pug").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/more").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "elsewhere/more/5.png")
    assert len(read("animals", flat).splits["train"].targets) == before + 1


@pytest.mark.parametrize("name", LEVELS[1:])
@pytest.mark.parametrize("layout", ["nested", "flat"])
def test_an_image_has_one_number_and_one_stratum_at_all_levels(request, layout: str, name: str) -> None:
    folder = request.getfixturevalue(layout)
    root, below = read("animals", folder).splits["train"], read(name, folder).splits["train"]
    known = {path: (group, part) for path, group, part in zip(root.paths, root.groups, root.strata, strict=True)}
    assert [known[path] for path in below.paths] == list(zip(below.groups, below.strata, strict=True))


def opened(name: str, folder: Path | None, cut: SplitOptions, seed: int) -> prepare.TaskData:
    return prepare.open_data(prepare.prepare(name, folder, 8, None), cut, seed, seed, sealed=True)


@pytest.mark.parametrize("drawn", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", LEVELS[1:])
@pytest.mark.parametrize("cut", [SplitOptions(), SplitOptions(validation_share=0.5), SplitOptions(0.3)])
def test_all_levels_hold_the_same_images_out(nested: Path, drawn: bool, name: str, cut: SplitOptions) -> None:
    folder = None if drawn else nested
    for seed in range(3):
        root, below = (opened(each, folder, cut, seed) for each in ("animals", name))
        level = opened(name, folder, cut._replace(label_fraction=1.0), seed)
        of_level = {*level.train.groups, *level.val.groups}
        assert set(below.val.groups) == set(root.val.groups) & of_level
        assert not set(below.train.groups) & set(root.val.groups)


@pytest.mark.parametrize("name", LEVELS[1:])
def test_balanced_levels_train_on_nothing_that_another_holds_out(nested: Path, name: str) -> None:
    for seed in range(5):
        root, below = (opened(each, nested, SplitOptions(balance="on"), seed) for each in ("animals", name))
        whole = opened("animals", nested, SplitOptions(), seed)
        assert not set(below.train.groups) & set(whole.val.groups)
        assert set(below.val.groups) | set(root.val.groups) <= set(whole.val.groups)
        for split in (root.train, root.val, below.train, below.val):
            assert len(set(np.bincount(split.targets))) == 1


def test_the_centre_is_cut_and_the_whole_is_not(nested: Path) -> None:
    squares = [tasks.load("animals").read(nested, crop).splits["train"].square for crop in animals.CROPS]
    assert squares == [True, False]


def test_a_level_is_scored_and_augmented_as_the_root() -> None:
    root, level = tasks.load("animals"), tasks.load("animals/animal")
    for name in ("METRIC", "ALSO", "AUGMENT", "CROPS", "__file__"):
        assert getattr(root, name) == getattr(level, name)


@pytest.mark.parametrize(("name", "message"), [
    ("animals/animl", "unknown task 'animals/animl'; one of animals, animals/animal, animals/animal/can"),
    ("animals/animal/felines", "task 'animals/animal/felines' has no classes below it, and at least two are needed"),
])  # fmt: skip
def test_no_level_is_refused_with_the_choices(nested: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(name, nested)
    with pytest.raises(UserError, match=r"unknown task 'animals/animl'; one of animals, animals/animal"):
        tasks.load("animals/animl").stand_in(8, "centre")


def test_one_class_is_refused(tmp_path: Path) -> None:
    folder = fill(tmp_path, {"animal/canines": 2, "other/misc": 2})
    with pytest.raises(UserError, match=r"'animals/animal' has one class below it \(canines\), .*; one of animals$"):
        read("animals/animal", folder)


def test_splits_of_other_classes_are_refused_at_their_level_alone(nested: Path) -> None:
    (nested / "test/animal/canines/pug").rename(nested / "test/animal/canines/fox")
    assert read("animals/animal", nested).classes == ("canines", "felines")
    with pytest.raises(
        UserError, match=r"animals/animal/canines: train and test must have the same classes, but fox, pug"
    ):
        read("animals/animal/canines", nested)


def test_an_empty_class_is_refused(nested: Path) -> None:
    for image in (nested / "test/animal/felines").iterdir():
        image.unlink()
    with pytest.raises(UserError, match="animals/animal: test has no image of class felines"):
        read("animals/animal", nested)


def test_no_hierarchy_is_refused_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no hierarchy of images in .*: it has neither train/<class>.* classes\.csv"):
        read("animals", tmp_path)
    with pytest.raises(UserError, match="no folder"):
        read("animals", tmp_path / "nowhere")


@pytest.mark.parametrize(("lines", "message"), [
    (["husky,canines", "canines,animal", "animal,husky", "pug,animal"],
     "line 2: class 'husky' is its own ancestor: husky of canines of animal of husky"),
    (["husky,husky"], "line 2: class 'husky' is its own ancestor: husky of husky"),
    (["huskie,canines"], "line 2: class 'huskie' has no folder, and no class has it as its parent"),
    (["husky,canines"], "no line for class 'pug', which has a folder"),
    (["husky,canines", "", "husky,dogs"], "line 4: class 'husky' is in line 2 already"),
    (["husky"], "line 2: 'husky' is not a class and its parent"),
    ([",canines"], "line 2: ',canines' is not a class and its parent"),
    (["husky,animal/canines"], "line 2: 'husky,animal/canines' is not a class and its parent"),
])  # fmt: skip
def test_what_is_wrong_with_a_table_is_told_with_its_line(flat: Path, lines: list[str], message: str) -> None:
    (flat / "classes.csv").write_text("\n".join(["class,parent", *lines]))
    with pytest.raises(UserError, match=r"wrong with .*classes\.csv") as caught:
        read("animals", flat)
    assert f"\n  {message}\n" in f"{caught.value}\n"


def test_a_table_without_its_header_is_refused(flat: Path) -> None:
    (flat / "classes.csv").write_text("husky,canines\n")
    with pytest.raises(UserError, match=r"classes\.csv, line 1: 'husky,canines' is not the header class,parent"):
        read("animals", flat)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEVELS[1:])
def test_a_drawn_image_is_the_same_at_all_levels(name: str) -> None:
    root, below = (tasks.load(each).stand_in(8, "centre").splits["test"] for each in ("animals", name))
    known = dict(zip(root.groups.tolist(), root.images, strict=True))
    for group, image in zip(below.groups.tolist(), below.images, strict=True):
        assert (known[group] == image).all()


def test_the_drawn_hierarchy_has_three_levels_and_its_classes_are_even_below_the_root() -> None:
    sources = {name: tasks.load(name).stand_in(8, "centre") for name in LEVELS}
    assert [source.classes for source in sources.values()] == [
        ("animal", "other"),
        ("canines", "felines"),
        ("hound", "husky"),
        ("places", "plants", "vehicles"),
    ]
    counts = [np.bincount(source.splits["train"].targets).tolist() for source in sources.values()]
    assert counts == [[280, 210], [140, 140], [70, 70], [70, 70, 70]]


@pytest.mark.parametrize("place", list(KINDS))
def test_a_picture_is_drawn_by_its_stream(place: tuple[str, ...]) -> None:
    drawn = [KINDS[place](np.random.default_rng(seed)) for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[1] != drawn[2] != drawn[3]
