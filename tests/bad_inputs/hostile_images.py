"""Files in a folder of images that run a program, never end, or are far too large. Knows nothing of who made them."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case
from tests.bad_inputs.data import ANIMALS, PETS, VOC, folder, picture
from tests.bad_inputs.others import OWN
from tests.support import hostile_images

BAD = Path("train", "cat", "1.png")
GHOSTSCRIPT = {"PATH": "{here}/bin:" + os.environ.get("PATH", "")}
EPS = "is PostScript (EPS), not an image that is read; AVIF, BMP"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _case(name: str, space: str, said: str, make: Callable[[Path], object], more: str = "--data data") -> Case:
    def made(here: Path) -> None:
        spaces.write(space, here)
        hostile_images.stand_in_for_ghostscript(here / "bin")
        make(here)

    return Case(name, f"--space mine.py {more}", 2, said, made, environment=GHOSTSCRIPT)


def _image(name: str, said: str, make: Callable[[], bytes], space: str = PETS, more: str = "--data data") -> Case:
    before = "1 images cannot be decoded:\n  data/train/cat/1.png: " if space == PETS else "train/cat/1.png: "
    return _case(name, space, before + said, lambda here: _write(folder(here) / BAD, make()), more)


def _other(name: str, said: str, make: Callable[[Path], object], space: str = PETS) -> Case:
    def replace(here: Path) -> None:
        path = folder(here) / BAD
        path.unlink()
        make(path)

    return _case(name, space, said, replace)


def _csv(here: Path) -> None:
    _write(folder(here) / BAD, hostile_images.EPS)
    rows = [f"{path.relative_to(here)},{path.parent.name}" for path in sorted((here / "data").rglob("*.png"))]
    (here / "labels.csv").write_text("\n".join(["path,label", *rows]))


def _voc(here: Path, image: Callable[[Path], object], annotation: Callable[[Path], object] | None = None) -> None:
    """Write a VOC whose training image, and its annotation, are made by others."""
    place = here / "data" / "VOC2007"
    text = b"<annotation><object><name>cat</name></object></annotation>"
    for split, name in (("trainval", "a"), ("test", "b")):
        _write(place / "ImageSets" / "Main" / f"{split}.txt", name.encode())
        _write(place / "Annotations" / f"{name}.xml", text)
        picture(place / "JPEGImages" / f"{name}.jpg")
    image(place / "JPEGImages" / "a.jpg")
    if annotation:
        (place / "Annotations" / "a.xml").unlink()
        annotation(place / "Annotations" / "a.xml")


def _lists_pipe(here: Path) -> None:
    _voc(here, lambda path: None)
    path = here / "data" / "VOC2007" / "ImageSets" / "Main" / "trainval.txt"
    path.unlink()
    os.mkfifo(path)


def _gtsrb(here: Path) -> None:
    place = here / "data" / "GTSRB" / "Final_Training" / "Images" / "00000"
    place.mkdir(parents=True)
    os.mkfifo(place / "GT-00000.csv")


def _classes(here: Path) -> None:
    (folder(here) / "classes.csv").symlink_to("/dev/zero")


def _pets(here: Path) -> None:
    place = here / "data" / "oxford-iiit-pet"
    (place / "images").mkdir(parents=True)
    (place / "annotations").mkdir()
    os.mkfifo(place / "annotations" / "trainval.txt")


CASES = [
    _image("an image that is PostScript", EPS, lambda: hostile_images.EPS),
    _image("an image of one's own that is PostScript", EPS, lambda: hostile_images.EPS, OWN),
    _image("PostScript that is inspected", EPS, lambda: hostile_images.EPS, OWN, "--data data --inspect"),
    _case("PostScript in a list of images", OWN, f"data/train/cat/1.png: {EPS}", _csv, "--data labels.csv"),
    _case(
        "PostScript in Pascal VOC's layout",
        VOC,
        f"a.jpg: {EPS}",
        lambda here: _voc(here, lambda path: path.write_bytes(hostile_images.EPS)),
    ),
    _image("an image that is a PDF document", "is a PDF document, not an image", lambda: b"%PDF-1.7"),
    _image("an image that is a drawing", "is an SVG drawing, not an image", lambda: b"<svg></svg>"),
    _image("an image of HEIC", "is a HEIC (HEIF) picture, not an", lambda: b"\0\0\0\x18ftypheic" + bytes(40)),
    _image(
        "an image of 3,600 megapixels",
        "has 3,600,000,000 pixels; at most 178,956,970 are read",
        lambda: hostile_images.header(60_000, 60_000),
    ),
    _image(
        "an image of one's own of 3,600 megapixels",
        "has 3,600,000,000 pixels; at most 178,956,970 are read",
        lambda: hostile_images.header(60_000, 60_000),
        OWN,
    ),
    _image("an image of 150 scans", "has more than 100 scans", lambda: hostile_images.scans(150)),
    _image(
        "an image with a huge tile",
        "has a tile of 30,000 × 30,000 pixels",
        hostile_images.REFUSED["a TIFF whose tile is larger than its picture"][1],
    ),
    _other("an image that never ends", "data/train/cat/1.png: is no file", lambda path: path.symlink_to("/dev/zero")),
    _other("an image of one's own that is a pipe", "train/cat/1.png: is no file", os.mkfifo, OWN),
    _case(
        "an annotation that is a pipe",
        VOC,
        "annotation a.xml cannot be read",
        lambda here: _voc(here, lambda path: None, os.mkfifo),
    ),
    _case("a list of VOC that is a pipe", VOC, "trainval.txt cannot be read", _lists_pipe),
    _case("annotations of GTSRB that are a pipe", spaces.text(), "GT-00000.csv", _gtsrb),
    _case("a table of classes that never ends", ANIMALS, "classes.csv cannot be read", _classes),
    _case("a list of pets that is a pipe", PETS, "Oxford-IIIT Pet in data/oxford-iiit-pet cannot be read", _pets),
]
