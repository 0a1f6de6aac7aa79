"""Small data sets of a user's own images, as tests write them: every picture differs from every other."""

from pathlib import Path

import numpy as np
from PIL import Image

WIDE, HIGH = 20, 16


def pixels(seed: int, wide: int = WIDE, high: int = HIGH) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (high, wide, 3), np.uint8)


def picture(path: Path, seed: int, **size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed, **size)).save(path)
    return path


def folders(place: Path, counts: dict[str, int], start: int = 0) -> Path:
    """Write pictures 0.png, 1.png and so on into folders; `counts` is like {"train/cat": 4}."""
    seed = start
    for name, count in counts.items():
        for number in range(count):
            picture(place / name / f"{number}.png", seed := seed + 1)
    return place


def table(place: Path, text: str, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
    """Write a CSV file."""
    file = place / name
    place.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding)
    return file


def voc(place: Path, lists: dict[str, list[str]]) -> Path:
    """Write a data set in Pascal VOC's layout, of cats and dogs in turn."""
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (place / part).mkdir(parents=True)
    for list_name, names in lists.items():
        (place / "ImageSets" / "Main" / f"{list_name}.txt").write_text("\n".join(names))
    for number, name in enumerate(name for names in lists.values() for name in names):
        picture(place / "JPEGImages" / f"{name}.png", 1000 + number)
        label = f"<object><name>{('cat', 'dog')[number % 2]}</name></object>"
        (place / "Annotations" / f"{name}.xml").write_text(f"<annotation>{label}</annotation>")
    return place
