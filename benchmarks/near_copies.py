"""`python -m benchmarks.near_copies DIR…`: how many copies of real images are found, and how many pairs are none?

Of a sample of each folder's images it makes one copy a kind, and looks for the pairs among all images and these copies.
A pair of different images is counted as false, even if the folder itself has copies: `--pairs` prints such pairs.
docs/own-data.md has the table.
"""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks import _markdown, _options
from benchmarks._transformations import KINDS
from study.data import images
from study.data.copies.near_copies import NearCopy, near_copies
from study.data.copies.signatures import Signature, signature, stacked
from study.seeds import stream

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".webp")


class Result(NamedTuple):
    """What was found in one folder."""

    images: int
    recall: dict[str, float]
    """Of each kind the share of copies that were found."""
    false: list[tuple[str, str, float, str]]
    """Pairs of different images of the folder: names, likeness and change."""
    false_copies: int
    """Pairs of an image and a copy of another, of all kinds."""
    copies: int
    """Copies that were made."""
    milliseconds: float
    """An image: to make the signature of one that is decoded, and to compare it."""


def listed(folder: Path, most: int, seed: int) -> list[Path]:
    """List a folder's images, at most so many, drawn at random."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    order = np.random.default_rng(stream(seed, "files", folder.name)).permutation(len(files))[:most]
    return [files[number] for number in sorted(order)]


def measured(folder: Path, most: int, sample: int, seed: int) -> Result:
    """Find the copies that are made of some of a folder's images, one kind after the other."""
    paths = listed(folder, most, seed)
    seconds, originals = 0.0, []
    for path in paths:
        with images.picture(path) as picture:
            began = time.perf_counter()
            originals.append(signature(picture.image))
            seconds += time.perf_counter() - began
    began = time.perf_counter()
    false = near_copies(stacked(originals), _names(len(originals)))
    seconds += time.perf_counter() - began
    recall, false_copies = {}, 0
    numbers = np.random.default_rng(stream(seed, "sample", folder.name)).permutation(len(paths))[:sample].tolist()
    for kind in KINDS:
        copies = [_copy(paths[number], kind, seed) for number in numbers]
        pairs = _across(near_copies(stacked(originals + copies), _names(len(originals) + len(copies))), len(originals))
        right = {(number, len(originals) + place) for place, number in enumerate(numbers)}
        recall[kind] = len(right & pairs) / len(numbers)
        false_copies += len(pairs - right)
    named = [(str(paths[a]), str(paths[b]), likeness, change) for a, b, likeness, change in false]
    milliseconds = 1000 * seconds / len(paths)
    return Result(len(paths), recall, named, false_copies, len(numbers) * len(KINDS), milliseconds)


def _names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _across(pairs: Iterable[NearCopy], originals: int) -> set[tuple[int, int]]:
    return {(pair.first, pair.second) for pair in pairs if pair.first < originals <= pair.second}


def _copy(path: Path, kind: str, seed: int) -> Signature:
    random = np.random.default_rng(stream(seed, kind, path.name))
    return signature(KINDS[kind](Image.fromarray(images.read_rgb(path)), random))


def report(names: Sequence[str], results: Sequence[Result]) -> str:
    """Write the table: a row a kind, a column a folder."""
    rows = [[kind, *(f"{result.recall[kind]:.3f}" for result in results)] for kind in KINDS]
    rows.append(["images", *(f"{result.images:,}" for result in results)])
    rows.append(["pairs of different images, per 1,000", *(f"{1000 * len(r.false) / r.images:.2f}" for r in results)])
    rows.append(
        [
            "pairs of a copy and another image, per 1,000 copies",
            *(f"{1000 * r.false_copies / r.copies:.2f}" for r in results),
        ]
    )
    rows.append(["milliseconds an image", *(f"{result.milliseconds:.1f}" for result in results)])
    return _markdown.table(["copies found, of those", *names], rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = _options.Parser(prog="python -m benchmarks.near_copies", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--images", type=_options.at_least(2), default=5_000, help="of each folder, at most")
    parser.add_argument("--sample", type=_options.at_least(1), default=300, help="images that copies are made of")
    parser.add_argument("--pairs", type=_options.at_least(0), default=0, help="pairs of different images to print")
    parser.add_argument("--seed", type=_options.at_least(0), default=0)
    options = parser.parse_args(arguments)
    if missing := [folder for folder in options.folders if not folder.is_dir()]:
        parser.error(f"{missing[0]}: no such folder")
    results = [measured(folder, options.images, options.sample, options.seed) for folder in options.folders]
    print(report([folder.name for folder in options.folders], results))
    for folder, result in zip(options.folders, results, strict=True):
        for a, b, likeness, change in sorted(result.false, key=lambda pair: -pair[2])[: options.pairs]:
            print(f"{folder.name}: {likeness:.3f} {change}: {a} {b}")


if __name__ == "__main__":
    main()
