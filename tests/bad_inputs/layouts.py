"""Images of one's own that can be read in two ways, or in none: each line names both, and what decides."""

from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs.case import Case
from tests.bad_inputs.data import picture

LABELS = "path,labels\na/0.png,{}\na/1.png,cat\na/2.png,dog\n"


def _folders(*names: str) -> Callable[[Path], None]:
    def make(here: Path) -> None:
        for number, name in enumerate(names):
            for each in range(2):
                picture(here / "data" / name / f"{each}.png", 20 * number + each)

    return make


def _case(name: str, said: str, make: Callable[[Path], None], more: str = "") -> Case:
    return Case(name, f"--space folder --data data {more}", 2, said, make)


def _csv(name: str, said: str, text: str, more: str = "") -> Case:
    def make(here: Path) -> None:
        for number in range(3):
            picture(here / "a" / f"{number}.png", number)
        (here / "list.csv").write_text(text)

    return Case(name, f"--space folder --data list.csv {more}", 2, said, make)


def _unlisted(here: Path) -> None:
    _folders("train", "test")(here)
    (here / "data" / "labels.csv").touch()


BOTH = ("train/cat", "train/dog", "test/cat", "test/dog")
CASES = [
    _case(
        "a class that is called train", "data can be read in two ways: train/ is the", _folders("train", "bus", "car")
    ),
    _case(
        "a class that is called test", "move these into train/, or test is a class", _folders("test/a", "cat", "dog")
    ),
    _case(
        "classes in folders of another kind", "(--layout inner-classes", _folders("x/cat", "x/dog", "y/cat", "y/dog")
    ),
    _case("a copy of the set in the set", "all/ is a copy of the set", _folders("cat", "dog", "all/cat", "all/dog")),
    _case(
        "two folders for one split", "data has two folders for val, val and", _folders(*BOTH, "val/cat", "valid/cat")
    ),
    _case("some classes with splits inside", "cat have folders named like splits, and", _folders("cat/train", "dog")),
    _case(
        "splits that are to be classes", "test, train in data are names of splits", _folders(*BOTH), "--layout classes"
    ),
    _case("classes that are to be splits", "none of the folders cat, dog", _folders("cat", "dog"), "--layout splits"),
    _case("no classes inside", "the folders in data have no folders", _folders("cat", "dog"), "--layout inner-classes"),
    _case(
        "a folder that is to be a list",
        "data is a folder; one of splits,",
        _folders("cat", "dog"),
        "--layout one-label",
    ),
    _case("a layout that is none", "invalid choice: 'flat' (choose from", _folders("cat", "dog"), "--layout flat"),
    _case(
        "a layout set that is none", "unknown layout 'flat'; one of auto", _folders("cat", "dog"), "--set layout=flat"
    ),
    _case("images without classes beside a list", "--data data/labels.csv reads the list that is there", _unlisted),
    _case("no training", "data has test, val and no folder for training", _folders("test/cat", "val/cat")),
    _case("one class alone", "data/cat is the only folder with images: two classes", _folders("cat")),
    _csv("labels by two separators", "may be parted by | or by ;; say which", LABELS.format("cat|dog;fox")),
    _csv("labels that may be one name", "'big cat' can be one name or several", LABELS.format("big cat")),
    _csv(
        "one label that may be several", "label 'a;b' has a ;: several labels", "path,label\na/0.png,a;b\na/1.png,a;c\n"
    ),
    _csv("two columns of labels", "class and species can both be the label", "path,class,species\na/0.png,a,b\n"),
    _csv("two columns of paths", "file and image can both be the path", "file,image,label\na/0.png,a/0.png,b\n"),
    _csv("a column twice", "it has label twice", "path,label,Label\na/0.png,a,b\n"),
    _csv("a list without paths", "line 1 is size, label; it should be path,label", "size,label\n9,cat\n"),
    _csv(
        "a list that is to be a folder",
        "list.csv is a file; one of one-label,",
        "path,label\na/0.png,a\n",
        "--layout voc",
    ),
]
