"""Pictures that are none, in a folder whose others are whole. Knows nothing of layouts."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from tests.bad_inputs import spaces
from tests.bad_inputs.case import Case
from tests.bad_inputs.data import PETS, folder

BAD = Path("train", "cat", "1.png")


def _case(name: str, said: str, spoil: Callable[[Path], object], bad: Path = BAD) -> Case:
    def make(here: Path) -> None:
        spaces.write(PETS, here)
        path = folder(here) / bad
        spoil(path)

    return Case(name, "--space mine.py --data data", 2, said, make)


def _written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _half(path: Path) -> None:
    noise = Image.frombytes("RGB", (40, 40), os.urandom(4800))
    noise.save(path)
    path.write_bytes(path.read_bytes()[:2000])


def _replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def spoil(path: Path) -> None:
        path.unlink()
        make(path)

    return spoil


def _bomb(path: Path) -> None:
    """A header that promises 60,000 × 60,000 pixels."""
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + header + zlib.crc32(header).to_bytes(4, "big"))


def _all(path: Path) -> None:
    for each in path.parents[2].rglob("*.png"):
        each.write_bytes(b"")


ONE = "1 images cannot be decoded:\n  data/train/cat/1.png: "
CASES = [
    _case("an image of 0 bytes", ONE + "is empty (0 bytes)", _written(b"")),
    _case("an image cut short", ONE, _half),
    _case(
        "a page of HTML as an image",
        ONE + "is a web page, no image",
        _written(b"<!DOCTYPE html><html>404 Not Found</html>"),
    ),
    _case("text as an image", ONE + "is no image that can be read; it begins with", _written("Grüße\n".encode() * 50)),
    _case(
        "an image that is a link to nothing", ONE + "No such file", _replaced(lambda path: path.symlink_to("gone.png"))
    ),
    _case("an image that is a pipe", ONE + "is no file", _replaced(os.mkfifo)),
    _case(
        "an image that is a pointer of Git LFS",
        ONE,
        _written(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    ),
    _case("an image of too many pixels", ONE, _bomb),
    _case(
        "a test image of 0 bytes",
        "1 images cannot be decoded:\n  data/test/dog/2.png",
        _written(b""),
        Path("test", "dog", "2.png"),
    ),
    _case("no image that can be read", "8 images cannot be decoded:\n  data/train/cat/0.png", _all),
]
