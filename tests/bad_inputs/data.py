"""Folders of images that are not the data set that they should be. Knows nothing of spoiled pictures."""

import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case

PETS = spaces.text(task="'pets'", compared="{'label_fraction': (0.5, 1.0)}")
CIFAR = spaces.text(task="'cifar10'")
VOC = spaces.text(task="'voc'")
ANIMALS = spaces.text(task="'animals'")


def picture(path: Path, level: int = 90) -> None:
    """Write a small grey picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), (level, level, level)).save(path)


def folder(here: Path, classes: tuple[str, ...] = ("cat", "dog"), each: int = 4) -> Path:
    """Write an image folder whose pictures differ."""
    for split in ("train", "test"):
        for label, name in enumerate(classes):
            for number in range(each):
                picture(here / "data" / split / name / f"{number}.png", 20 * label + 2 * number + (split == "test"))
    return here / "data"


def _case(name: str, space: str, said: str, make: Callable[[Path], object]) -> Case:
    def made(here: Path) -> None:
        spaces.write(space, here)
        make(here)

    return Case(name, "--space mine.py --data data", 2, said, made)


def _pets(name: str, said: str, change: Callable[[Path], object]) -> Case:
    return _case(name, PETS, said, lambda here: change(folder(here)))


def _empty(path: Path) -> None:
    shutil.rmtree(path)
    path.mkdir()


def _hidden(data: Path) -> None:
    """Leave a class nothing but what is passed over."""
    _empty(data / "train" / "cat")
    for name in (".0.png", ".hidden/0.png", "__MACOSX/0.png"):
        picture(data / "train" / "cat" / name)


def _gtsrb(here: Path) -> Path:
    """Write a GTSRB of one class and no test."""
    place = here / "data" / "GTSRB" / "Final_Training" / "Images" / "00000"
    place.mkdir(parents=True)
    (place / "GT-00000.csv").write_text(
        "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n00000_00000.ppm;10;10;2;2;8;8;0\n"
    )
    return place


def _cifar(here: Path, content: bytes) -> None:
    place = here / "data" / "cifar-10-batches-py"
    place.mkdir(parents=True)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (place / name).write_bytes(content)


def _voc(here: Path, annotation: str = "<annotation/>", images: bool = True) -> None:
    """Write a VOC of an image to train on and one to test on."""
    place = here / "data" / "VOC2007"
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (place / part).mkdir(parents=True)
    for split, name in (("trainval", "a"), ("test", "b")):
        (place / "ImageSets" / "Main" / f"{split}.txt").write_text(f"{name}\n")
        (place / "Annotations" / f"{name}.xml").write_text(annotation)
        if images:
            picture(place / "JPEGImages" / f"{name}.jpg")


def _table(text: str | bytes) -> Callable[[Path], object]:
    """Write classes.csv beside a folder of two classes."""
    content = text if isinstance(text, bytes) else text.encode()
    return lambda here: (folder(here) / "classes.csv").write_bytes(content)


CASES = [
    _case("a data folder that is nowhere", PETS, "--data data: no such folder", lambda here: None),
    _case(
        "an empty data folder", PETS, "no cats and dogs in data: it has neither", lambda here: (here / "data").mkdir()
    ),
    _case(
        "a link to no data folder", PETS, "--data data: no such folder", lambda here: (here / "data").symlink_to("gone")
    ),
    _pets(
        "no folder test",
        "no folder data/test: an image folder has train/<class>/… and",
        lambda data: shutil.rmtree(data / "test"),
    ),
    _pets("no classes in train", "data/train has no class folders", lambda data: _empty(data / "train")),
    _pets("an empty class", "data/train/dog has no image (", lambda data: _empty(data / "train" / "dog")),
    _pets("a class of hidden files", "data/train/cat has no image (", _hidden),
    _pets(
        "classes that differ",
        "train and test must have the same classes, but cow is in only one",
        lambda data: picture(data / "test" / "cow" / "0.png"),
    ),
    _case(
        "one class",
        PETS,
        "data/train has one class (cat); at least two are needed",
        lambda here: folder(here, ("cat",)),
    ),
    _case(
        "three classes of two",
        PETS,
        "data has 3 classes (ant, cat, dog); task pets tells two apart",
        lambda here: folder(here, ("ant", "cat", "dog")),
    ),
    _case(
        "images without classes",
        PETS,
        "data/train has no class folders",
        lambda here: [picture(here / "data" / split / "0.png") for split in ("train", "test")],
    ),
    _case(
        "one image a class",
        PETS,
        "2 samples in 2 groups, one a class: no group is left to validate on",
        lambda here: folder(here, each=1),
    ),
    _case("another data set's classes", CIFAR, "data has the classes cat, dog; CIFAR-10 has airplane", folder),
    _case("no CIFAR-10", CIFAR, "no CIFAR-10 in data: it has neither", lambda here: (here / "data").mkdir()),
    _case(
        "CIFAR-10 cut short",
        CIFAR,
        "data_batch_1 is not CIFAR-10's file (its MD5 is not",
        lambda here: _cifar(here, b"\x80\x02}q"),
    ),
    _case("CIFAR-10 without its test", CIFAR, "data_batch_1 is not CIFAR-10's file", lambda here: _cifar(here, b"")),
    _case(
        "no GTSRB",
        spaces.text(),
        "no GTSRB in data: neither it nor its GTSRB folder has",
        lambda here: (here / "data").mkdir(),
    ),
    _case("GTSRB with files missing", spaces.text(), "no image 00000_00000.ppm, or listed twice", _gtsrb),
    _case(
        "no VOC",
        VOC,
        "VOC's layout has JPEGImages, Annotations and ImageSets/Main",
        lambda here: (here / "data").mkdir(),
    ),
    _case("VOC without any object", VOC, "Annotations: no <object> in any listed image", _voc),
    _case(
        "VOC without an image",
        VOC,
        "no image a.jpg",
        lambda here: _voc(here, "<annotation><object><name>cat</name></object></annotation>", images=False),
    ),
    _case("VOC with broken XML", VOC, "annotation a.xml cannot be read", lambda here: _voc(here, "<annotation><obj")),
    _case(
        "VOC with an object without a name",
        VOC,
        "annotation a.xml, object 1 has no <name>",
        lambda here: _voc(here, "<annotation><object/></annotation>"),
    ),
    _case(
        "VOC with entities",
        VOC,
        "it has a <!DOCTYPE",
        lambda here: _voc(here, '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'),
    ),
    _case(
        "a table of classes without a header",
        ANIMALS,
        "classes.csv, line 1: 'cat,' is not the header class,parent",
        _table("cat,\n"),
    ),
    _case(
        "a table of classes with a circle", ANIMALS, "is its own ancestor", _table("class,parent\ncat,dog\ndog,cat\n")
    ),
    _case(
        "a table that lacks a class",
        ANIMALS,
        "no line for class 'dog', which has a folder",
        _table("class,parent\ncat,\n"),
    ),
    _case("a table that is no text", ANIMALS, "classes.csv cannot be read", _table(b"\xff\xfe\x00\xd8class")),
    _case(
        "a level that is not there",
        spaces.text(task="'animals/fish'"),
        "unknown task 'animals/fish'; one of animals",
        folder,
    ),
    _case(
        "a level of a task without",
        spaces.text(task="'gtsrb/red'"),
        "task gtsrb has no levels, so there is no 'gtsrb/red'",
        folder,
    ),
]
